"""Walking away from blocking work."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from agents import abandonable
from agents.abandonable import TooManyLeft, run_abandonable

ROOT = Path(__file__).resolve().parents[2]

LEAVING = """
import threading, anyio
from agents.abandonable import run_abandonable
async def main():
    with anyio.move_on_after(0.05):
        await run_abandonable(lambda gone: threading.Event().wait(600))
anyio.run(main)
"""


async def test_the_result_comes_back() -> None:
    """The work runs in another thread, and its result is the caller's."""
    assert await run_abandonable(lambda gone: threading.current_thread()) is not threading.current_thread()


async def test_an_error_comes_back() -> None:
    """What the work raises is raised in the caller."""
    with pytest.raises(ZeroDivisionError):
        await run_abandonable(lambda gone: 1 // 0)


async def test_work_is_told_that_its_caller_has_gone() -> None:
    """A cancelled caller leaves at once; the event lets the work end early."""
    noticed = threading.Event()

    def work(gone: threading.Event) -> None:
        if gone.wait(10):
            noticed.set()

    with anyio.move_on_after(0.01) as scope:
        await run_abandonable(work)
    assert scope.cancelled_caught
    assert noticed.wait(10)


def test_the_program_ends_without_it() -> None:
    """Work that would block for minutes does not hold up the exit."""
    done = subprocess.run([sys.executable, "-c", LEAVING], cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


async def test_only_so_much_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that hangs is left behind up to a number; once it has come to its end, there is room again."""
    monkeypatch.setattr(abandonable, "MOST_LEFT", 3)
    release = threading.Event()
    for _ in range(3):
        with anyio.move_on_after(0.01):
            await run_abandonable(lambda gone: release.wait(60))
    with pytest.raises(TooManyLeft):
        await run_abandonable(lambda gone: None)
    release.set()
    with anyio.fail_after(60):
        while abandonable.left_behind():  # noqa: ASYNC110 - threads tell nobody that they have ended
            await anyio.sleep(0.01)
    assert await run_abandonable(lambda gone: "done") == "done"
