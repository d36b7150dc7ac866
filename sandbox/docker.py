"""The Docker backend: one hardened container for each sandbox, the supervisor as its first process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from sandbox.attached import AttachedChannel
from sandbox.build_context import ImageBuild
from sandbox.client import SupervisedSandbox
from sandbox.engine import Engine
from sandbox.errors import SandboxError, SandboxLost, SandboxUnavailable, SecretLeft
from sandbox.git_settings import GIT_SETTINGS
from sandbox.heartbeat import HEART, SILENCE_SECONDS
from sandbox.identity import sandbox_uid
from sandbox.image import MAKER_LABEL, default_dockerfile, image_tag
from sandbox.names import labels, unique_name
from sandbox.network.doorway import CLOSED, INSIDE, Doorway, doorway
from sandbox.overlay import LOWER, UPPER, UPPER_NAME, supervisor_words, volume_options
from sandbox.probes import docker_probes, ownership_probe
from sandbox.sandbox import BASE_OBJECTS, HOME, WORKSPACE, Command, Probe, Sandbox, SandboxSpec
from sandbox.supervisor_binary import supervisor_binary

SUPERVISOR = "/run/mimo/supervisor"
CLOSE_SECONDS = 30.0
"""The longest that leaving a sandbox waits for its container to be gone; `sweep` finds what is left."""

SHM_BYTES = 64 * 1024**2
SETUP_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""What package managers need to lay files out as root in a root of their own."""

ENGINE_CALLS = 8
"""Calls to the engine at once: it starts about three containers a second, more only wait inside of it."""

Answer = TypeVar("Answer")


def _silent(_line: str) -> None:
    return None


