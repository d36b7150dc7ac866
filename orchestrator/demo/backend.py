"""Where the demo's commands run: what is at hand at once comes first, what has to be built comes last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.demo.sample import TESTS_NEED
from sandbox.backends import none_of, required
from sandbox.docker import DockerBackend
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.trial import works_in

AUTO = "auto"


async def choose_backend(wanted: str, *, place: Path | None, say: Callable[[str], None]) -> str:
    """The name of the backend that is wanted, or of the first that opens a sandbox with Python in it.

    Docker comes first where its engine has our image already: building that takes minutes and a network.
    Worktrees are tried in `place`. Raises SandboxUnavailable with what each lacks.
    """
    lacks: dict[str, SandboxUnavailable] = {}
    for name in await _order() if wanted == AUTO else (wanted,):
        try:
            await _require(name, place, say)
        except SandboxUnavailable as error:
            lacks[name] = error
            continue
        for other, lack in lacks.items():
            say(f"note: {name} is taken, because {other} does not serve here: {lack.what}")
        return name
    raise none_of(lacks)


async def _order() -> tuple[str, ...]:
    try:
        _, _, built = await DockerBackend().default_image()
    except SandboxUnavailable:
        built = False
    return ("docker", "bubblewrap") if built else ("bubblewrap", "docker")


async def _require(name: str, place: Path | None, say: Callable[[str], None]) -> None:
    """Open a sandbox and look for what the sample's tests need; raises SandboxUnavailable."""
    backend = await required(name)
    if isinstance(backend, DockerBackend):
        if not (await backend.default_image())[2]:
            say("building the default image for Docker: once, for minutes, with a network")
        await backend.ensure_image(progress=say)
    try:
        found = await works_in(backend, TESTS_NEED, place)
    except SandboxLost as error:
        raise SandboxUnavailable(error.why, "see `mimo-orchestrate doctor`") from error
    if not found:
        raise SandboxUnavailable(
            "there is no python3 in the sandbox, and the tests of the demo are written in it",
            "install python3 below /usr",
        )
