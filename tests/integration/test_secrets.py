"""Secrets of the environment that a plan, its commands and its models say wherever they can: none of them is kept."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import PASS, Turn, changes, done, edit, editor, found, plan, shell, talk
from tests.server.fixture import ScriptedServer

KEY = "sk-canary-7f+.*(0)\"'&é-end"
PASSWORD = "canary-pass-0815"
TOKEN = "canary-index-token-42"
PEM = "-----BEGIN A KEY-----\nMIIEcanaryBADANBgkqhkiG9w0BAQEF\nAASCcanarywggSjAgEAAoIBAQC7zz\n-----END A KEY-----"

ENVIRONMENT = {
    "CANARY_API_KEY": KEY,
    "CANARY_URL": f"https://ada:{PASSWORD}@packages.example.com/simple",
    "INDEX": TOKEN,
    "CANARY_TLS_KEY": PEM,
    "FLAG_TOKEN": "true",
}

EVERYTHING = f"{KEY} {PASSWORD} {TOKEN} {PEM}"
"""What is said wherever something can be said."""

SPELLINGS = [
    spelling
    for secret in (KEY, PASSWORD, TOKEN, *PEM.splitlines()[1:3])
    for spelling in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
        secret.encode().hex(),
    )
]


@dataclass(slots=True)
class Kept:
    """Everything that was written, by where; `said` is what the program printed."""

    program: Program
    said: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Run it, and keep what it prints."""
        ended = self.program.run(*arguments)
        assert ended.returncode == code, ended.stderr
        self.said[" ".join(map(str, arguments))] = ended.stdout + ended.stderr
        return ended.stdout

    def texts(self) -> dict[str, bytes]:
        """What was printed, each file of the state and of the repository, and every object of their stores."""
        home = self.program.repository.parent
        files = [path for top in (home / "state", self.program.repository) for path in top.rglob("*")]
        stores = [self.program.repository / ".git", *(home / "state").glob("*/*/*.git")]
        return {
            **{name: text.encode() for name, text in self.said.items()},
            **{str(path): path.read_bytes() for path in files if path.is_file() and not path.is_symlink()},
            **{f"objects of {store}": objects_of(store) for store in stores},
            "events": (home / "events.jsonl").read_bytes(),
        }


def objects_of(store: Path) -> bytes:
    """All objects of a store as git unpacks them: messages, names and contents."""
    words = ["git", f"--git-dir={store}", "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(words, check=True, capture_output=True).stdout


def conversations() -> list[Turn]:
    """Models that say every secret in whatever they say."""
    echo = shell(f"printf '%s\\n' {quote(KEY)} {PASSWORD} {TOKEN}; printf %s {TOKEN} | base64", text=EVERYTHING)
    return [
        talk("investigator", "Look.", echo, found(f"It is here: {EVERYTHING}")),
        talk(
            "editor",
            "Change it.",
            edit("file.txt", "one", "two"),
            done(f"{EVERYTHING}\n{quote(KEY, safe='')}"),
            edit("file.txt", "two", "three"),
            done(f"done: {EVERYTHING}"),
            edit("file.txt", "three", "four"),
            done(f"done: {EVERYTHING}"),
        ),
        talk("tester", "Change it.", PASS),
        talk("reviewer", "Change it.", changes(f"say why: {EVERYTHING}"), lacks=("BACK AGAIN",)),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("_no_images_left")
def test_no_byte_of_a_secret_is_kept(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Journal, log, events, pages, JSON, commit messages and notes have the names of secrets, and not their values."""
    program = make({"file.txt": "one\n"})
    program.env.update(ENVIRONMENT)
    scripted_server.play(*conversations())
    home = program.repository.parent
    goal = f"Change it. {PASSWORD}"
    (home / "plan.yaml").write_text(
        plan(
            {"id": "look", "role": "investigator", "goal": "Look."},
            editor(
                *("edit", goal),
                needs=["look"],
                gates=["tester", "reviewer"],
                verify=[f"echo {TOKEN}; cat file.txt; ! grep -q two file.txt"],
                limits={"rounds": 2, "attempts": 1},
            ),
            sandbox={"setup": ['echo "$INDEX"; printf %s "$INDEX" | base64'], "secrets": ["INDEX"]},
        )
    )
    kept = Kept(program)
    kept.run("check", home / "plan.yaml", "--json")
    kept.run("run", "--backend", backend, home / "plan.yaml", "--events", home / "events.jsonl", "-v", code=1)
    for words in (
        "status",
        "status --json",
        "log last",
        "log last --json",
        "log last --only told",
        "review",
        "review --json",
        "runs --json",
    ):
        kept.run(*words.split())
    found_in = {
        (name, spelling): text[max(0, at - 60) : at + 60]
        for name, text in kept.texts().items()
        for spelling in SPELLINGS
        if (at := text.find(spelling.encode())) >= 0
    }
    assert found_in == {}
    for name in ("CANARY_API_KEY", "CANARY_URL password", "INDEX", "CANARY_TLS_KEY"):
        assert f"[redacted {name}]" in kept.said["log last --json"]
