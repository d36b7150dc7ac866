"""The installed program on a repository of the test's own, in an empty home, against a scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crashes.forked import Zygote
from tests.server.fixture import ScriptedServer

SCRIPT = Path(sys.executable).with_name("mimo-orchestrate")
END_SECONDS = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The console script, started in `repository` with an environment made from nothing but `env`."""

    repository: Path
    env: dict[str, str]
    zygote: Zygote | None = None
    """What `run` forks the program from, so that it need not load everything anew."""

    def run(self, *arguments: str | Path, timeout_seconds: float = END_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        if self.zygote is not None and self.env.get("LANG") == "C.UTF-8":
            words = self._words(arguments)
            return self.zygote.run(words, cwd=self.repository, env=self.env, timeout_seconds=timeout_seconds)
        return subprocess.run(
            self._words(arguments),
            cwd=self.repository,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it in a session of its own; the caller ends it."""
        return subprocess.Popen(
            self._words(arguments),
            cwd=self.repository,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """Run it with `--json`, hold the exit code to `code`, and read what it printed."""
        finished = self.run(*arguments, "--json")
        assert finished.returncode == code, f"exit {finished.returncode}\n{finished.stderr}\n{finished.stdout}"
        return json.loads(finished.stdout)

    def git(self, *arguments: str) -> str:
        """Git in the repository; its output without the last newline."""
        words = ["git", "-C", str(self.repository), *arguments]
        return subprocess.run(words, check=True, capture_output=True, text=True, env=self.env).stdout.rstrip("\n")

    def tree(self, revision: str) -> dict[str, str]:
        """The files of a revision by path, as text."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", revision).split("\0")
        return {name: self.git("show", f"{revision}:{name}") for name in names if name}

    def events(self, run: str = "last") -> list[dict[str, Any]]:
        """The events of a run, as `log --json` prints them, each with what it holds beside where it stands."""
        finished = self.run("log", run, "--json")
        assert finished.returncode == 0, finished.stderr
        return [{**event["payload"], **event} for event in json.loads(finished.stdout)]

    def _words(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [str(SCRIPT), *map(str, arguments)]


def make_program(home: Path, server: ScriptedServer | None, files: dict[str, str]) -> Program:
    """A repository with these files committed on `main`, in an empty home; models are the server's."""
    repository = home / "repository"
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        **({"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}),
        **(server.env if server is not None else {}),
    }
    program = Program(repository=repository, env=env)
    repository.mkdir(exist_ok=True)
    program.git("init", "--quiet", "--initial-branch=main")
    program.git("config", "user.name", "A User")
    program.git("config", "user.email", "user@example.org")
    if files:
        program.git("add", ".")
        program.git("commit", "--quiet", "-m", "the beginning")
    return program
