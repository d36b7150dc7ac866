"""The memory of the C library that a run's many threads share."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, threading
from orchestrator.run.heap import use_little_heap

use_little_heap()
both = threading.Barrier(9)
def hold() -> None:
    held = [bytearray(2000) for _ in range(100)]
    both.wait(60)
    both.wait(60)
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
both.wait(60)
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, file)
libc.fflush(file)
both.wait(60)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_threads_share_two_heaps() -> None:
    """Eight threads that hold memory at the same time have it from two heaps, not from one each."""
    shown = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True, check=True, timeout=120)
    assert 1 <= shown.stdout.count("<heap nr=") <= 2
