"""The program, forked from a process that has loaded it: it starts in no time, and can be had killed at a commit."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.server.fixture import ROOT

END_SECONDS = 120.0


class Zygote:
    """The process that the program is forked from, one start after the other."""

    def __init__(self, process: subprocess.Popen[bytes], place: Path) -> None:
        self._process = process
        self._place = place

    def run(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_seconds: float = 600, **dying: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, as `subprocess.run` would; raises TimeoutExpired."""
        outputs = {name: self._place / name for name in ("stdout", "stderr")}
        for path in outputs.values():
            path.unlink(missing_ok=True)
        start = {"argv": words, "cwd": str(cwd), "env": dict(env), **{name: str(outputs[name]) for name in outputs}}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**start, **dying}).encode() + b"\n")
        pid = int(self._process.stdout.readline())
        code = None
        try:
            if not select.select([self._process.stdout], [], [], timeout_seconds)[0]:
                raise subprocess.TimeoutExpired(words, timeout_seconds)
            code = int(self._process.stdout.readline())
        finally:
            if code is None:
                os.kill(pid, signal.SIGKILL)
                self._process.stdout.readline()
        said, told = (path.read_text(errors="replace") for path in outputs.values())
        return subprocess.CompletedProcess(words, code, said, told)


@contextmanager
def zygote() -> Iterator[Zygote]:
    """One that is there until it is left, in an environment that says as little as that of the programs."""
    words = [sys.executable, "-m", "tests.crashes.zygote"]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    # Unbuffered: what was read ahead can't be waited for.
    with (
        tempfile.TemporaryDirectory(prefix="zygote-") as place,
        subprocess.Popen(words, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process,
    ):
        assert process.stdin is not None
        try:
            yield Zygote(process, Path(place))
        finally:
            process.stdin.close()
            process.wait(timeout=END_SECONDS)
