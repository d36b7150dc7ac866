"""Finding processes of a sandbox from the host, by a canary in their arguments that the test made up."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path


def canary() -> str:
    """A word that no other process has among its arguments."""
    return f"mimo-canary-{secrets.token_hex(8)}"


def sleeper(word: str, seconds: int = 1000) -> str:
    """Script words of a process that sleeps and bears the canary."""
    return f"bash -c 'exec -a {word} sleep {seconds}'"


def bearing(word: str) -> list[int]:
    """Host numbers of the live processes whose first argument is the canary."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            first = (process / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if first == word.encode():
            found.append(int(process.name))
    return found


def mentioning(word: str) -> list[int]:
    """Host numbers of the live processes that have the word anywhere in their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in arguments:
            found.append(int(process.name))
    return found


def supervisor_above(pid: int) -> int:
    """The supervisor among a process's ancestors."""
    while (Path(f"/proc/{pid}/comm").read_text()) != "supervisor\n":
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))
        assert pid > 1
    return pid


def eventually(condition: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Whether a condition comes true; looks often, and gives up after a generous while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
