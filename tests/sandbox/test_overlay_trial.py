"""Which kind of worktree can be had is found out by making one, and said with its reason."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sandbox.backends import BACKENDS
from sandbox.bubblewrap import BubblewrapBackend
from sandbox.docker import DockerBackend
from sandbox.errors import SandboxUnavailable
from sandbox.overlay import volume_options
from sandbox.overlay_trial import overlay_probe, works
from sandbox.sandbox import Probe, Sandbox, SandboxSpec
from tests.contracts.sandbox.test_ordinary_user import as_user, usable_python


@pytest.mark.skipif(os.getuid() != 0, reason="with an engine of root's, only root can remove what its overlay leaves")
@pytest.mark.parametrize("name", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
async def test_it_works_here(name: str, tmp_path: Path) -> None:
    """Both backends have overlays on this machine, and the trial leaves nothing."""
    probe = await overlay_probe(BACKENDS[name](), tmp_path)
    assert (probe.kept, probe.detail) == (True, "overlay")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - the test is asynchronous


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_it_works_for_an_ordinary_user(tmp_path: Path) -> None:
    """Bubblewrap mounts overlays without root, and what they leave can be removed."""
    place = tmp_path / "place"
    place.mkdir()
    os.chown(place, 12345, 12345)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent != Path("/tmp"):
            parent.chmod(0o755)
    script = (
        "import anyio, sys; from pathlib import Path; from sandbox.bubblewrap import BubblewrapBackend\n"
        "from sandbox.overlay_trial import overlay_probe\n"
        "print(anyio.run(overlay_probe, BubblewrapBackend(), Path(sys.argv[1])).detail)"
    )
    ran = as_user(usable_python(), "-c", script, str(place))
    assert (ran.stdout, ran.stderr) == ("overlay\n", "")
    assert list(place.iterdir()) == []


class Refusing(BubblewrapBackend):
    """A kernel, or a policy of the machine, that lets nobody mount an overlay; or one that mounts something else."""

    def __init__(self, *, silently: bool) -> None:
        self.silently = silently

    def open(self, spec: SandboxSpec) -> AbstractAsyncContextManager[Sandbox]:
        """Open what has no overlay."""
        if spec.lower is not None and not self.silently:
            raise SandboxUnavailable("Can't make overlay mount: Operation not permitted", "")
        return super().open(SandboxSpec(run="r", task="t", worktree=spec.worktree, base_objects=spec.base_objects))


@pytest.mark.parametrize(("silently", "why"), [(False, "Can't make overlay mount"), (True, "one that was tried")])
async def test_the_reason_is_said(tmp_path: Path, silently: bool, why: str) -> None:
    """Where it does not work, plain checkouts are made, which keeps the promise, and it is said why."""
    probe = await overlay_probe(Refusing(silently=silently), tmp_path)
    assert probe.kept
    assert not works(probe)
    assert probe.detail.startswith(f"plain checkouts, because {why}")


async def test_what_only_root_could_remove_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine of root's leaves a directory that an ordinary user can't remove: no overlay there, and no trial."""
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    probe = await overlay_probe(DockerBackend(), tmp_path)
    assert probe == Probe(
        promise="cheap worktrees",
        kept=True,
        detail="plain checkouts, because only root could remove what the engine's overlay leaves",
    )


@pytest.mark.parametrize("name", ["a,b", "a:b", "a\\\\b", 'a"b'])
def test_a_path_that_options_can_not_say(name: str) -> None:
    """A path that would end an option, and begin another, is refused."""
    with pytest.raises(ValueError, match="a path with"):
        volume_options(Path("/state") / name, Path("/lower"), read_only=False)
