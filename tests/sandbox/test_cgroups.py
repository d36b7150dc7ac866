"""Cgroups for bubblewrap: where they may be made, what is written there, and what a crash leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import cgroups
from sandbox.cgroups import CPU, MEMORY, PROCESSES, Place, left_over, limited, places, remove_empty
from sandbox.probes import limit_probes
from sandbox.sandbox import Limits

LIMITS = Limits(memory_bytes=1000, pids=7, cpus=0.5)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A `/proc/self` of the test's own."""
    (tmp_path / "proc").mkdir()
    return tmp_path / "proc"


def describe(proc: Path, own: str, *mounts: str) -> None:
    """Say where a process is, and what is mounted: `ROOT PLACE KIND OPTIONS`."""
    (proc / "cgroup").write_text(own)
    lines = []
    for mount in mounts:
        root, place, kind, options = mount.split()
        lines.append(f"30 20 0:26 {root} {place} rw,nosuid shared:9 - {kind} {kind} {options}\n")
    (proc / "mountinfo").write_text("".join(lines))


def cgroup(directory: Path, handed: str | None = None) -> Path:
    """A directory like a cgroup, which hands controllers down in version 2."""
    directory.mkdir(parents=True)
    (directory / "cgroup.procs").touch()
    if handed is not None:
        (directory / "cgroup.subtree_control").write_text(handed)
    return directory


def test_version_1(proc: Path, tmp_path: Path) -> None:
    """Each controller has a tree of its own, in which we are somewhere; a container sees its own part alone."""
    memory, both = cgroup(tmp_path / "memory" / "mine"), cgroup(tmp_path / "both")
    describe(
        proc,
        "9:memory:/mine\n8:cpu,cpuacct:/docker/x\n7:pids:/gone\n1:name=systemd:/\n0::/\n",
        f"/ {tmp_path}/memory cgroup rw,memory",
        f"/docker/x {both} cgroup rw,cpu,cpuacct",
        f"/ {tmp_path}/pids cgroup rw,pids",
        f"/ {tmp_path}/unified cgroup2 rw",
    )
    found = {place.controllers: place.directory for place in places(proc)}
    assert found == {(MEMORY,): memory, (CPU,): both}
    assert {place.version for place in places(proc)} == {1}


def test_version_2_takes_the_nearest_that_hands_down(proc: Path, tmp_path: Path) -> None:
    """Where processes are nothing is handed down; above, the first does that hands down memory and processes."""
    top = cgroup(tmp_path / "top", "cpu memory pids")
    slice_ = cgroup(top / "user.slice", "memory pids")
    cgroup(slice_ / "app.slice", "cpu")
    cgroup(slice_ / "app.slice" / "run.scope", "")
    describe(proc, "0::/user.slice/app.slice/run.scope\n", f"/ {top} cgroup2 rw")
    assert places(proc) == [Place(version=2, directory=slice_, controllers=(MEMORY, PROCESSES))]
    (slice_ / "app.slice" / "cgroup.subtree_control").write_text("cpu memory pids\n")
    assert places(proc) == [
        Place(version=2, directory=slice_ / "app.slice", controllers=(MEMORY, PROCESSES, CPU)),
    ]


@pytest.mark.parametrize("own", ["", "0::/\n", "0::/../above\n", "9:memory:/elsewhere\n"])
def test_nowhere(proc: Path, tmp_path: Path, own: str) -> None:
    """Where nothing is handed down, or we are outside of what is mounted, there is no place, and no error."""
    cgroup(tmp_path / "top", "")
    describe(proc, own, f"/ {tmp_path}/top cgroup2 rw", f"/docker {tmp_path}/memory cgroup rw,memory")
    assert places(proc) == []
    assert places(tmp_path / "none") == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_written_is_no_place(proc: Path, tmp_path: Path) -> None:
    """A cgroup of somebody else's is passed over."""
    directory = cgroup(tmp_path / "memory")
    describe(proc, "9:memory:/\n", f"/ {directory} cgroup rw,memory")
    assert len(places(proc)) == 1
    (directory / "cgroup.procs").chmod(0o444)
    assert places(proc) == []


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cgroup of the name `one`, which can count swap; a plain directory is not removed with files in it."""
    monkeypatch.setattr(cgroups, "_mark", lambda name, run: name)
    monkeypatch.setattr(cgroups, "REMOVE_SECONDS", 0)
    for name in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
        cgroup_file(tmp_path / "one", name)
        cgroup_file(tmp_path / MEMORY / "one", name)
    return tmp_path / "one"


def cgroup_file(directory: Path, name: str) -> None:
    """A file that a kernel would have made."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text("as it was")


def use(monkeypatch: pytest.MonkeyPatch, *found: Place) -> None:
    """Have these places found."""
    monkeypatch.setattr(cgroups, "places", lambda: list(found))


