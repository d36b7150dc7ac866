"""Blocking calls to a Docker engine: the one module that touches the `docker` package, imported when first called."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.image import LOCAL_BASE, REGISTRY_BASE
from sandbox.image_store import ImageStore
from sandbox.names import RUN_LABEL, is_left_over
from sandbox.telling import Log

if TYPE_CHECKING:
    from docker import APIClient

LOG = Log("engine")

CALL_SECONDS = 60
DEFAULT_URL = "unix:///var/run/docker.sock"
REMOVE_SECONDS = 20.0
_START = "start one (`systemctl start docker`) or point DOCKER_HOST at one"
_JOIN = "join the group that it is open to (`sudo usermod -aG docker $USER`), then log in again"


class Engine:
    """The engine that DOCKER_HOST names. Each call has a connection of its own, so that threads share nothing."""

    def __init__(self) -> None:
        self._version: str | None = None
        self.images = ImageStore(self._connected)

    @contextmanager
    def _connected(self) -> Iterator[APIClient]:
        import docker
        from docker.errors import APIError, DockerException
        from docker.utils import kwargs_from_env
        from requests.exceptions import RequestException

        where = kwargs_from_env()
        remedy = _START if self._version is None else f"{_START}, or use `--backend bubblewrap`"
        _knock(where.get("base_url", DEFAULT_URL), remedy)
        try:
            api = docker.APIClient(version=self._version or "auto", timeout=CALL_SECONDS, **where)
        except DockerException as error:
            raise SandboxUnavailable(f"no Docker engine answers ({_brief(error)})", remedy) from error
        try:
            self._version = api.api_version
            yield api
        except APIError as error:
            raise _refused(error.explanation or str(error)) from error
        except (RequestException, DockerException) as error:
            raise SandboxUnavailable(f"the Docker engine went away ({_brief(error)})", remedy) from error
        finally:
            api.close()

    @LOG.timing("engine.called")
    def about(self) -> dict[str, Any]:
        """The engine's own description; raises SandboxUnavailable."""
        with self._connected() as api:
            return dict(api.info())

    @LOG.timing("engine.called")
    def create(self, name: str, image: str, config: dict[str, Any], host: dict[str, Any]) -> None:
        """Create a container; an image that is not there is pulled first. Raises SandboxUnavailable."""
        from docker.errors import ImageNotFound

        with self._connected() as api:
            host_config = api.create_host_config(**host)
            for attempt in (1, 2):
                try:
                    # No `~/.docker/config.json` proxies: they may hold credentials of the host.
                    api.create_container(
                        image=image, name=name, host_config=host_config, use_config_proxy=False, **config
                    )
                    return
                except ImageNotFound:
                    if attempt == 2:
                        raise
                    self.images.pull(image, _silent)

    @LOG.timing("engine.called")
    def attach(self, name: str) -> socket.socket:
        """A socket to a created container's standard streams, non-blocking; raises SandboxUnavailable."""
        with self._connected() as api:
            wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            stream = api.attach_socket(name, params=wanted)
            theirs = getattr(stream, "_sock", stream)
            try:
                if isinstance(theirs, ssl.SSLSocket) or not isinstance(theirs, socket.socket):
                    raise _refused("not shared: the engine is reached through TLS or SSH, so it is not on this machine")
                ours = theirs.dup()
            finally:
                stream.close()
                theirs.close()
            ours.setblocking(False)
            return ours

    @LOG.timing("engine.called")
    def start(self, name: str) -> None:
        """Start a created container; raises SandboxUnavailable."""
        with self._connected() as api:
            api.start(name)

    @LOG.timing("engine.called")
    def commit(self, name: str, image: str, labels: Mapping[str, str]) -> None:
        """Keep a running container's root as an image (REPOSITORY:TAG); raises SandboxUnavailable."""
        repository, _, tag = image.rpartition(":")
        changes = [f"LABEL {key}={value}" for key, value in labels.items()]
        with self._connected() as api:
            api.commit(name, repository=repository, tag=tag, changes=changes)

    @LOG.timing("engine.called")
    def image_id(self, image: str) -> str:
        """What identifies an image's content, pulled first if it is not there; raises SandboxUnavailable."""
        from docker.errors import ImageNotFound

        with self._connected() as api:
            try:
                return str(_inspect(api, image)["Id"])
            except ImageNotFound:
                self.images.pull(image, _silent)
            return str(_inspect(api, image)["Id"])

    @LOG.timing("engine.called")
    def remove(self, name: str) -> None:
        """Remove a container, running or not, and wait until it is gone; none of that name is fine."""
        from docker.errors import APIError, NotFound

        # Its input is closed, so it may be removing itself: a refusal for that means waiting, not failing.
        pause = threading.Event()
        for _ in range(int(REMOVE_SECONDS / 0.02)):
            with self._connected() as api:
                try:
                    api.remove_container(name, force=True, v=True)
                except NotFound:
                    return
                except APIError as error:
                    if error.status_code != 409:
                        raise
            pause.wait(0.02)
        raise SandboxError(f"container {name} could not be removed within {REMOVE_SECONDS:.0f} s")

    @LOG.timing("engine.called")
    def left_over(self, run: str | None) -> list[str]:
        """Names of containers of ours: of one run, or of any whose owner is gone."""
        wanted = RUN_LABEL if run is None else f"{RUN_LABEL}={run}"
        with self._connected() as api:
            found = api.containers(all=True, filters={"label": wanted})
        return [
            str(container["Names"][0]).lstrip("/")
            for container in found
            if run is not None or is_left_over(container.get("Labels") or {})
        ]

    def volumes_of(self, image: str) -> tuple[str, ...]:
        """Where an image wants volumes; none where it is not here yet."""
        from docker.errors import ImageNotFound

        with self._connected() as api:
            try:
                return tuple(_inspect(api, image)["Config"].get("Volumes") or ())
            except ImageNotFound:
                return ()

    @LOG.timing("engine.called")
    def remove_volumes(self, run: str | None) -> None:
        """Remove worktrees' volumes that a killed engine left without their containers, as `left_over` tells whose."""
        from docker.errors import NotFound

        wanted = RUN_LABEL if run is None else f"{RUN_LABEL}={run}"
        with self._connected() as api:
            found = api.volumes(filters={"label": wanted, "dangling": True})["Volumes"] or []
            for volume in found:
                if run is not None or is_left_over(volume.get("Labels") or {}):
                    with suppress(NotFound):  # another program was first
                        api.remove_volume(volume["Name"])

    def base(self) -> tuple[str, str]:
        """What the default image is built on: the name, and what identifies its content."""
        from docker.errors import ImageNotFound

        with self._connected() as api:
            try:
                return LOCAL_BASE, str(_inspect(api, LOCAL_BASE)["Id"])
            except ImageNotFound:
                return REGISTRY_BASE, REGISTRY_BASE

    def has_image(self, tag: str) -> bool:
        """Whether the engine holds an image of that tag."""
        from docker.errors import ImageNotFound

        with self._connected() as api:
            try:
                _inspect(api, tag)
            except ImageNotFound:
                return False
            return True


def _silent(_line: str) -> None:
    return None


def _knock(url: str, remedy: str) -> None:
    """See that somebody listens on a local socket: the `docker` package leaves its own open when nobody does."""
    if not url.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as knocking:
        try:
            knocking.connect(url.removeprefix("unix://"))
        except OSError as error:
            raise SandboxUnavailable(
                f"no Docker engine answers at {url} ({error.strerror or error})",
                _JOIN if isinstance(error, PermissionError) else remedy,
            ) from error


def _inspect(api: APIClient, image: str) -> dict[str, Any]:
    return dict(api.inspect_image(image))  # type: ignore[no-untyped-call]


def _refused(explanation: str) -> SandboxUnavailable:
    words = " ".join(explanation.split())[:400]
    if "bind source path" in words or "not shared" in words:
        return SandboxUnavailable(
            f"the Docker engine does not see this machine's files ({words})",
            "use an engine on this machine (unset DOCKER_HOST), or `--backend bubblewrap`",
        )
    return SandboxUnavailable(f"the Docker engine refused: {words}", "see `docker info` and the engine's log")


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
