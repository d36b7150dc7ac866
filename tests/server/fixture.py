"""The scripted model server as a fixture: one process for a test, its script replaced at will."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedServer:
    """A running server: `env` points litellm's `openai/...` models at it."""

    port: int
    script_path: Path
    log_path: Path

    @property
    def base_url(self) -> str:
        """What OPENAI_API_BASE is to be."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def env(self) -> dict[str, str]:
        """The environment that sends a program's models here."""
        return {"OPENAI_API_BASE": self.base_url, "OPENAI_API_KEY": "sk-scripted-0123456789"}

    def play(self, *conversations: dict[str, Any]) -> None:
        """Replace the script; see `tests.server.scripted` for its format."""
        replacement = self.script_path.with_suffix(".new")
        replacement.write_text(json.dumps({"conversations": list(conversations)}))
        replacement.rename(self.script_path)

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far, oldest first."""
        if not self.log_path.exists():
            return []
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]


@pytest.fixture
def scripted_server(tmp_path: Path) -> Iterator[ScriptedServer]:
    """A scripted model server with an empty script; it is gone when the test is over."""
    with serving(tmp_path) as server:
        yield server


@contextmanager
def serving(place: Path) -> Iterator[ScriptedServer]:
    """The same, with its files in `place`."""
    script, log = place / "model-script.json", place / "model-requests.jsonl"
    script.write_text('{"conversations": []}')
    arguments = [sys.executable, "-m", "tests.server.scripted", "--script", str(script), "--log", str(log)]
    with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield ScriptedServer(port=int(process.stdout.readline()), script_path=script, log_path=log)
        process.stdin.close()
        process.wait(timeout=10)
