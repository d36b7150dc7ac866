"""A run that waits for a human who types `approve` or `deny` in another terminal."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.program import Program


@contextmanager
def running(program: Program, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The program with these arguments; a test that fails leaves none of it behind."""
    process = program.start(*arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def next_question(program: Program, process: subprocess.Popen[str], *, after: str = "") -> dict[str, Any]:
    """The question that the run waits with; `after` is the id of one that was answered already."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        shown = program.run("status", "--json")
        waiting = json.loads(shown.stdout)["questions"] if shown.returncode == 0 else []
        if waiting and waiting[0]["id"] != after:
            question: dict[str, Any] = waiting[0]
            return question
        time.sleep(0.1)
    raise AssertionError("nothing was asked")


def answer(program: Program, command: str, question: dict[str, Any], *more: str) -> None:
    """Answer by `approve` or `deny`."""
    finished = program.run(command, "last", question["id"], *more)
    assert finished.returncode == 0, finished.stderr


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code of the run, and what it printed."""
    stdout, stderr = process.communicate(timeout=240)
    return process.returncode, stdout, stderr