def contents(directory: Path) -> dict[str, str]:
    """What was written into a cgroup."""
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}


async def test_what_is_written_in_version_2(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One directory holds all: memory without swap, the commands' processes and the one outside, CPU as a quota."""
    use(monkeypatch, Place(version=2, directory=made.parent, controllers=(MEMORY, PROCESSES, CPU)))
    async with limited("one", "run", LIMITS) as group:
        assert group.held == {MEMORY, PROCESSES, CPU}
        assert group.join() == ["join", str(made / "cgroup.procs"), "--"]
        assert group.show() == ["--ro-bind", str(made), "/sys/fs/cgroup"]
    expected = {"memory.max": "1000", "memory.swap.max": "0", "pids.max": "8", "cpu.max": "50000 100000"}
    assert contents(made) == {**expected, "memory.memsw.limit_in_bytes": "as it was"}


async def test_what_is_written_in_version_1(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each controller has its directory, and swap counts as memory where the kernel accounts for it."""
    tops = {name: made.parent / name for name in (MEMORY, PROCESSES, CPU)}
    for name in (PROCESSES, CPU):
        (made.parent / name).mkdir()
    use(monkeypatch, *(Place(version=1, directory=top, controllers=(name,)) for name, top in tops.items()))
    async with limited("one", "run", LIMITS) as group:
        assert group.join() == ["join", *(f"{top}/one/cgroup.procs" for top in tops.values()), "--"]
        assert group.show()[:3] == ["--ro-bind", f"{tops[MEMORY]}/one", "/sys/fs/cgroup/memory"]
    written = {name: contents(top / "one") for name, top in tops.items()}
    assert written == {
        MEMORY: {
            "memory.limit_in_bytes": "1000",
            "memory.memsw.limit_in_bytes": "1000",
            "memory.swap.max": "as it was",
        },
        PROCESSES: {"pids.max": "8"},
        CPU: {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"},
    }


async def test_a_controller_that_will_not_be_set_holds_nothing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is not said to be held: the supervisor counts it then."""
    use(monkeypatch, Place(version=2, directory=made.parent, controllers=(MEMORY, PROCESSES, CPU)))
    (made / "cpu.max").mkdir()
    async with limited("one", "run", LIMITS) as group:
        assert group.held == {MEMORY, PROCESSES}


async def test_a_place_that_takes_nothing_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no cgroup can be made after all, a sandbox starts without one, and nothing is left."""
    use(monkeypatch, Place(version=2, directory=tmp_path / "gone", controllers=(MEMORY, PROCESSES, CPU)))
    async with limited("one", "run", LIMITS) as group:
        assert (group.held, group.join(), group.show()) == (frozenset(), ["join", "--"], [])
    assert not (tmp_path / "gone").exists()


async def test_where_there_is_no_place_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place a sandbox starts as ever, and is shown no cgroup."""
    use(monkeypatch)
    async with limited("one", "run", LIMITS) as group:
        assert (group.held, group.join(), group.show()) == (frozenset(), ["join", "--"], [])


async def test_what_a_crash_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cgroup is found by its name, as of a run or of a program that is gone, and removed once nothing is in it."""
    mine, other = cgroups._mark("mimo-run-task-12", "run"), cgroups._mark("mimo-other-task-34", "other")
    pid = f"~{os.getpid()}~"
    assert pid in mine
    names = [mine, other, other.replace(pid, "~1~"), "mimo-of-somebody-else", "session-1.scope"]
    directories = [tmp_path / "deep" / name for name in names]
    for directory in directories:
        directory.mkdir(parents=True)
    (directories[0] / "busy").mkdir()
    monkeypatch.setattr(cgroups, "_tops", lambda: {tmp_path})
    assert left_over("run") == {"mimo-run-task-12": [directories[0]]}
    assert sorted(left_over("other")["mimo-other-task-34"]) == sorted(directories[1:3])
    assert left_over(None) == {"mimo-other-task-34": [directories[2]]}
    assert not remove_empty([directories[0]])
    assert remove_empty([directories[2]])
    assert not remove_empty([directories[2]])
    assert left_over(None) == {}


def test_it_is_said_who_holds_what() -> None:
    """Every limit is named, with who holds it; that CPU time is held by nobody is said, and what to do."""
    held = limit_probes({MEMORY: 2, PROCESSES: 2, CPU: 2})
    assert {(probe.detail, probe.remedy) for probe in held} == {("by cgroup version 2", None)}
    memory, processes, cpu = limit_probes({})
    assert memory.detail == processes.detail == "the supervisor counts every 100 ms"
    assert "not limited" in cpu.detail
    assert "systemd-run" in (cpu.remedy or "")