class DockerBackend:
    """Sandboxes as containers of the engine that DOCKER_HOST names (default: this machine's)."""

    name = "docker"

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine or Engine()
        self._limiter = anyio.CapacityLimiter(ENGINE_CALLS)
        self._building = anyio.Lock()
        self._built: set[str] = set()
        self._volumes: dict[str, tuple[str, ...]] = {}

    async def probe(self) -> tuple[Probe, ...]:
        """What the engine can promise; raises nothing."""
        try:
            return (*docker_probes(await self._call(self._engine.about)), ownership_probe())
        except SandboxUnavailable as error:
            return (Probe(promise="a Docker engine answers", kept=False, detail=error.what, remedy=error.remedy),)

    async def ensure_image(
        self,
        build: ImageBuild | None = None,
        *,
        made_by: str = "",
        alone: Callable[[str], AbstractAsyncContextManager[None]] = lambda _: nullcontext(),
        progress: Callable[[str], None] = _silent,
    ) -> str:
        """The tag of the default image, or of a plan's Dockerfile, built if need be.

        It is built within `alone` of its tag, which waits for whoever else builds it; `made_by` is on its label.
        `progress` is called with each line of a build, from another thread. Raises SandboxUnavailable.
        """
        build = build or ImageBuild(dockerfile=default_dockerfile())
        async with self._building:
            base, content = await self._call(self._engine.base)
            tag = build.tag(content)
            if tag not in self._built and not await self.has_image(tag):
                given = replace(build, arguments={"BASE": base, **build.arguments})
                labels = {MAKER_LABEL: made_by}
                async with alone(tag):
                    if not await self.has_image(tag):  # nobody built it while this one waited
                        store = self._engine.images
                        await self._call(lambda: store.build(given, tag, labels=labels, progress=progress))
            self._built.add(tag)
        return tag

    async def pull_image(self, image: str, progress: Callable[[str], None] = _silent) -> None:
        """Fetch an image, if the engine does not hold it; raises SandboxUnavailable."""
        if not await self.has_image(image):
            await self._call(lambda: self._engine.images.pull(image, progress))

    async def default_image(self) -> tuple[str, str, bool]:
        """The tag of the default image, what it is built on, and whether it is built; raises SandboxUnavailable."""
        base, content = await self._call(self._engine.base)
        tag = image_tag(default_dockerfile(), content)
        return tag, base, await self.has_image(tag)

    def open(self, spec: SandboxSpec) -> AbstractAsyncContextManager[Sandbox]:
        """Start a container and remove it on leaving, whatever happened; raises SandboxUnavailable."""
        return self._open(spec)

    @asynccontextmanager
    async def _open(self, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
        image = spec.image or await self.ensure_image()
        name = unique_name(spec)
        async with (
            doorway(spec, name) as door,
            self._container(name, image, spec, door, container_config(spec, door), host_config(spec, door)) as sandbox,
        ):
            yield sandbox

    @asynccontextmanager
    async def open_setup(
        self, spec: SandboxSpec, *, tag: str, made_by: str = "", secrets: Mapping[str, Iterable[bytes]] | None = None
    ) -> AsyncIterator[Sandbox]:
        """A container whose root can be written, as its root and with few capabilities.

        What is in its root at the end is kept as the image `tag`, unless the block raises, or one of the `secrets` (the
        forms of each, by name) is in it. Raises SandboxUnavailable, SecretLeft.
        """
        image = spec.image or await self.ensure_image()
        name = unique_name(spec)
        async with doorway(spec, name) as door:
            config = {**container_config(spec, door), "user": "0:0"}
            host = {**host_config(spec, door), "read_only": False, "cap_add": list(SETUP_CAPABILITIES)}
            async with self._container(name, image, spec, door, config, host) as sandbox:
                try:
                    yield sandbox
                finally:
                    await _give_back(sandbox)
                left = await self._call(lambda: self._engine.images.leaked(name, secrets)) if secrets else []
                if left:
                    raise SecretLeft(left)
                await self._call(lambda: self._engine.commit(name, tag, {MAKER_LABEL: made_by}))

    async def image_id(self, image: str) -> str:
        """What identifies an image's content; raises SandboxUnavailable."""
        return await self._call(lambda: self._engine.image_id(image))

    async def has_image(self, tag: str) -> bool:
        """Whether the engine holds an image of that tag; raises SandboxUnavailable."""
        return await self._call(lambda: self._engine.has_image(tag))

    @asynccontextmanager
    async def _container(
        self, name: str, image: str, spec: SandboxSpec, door: Doorway, config: dict[str, Any], host: dict[str, Any]
    ) -> AsyncIterator[SupervisedSandbox]:
        channel: AttachedChannel | None = None
        ours = {WORKSPACE, HOME, "/tmp"}  # noqa: S108 - inside
        host["mounts"] += [_emptied(path) for path in await self._volumes_of(image) if path not in ours]
        try:
            await self._call(lambda: self._engine.create(name, image, config, host))
            # Attached before it starts: nothing of its output can be missed, and its input has an owner from the first.
            channel = AttachedChannel(await self._call(lambda: self._engine.attach(name)))
            with HEART.beating(channel.beat):
                await self._call(lambda: self._engine.start(name))
                sandbox = SupervisedSandbox(name, channel, spec.limits, door.environment)
                await _greet(sandbox)
                yield sandbox
        finally:
            if channel is not None:
                channel.close()
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._remove(name)

    async def _volumes_of(self, image: str) -> tuple[str, ...]:
        if image not in self._volumes:
            self._volumes[image] = await self._call(lambda: self._engine.volumes_of(image))
        return self._volumes[image]

    async def _remove(self, name: str) -> None:
        try:
            await self._call(lambda: self._engine.remove(name), abandon=True)
        except SandboxError:
            return  # the engine is gone or stuck; the container bears its label, and `sweep` will find it

    async def sweep(self, run: str | None = None) -> list[str]:
        """Remove containers of one run, or of any whose program is gone; gives their names."""
        names = await self._call(lambda: self._engine.left_over(run))
        for name in names:
            await self._call(lambda name=name: self._engine.remove(name))  # type: ignore[misc]
        await self._call(lambda: self._engine.remove_volumes(run))
        return names

    async def _call(self, call: Callable[[], Answer], *, abandon: bool = False) -> Answer:
        # Not abandoned as a rule: a container must not appear after its removal was asked for.
        return await to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=abandon)


async def _greet(sandbox: SupervisedSandbox) -> None:
    try:
        await sandbox.greet()
    except SandboxLost as error:
        raise SandboxUnavailable(
            f"the container's supervisor did not start ({error.why})",
            "see that the image is one for this machine's processor and has /bin/sh",
        ) from error


