"""Cgroups for sandboxes that no engine makes: the kernel holds a sandbox's totals, where this user may ask it to.

Version 1 (a tree for each controller) and version 2 (one tree, controllers handed down). Nothing here is mounted or
switched on: what may be used as it stands is used, and whoever asks is told what is held and what is not.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import anyio

from sandbox.names import OWNER_LABEL, is_left_over, owner
from sandbox.sandbox import Limits

MEMORY, PROCESSES, CPU = "memory", "pids", "cpu"
SHOWN = "/sys/fs/cgroup"
"""Where the supervisor reads, under either backend, how often the kernel killed or refused."""

REMOVE_SECONDS = 5.0
"""How long the last process of a sandbox may take to leave its cgroup; after that it is left for a sweep."""

_SECOND = "version 2"
_PERIOD = 100_000
_OF_BWRAP = 1
"""The process that started the sandbox's first one is counted too."""

_NAME = re.compile(
    r"(?P<name>mimo-.+)~(?P<run>[0-9a-f]{12})~(?P<boot>[0-9a-f-]{36})~(?P<space>\d+)~(?P<pid>\d+)~(?P<start>\d+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cgroup in which others may be made, and the controllers that hold there."""

    version: int
    directory: Path
    controllers: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Cgroup:
    """What holds one sandbox: a directory for each controller, of which version 2 has one for all."""

    version: int = 0
    directories: dict[str, Path] = field(default_factory=dict)

    @property
    def held(self) -> frozenset[str]:
        """The controllers that limit it."""
        return frozenset(self.directories)

    def join(self) -> list[str]:
        """Arguments with which the supervisor's program puts itself, and what it then becomes, into the cgroup."""
        members = dict.fromkeys(str(directory / "cgroup.procs") for directory in self.directories.values())
        return ["join", *members, "--"]

    def show(self) -> list[str]:
        """Arguments of `bwrap` that show the cgroup to the sandbox, read-only, where a container has its own."""
        shown = {f"{SHOWN}/{name}" if self.version == 1 else SHOWN: path for name, path in self.directories.items()}
        return [word for place, path in shown.items() for word in ("--ro-bind", str(path), place)]


def places(proc: Path = Path("/proc/self")) -> list[Place]:
    """Where this user may make cgroups: none, one of version 2, or one for each controller of version 1."""
    try:
        paths = dict(_own_paths((proc / "cgroup").read_text()))
        mounts = list(_mounts((proc / "mountinfo").read_text()))
    except OSError:
        return []
    usable = [
        (name, top, paths[name].relative_to(root))
        for name, root, top in mounts
        if name in paths and paths[name].is_relative_to(root)
    ]
    second = [place for name, top, own in usable if name == _SECOND and (place := _delegated(top, own))]
    first = {
        name: Place(version=1, directory=top / own, controllers=(name,))
        for name, top, own in usable
        if name != _SECOND and _writable(top / own)
    }
    return second[:1] or list(first.values())


@asynccontextmanager
async def limited(name: str, run: str, limits: Limits) -> AsyncIterator[Cgroup]:
    """A cgroup of a sandbox of that name, as far as one may be had, which is gone on leaving."""
    group, mark = Cgroup(), _mark(name, run)
    try:
        for place in places():
            _make(group, place, place.directory / mark, limits)
        yield group
    finally:
        with anyio.move_on_after(REMOVE_SECONDS, shield=True):
            for directory in set(group.directories.values()):
                await _removal(directory)


async def _removal(directory: Path) -> None:
    while not _removed(directory):  # noqa: ASYNC110 - a cgroup tells nobody that it may be removed
        await anyio.sleep(0.005)


def left_over(run: str | None) -> dict[str, list[Path]]:
    """Cgroups by the names of their sandboxes: those of one run, or of any whose program is gone."""
    found: dict[str, list[Path]] = {}
    for top in _tops():
        for directory in _below(top):
            parts = _NAME.fullmatch(directory.name)
            if parts and (_hash(run) == parts["run"] if run is not None else _is_left_over(parts)):
                found.setdefault(parts["name"], []).append(directory)
    return found


def remove_empty(directories: list[Path]) -> bool:
    """Remove cgroups that nothing is in any more, and say whether they are gone; what is in use can't be removed."""
    gone = [_removed(directory) for directory in directories if directory.is_dir()]
    return bool(gone) and all(gone)


def _own_paths(text: str) -> Iterator[tuple[str, Path]]:
    """Our own cgroup by controller; that of version 2 under a name of ours."""
    for line in text.splitlines():
        number, controllers, path = line.split(":", 2)
        for name in controllers.split(",") if number != "0" else (_SECOND,):
            yield name, Path(path)


def _mounts(text: str) -> Iterator[tuple[str, Path, Path]]:
    """Controllers with the cgroup at the root of their mount, and where it is mounted."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        root, top = map(Path, before.split()[3:5])
        kind, _, options = after.split(" ", 2)
        held = {"cgroup": options.split(","), "cgroup2": [_SECOND]}.get(kind, [])
        for name in (MEMORY, PROCESSES, CPU, _SECOND):
            if name in held:
                yield name, root, top


def _delegated(top: Path, own: Path) -> Place | None:
    """The nearest cgroup of version 2 above us that is ours to divide, and hands its controllers down."""
    for relative in (own, *own.parents):
        directory = top / relative
        with suppress(OSError):
            handed = (directory / "cgroup.subtree_control").read_text().split()
            if {MEMORY, PROCESSES} <= set(handed) and _writable(directory):
                used = tuple(name for name in (MEMORY, PROCESSES, CPU) if name in handed)
                return Place(version=2, directory=directory, controllers=used)
    return None


def _writable(directory: Path) -> bool:
    return os.access(directory, os.W_OK) and os.access(directory / "cgroup.procs", os.W_OK)


_Setting = tuple[str, Callable[[Limits], object]]
_MUST: Mapping[tuple[int, str], tuple[_Setting, ...]] = {
    (1, MEMORY): (("memory.limit_in_bytes", lambda limits: limits.memory_bytes),),
    (1, PROCESSES): (("pids.max", lambda limits: limits.pids + _OF_BWRAP),),
    (1, CPU): (("cpu.cfs_period_us", lambda _: _PERIOD), ("cpu.cfs_quota_us", lambda limits: _quota(limits))),
    (2, MEMORY): (("memory.max", lambda limits: limits.memory_bytes),),
    (2, PROCESSES): (("pids.max", lambda limits: limits.pids + _OF_BWRAP),),
    (2, CPU): (("cpu.max", lambda limits: f"{_quota(limits)} {_PERIOD}"),),
}
_MAY: Mapping[tuple[int, str], tuple[_Setting, ...]] = {
    (1, MEMORY): (("memory.memsw.limit_in_bytes", lambda limits: limits.memory_bytes),),
    (2, MEMORY): (("memory.swap.max", lambda _: 0),),
}
"""What only kernels that account for swap have."""


def _quota(limits: Limits) -> int:
    return max(1000, int(min(limits.cpus, os.cpu_count() or 1) * _PERIOD))


def _make(group: Cgroup, place: Place, directory: Path, limits: Limits) -> None:
    """Make the directory and set what it holds; a controller that will not be set holds nothing."""
    group.version = place.version
    with suppress(OSError):  # it can't be written then either
        directory.mkdir()
        directory.chmod(0o755)  # whatever the umask: who opens root's sandboxes has to see it
    for controller in place.controllers:
        group.directories[controller] = directory  # recorded before it may fail, so that it is removed
        try:
            for name, value in _MUST[place.version, controller]:
                (directory / name).write_text(str(value(limits)))
            for name, value in _MAY.get((place.version, controller), ()):
                if (directory / name).exists():
                    (directory / name).write_text(str(value(limits)))
        except OSError:
            del group.directories[controller]
    if directory not in group.directories.values():
        _removed(directory)


def _removed(directory: Path) -> bool:
    """Whether it is gone: a cgroup can be removed only when no process is in it."""
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _mark(name: str, run: str) -> str:
    boot, space, pid, start = owner().split(" ")
    return f"{name}~{_hash(run)}~{boot}~{space.strip('pid:[]')}~{pid}~{start}"


def _hash(run: str) -> str:
    return sha256(run.encode()).hexdigest()[:12]


def _is_left_over(parts: re.Match[str]) -> bool:
    return is_left_over({OWNER_LABEL: f"{parts['boot']} pid:[{parts['space']}] {parts['pid']} {parts['start']}"})


def _tops() -> set[Path]:
    try:
        return {top for _, _, top in _mounts(Path("/proc/self/mountinfo").read_text())}
    except OSError:
        return set()


def _below(top: Path) -> Iterator[Path]:
    for directory, names, _ in os.walk(top):
        yield from (Path(directory, name) for name in names)
