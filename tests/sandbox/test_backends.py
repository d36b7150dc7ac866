"""Choosing a backend, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sandbox.backends import choose, required
from sandbox.errors import SandboxUnavailable
from sandbox.image import default_dockerfile, image_tag
from sandbox.probes import docker_probes
from sandbox.sandbox import Backend, Probe, Sandbox, SandboxSpec
from sandbox.supervisor_binary import supervisor_binary


class FakeBackend:
    """A backend that can only be probed."""

    def __init__(self, name: str, *, kept: bool) -> None:
        self.name = name
        self._probe = Probe(promise=f"{name} works", kept=kept, detail="played", remedy=f"install {name}")

    async def probe(self) -> tuple[Probe, ...]:
        """One promise."""
        return (self._probe,)

    def open(self, spec: SandboxSpec) -> AbstractAsyncContextManager[Sandbox]:
        """Never called."""
        raise NotImplementedError

    async def sweep(self, run: str | None = None) -> list[str]:
        """Nothing to sweep."""
        return []


def table(*, docker: bool, bubblewrap: bool) -> dict[str, Callable[[], Backend]]:
    """Two fakes in the order of the real ones."""
    return {
        "docker": lambda: FakeBackend("docker", kept=docker),
        "bubblewrap": lambda: FakeBackend("bubblewrap", kept=bubblewrap),
    }


@pytest.mark.parametrize(("docker", "expected"), [(True, "docker"), (False, "bubblewrap")])
async def test_auto(monkeypatch: pytest.MonkeyPatch, docker: bool, expected: str) -> None:
    """Docker where its engine answers, else bubblewrap."""
    monkeypatch.setattr("sandbox.backends.BACKENDS", table(docker=docker, bubblewrap=True))
    assert (await choose("auto")).name == expected


async def test_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither works, what is missing for both is said, and what to do."""
    monkeypatch.setattr("sandbox.backends.BACKENDS", table(docker=False, bubblewrap=False))
    with pytest.raises(SandboxUnavailable) as raised:
        await choose()
    assert raised.value.remedy.split("\n") == [
        "docker: played",
        "    -> install docker",
        "  bubblewrap: played",
        "    -> install bubblewrap",
    ]


async def test_a_named_backend_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for one backend never gets the other silently."""
    monkeypatch.setattr("sandbox.backends.BACKENDS", table(docker=False, bubblewrap=True))
    with pytest.raises(SandboxUnavailable, match="docker"):
        await choose("docker")
    with pytest.raises(SandboxUnavailable, match="podman"):
        await choose("podman")


async def test_every_broken_promise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that is there and can't keep all of its promises is refused with each of those, and what to do."""

    class Weak(FakeBackend):
        """One that keeps one promise of three."""

        async def probe(self) -> tuple[Probe, ...]:
            """Three promises."""
            kept = Probe(promise="it is there", kept=True, detail="version 1")
            weak = (
                Probe(promise=f"{what} is limited", kept=False, detail=f"no {what}", remedy=f"buy {what}")
                for what in ("time", "space")
            )
            return (kept, *weak)

    monkeypatch.setattr("sandbox.backends.BACKENDS", {"docker": lambda: Weak("docker", kept=False)})
    with pytest.raises(SandboxUnavailable) as raised:
        await required("docker")
    assert raised.value.what == (
        'docker can\'t keep the promise "time is limited": no time; nor "space is limited": no space'
    )
    assert raised.value.remedy == "buy time; buy space"


async def test_an_engine_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an engine the Docker backend says so in a probe, with what to do."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxUnavailable, match="no Docker engine answers"):
        await choose("docker")


def test_probes_of_a_weak_engine() -> None:
    """A limit that the engine can't hold is a broken promise with a remedy."""
    weak = docker_probes({"OSType": "linux", "SecurityOptions": [], "MemoryLimit": False, "PidsLimit": True})
    broken = {probe.promise for probe in weak if not probe.kept}
    assert broken == {"the engine's seccomp profile is on", "memory is limited", "CPU time is limited"}
    assert all(probe.remedy for probe in weak if not probe.kept)


def test_the_images_tag() -> None:
    """The default image's tag follows its Dockerfile and its base."""
    text = default_dockerfile()
    assert "ARG BASE" in text
    assert len({image_tag(text, "a"), image_tag(text, "b"), image_tag(text + "\n", "a")}) == 3


def test_a_missing_supervisor(tmp_path: Path) -> None:
    """A program without its supervisor says how to get it; one installed under a strict umask is made readable."""
    with pytest.raises(SandboxUnavailable, match="C compiler"):
        supervisor_binary(tmp_path / "none")
    strict = tmp_path / "supervisor"
    strict.touch(mode=0o700)
    assert supervisor_binary(strict).stat().st_mode & 0o777 == 0o755