async def _give_back(sandbox: Sandbox) -> None:
    """Make all of the worktree ours again: an ordinary user could not remove directories that a setup made as root."""
    if os.getuid() == 0:
        return
    give = Command(script=f"chown -hR {sandbox_uid()}:{os.getgid()} {WORKSPACE}", timeout_seconds=CLOSE_SECONDS)
    with anyio.move_on_after(CLOSE_SECONDS, shield=True), suppress(SandboxError):
        await sandbox.execute(give)


def container_config(spec: SandboxSpec, door: Doorway = CLOSED) -> dict[str, Any]:
    """What runs in the container, as whom, with which environment; nothing of the host's."""
    uid = sandbox_uid()
    return {
        "entrypoint": [
            *(SUPERVISOR, "--file-bytes", str(spec.limits.disk_bytes)),
            *supervisor_words(spec),
            *door.options,
        ],
        "command": ["--silence", str(SILENCE_SECONDS)],  # an engine that is killed would leave it running
        "user": f"{uid}:{uid}",
        "hostname": "sandbox",
        "working_dir": WORKSPACE,
        "environment": {"HOME": HOME, "LANG": "C.UTF-8", "TERM": "dumb", **GIT_SETTINGS, **spec.env},
        "labels": labels(spec),
        "stdin_open": True,
        "healthcheck": {"test": ["NONE"]},  # an image's own would run commands beside ours
    }


def host_config(spec: SandboxSpec, door: Doorway = CLOSED) -> dict[str, Any]:
    """The walls of the container: writable are the worktree and three bounded tmpfs; no privilege, no network."""
    from docker.types import LogConfig, Ulimit

    limits, uid = spec.limits, sandbox_uid()
    tmpfs = f"rw,nosuid,nodev,exec,size={limits.tmp_bytes}"
    return {
        "mounts": [
            _bind(str(supervisor_binary()), SUPERVISOR, read_only=True),
            *_worktree(spec),
            _bind(str(spec.base_objects), BASE_OBJECTS, read_only=True),
            *([_bind(str(door.directory), INSIDE, read_only=True)] if door.directory else []),
        ],
        "read_only": True,
        "tmpfs": {"/tmp": f"{tmpfs},mode=1777", HOME: f"{tmpfs},mode=0700,uid={uid},gid={uid}"},  # noqa: S108 - inside
        "shm_size": SHM_BYTES,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],  # the engine's own seccomp profile stays on
        "network_mode": "none",
        "ipc_mode": "private",
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "pids_limit": limits.pids,
        "nano_cpus": int(min(limits.cpus, os.cpu_count() or 1) * 1e9),
        "ulimits": [
            Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # A log would write every answer to the engine's disk, many times its size.
        "log_config": LogConfig(type="none"),
        "auto_remove": True,
    }


def _worktree(spec: SandboxSpec) -> list[dict[str, Any]]:
    """The worktree: a directory of ours, or an overlay as a volume without a name, which goes with its container."""
    from docker.types import DriverConfig, Mount

    if spec.lower is None:
        return [_bind(str(spec.worktree), WORKSPACE, read_only=spec.read_only)]
    options = volume_options(spec.worktree, spec.lower, read_only=spec.read_only)
    driver = DriverConfig("local", options)
    volume = Mount(WORKSPACE, None, type="volume", no_copy=True, driver_config=driver, labels=labels(spec))
    layers = {str(spec.worktree / UPPER_NAME): UPPER, str(spec.lower): LOWER}
    return [volume, *(_bind(source, target, read_only=True) for source, target in layers.items())]


def _emptied(target: str) -> dict[str, Any]:
    """Nothing, read-only, where the image wants a volume: one could be filled without bound, and outlive an engine."""
    from docker.types import Mount

    return Mount(target=target, source=None, type="tmpfs", read_only=True, tmpfs_size=4096)


def _bind(source: str, target: str, *, read_only: bool) -> dict[str, Any]:
    from docker.types import Mount

    return Mount(target=target, source=source, type="bind", read_only=read_only, propagation="rprivate")
