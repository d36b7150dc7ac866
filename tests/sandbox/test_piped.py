"""The pipes to a process that will not end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from sandbox.piped import PipedChannel
from tests.contracts.sandbox.processes import eventually

STUBBORN = """
import os, sys, time
child = os.fork()
if child:
    print(child, flush=True)
time.sleep(1000)
"""


async def test_a_process_that_ignores_the_end_is_killed_with_its_child(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Closing ends a process that does not end by itself, and the child that it would leave behind."""
    monkeypatch.setattr("sandbox.piped.END_SECONDS", 0.05)
    words = os.open(tmp_path / "words", os.O_RDWR | os.O_CREAT)
    process = await anyio.open_process(
        [sys.executable, "-c", STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words
    )
    channel = PipedChannel(process, words)
    child = int(await channel.receive())
    await channel.close()
    os.close(words)
    assert process.returncode == -9
    assert await anyio.to_thread.run_sync(eventually, lambda: not _alive(child))


def _alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and only not yet reaped does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
