"""Both backends, tried: which of them open a sandbox here, and which one `auto` takes."""

from __future__ import annotations

from pathlib import Path

from orchestrator.doctor.finding import Condition, Finding, missing, note, ok
from sandbox.backends import BACKENDS, choose
from sandbox.bubblewrap import BubblewrapBackend
from sandbox.docker import DockerBackend
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.image import LOCAL_BASE
from sandbox.overlay_trial import overlay_probe
from sandbox.sandbox import Backend, Probe
from sandbox.trial import works_in


async def the_sandboxes(place: Path | None) -> tuple[str | None, list[Finding]]:
    """The backend that a run would take, None where there is none, and what was found of both.

    What only one of them lacks is worth a note where the other works. Worktrees are tried in `place`.
    """
    found = {"docker": await _docker(place), "bubblewrap": await _bubblewrap(place)}
    works = [name for name in BACKENDS if not any(each.condition is Condition.MISSING for each in found[name])]
    chosen = await _automatic()
    every = [_lowered(each) if works else each for name in BACKENDS for each in found[name]]
    return chosen if chosen in works else None, [*every, _choice(chosen, works)]


def _choice(chosen: str | None, works: list[str]) -> Finding:
    if chosen in works:
        return ok("backend", f"a run takes {chosen}")
    if works:
        return note("backend", f"a run would take {chosen}, which does not work", f"run with --backend {works[0]}")
    return missing("backend", "no sandbox can be had", "mend one of the two: either is enough")


def _lowered(finding: Finding) -> Finding:
    if finding.condition is not Condition.MISSING:
        return finding
    return note(finding.name, finding.found, finding.remedy)


async def _automatic() -> str | None:
    try:
        return (await choose()).name
    except SandboxUnavailable:
        return None


async def _docker(place: Path | None) -> list[Finding]:
    backend = DockerBackend()
    probes = [_probed("docker", probe) for probe in await backend.probe()]
    if any(finding.condition is Condition.MISSING for finding in probes):
        return probes
    return [*probes, *await _image(backend, place)]


async def _image(backend: DockerBackend, place: Path | None = None) -> list[Finding]:
    """The default image; where it is built, a container of it is opened."""
    try:
        tag, base, built = await backend.default_image()
        if built:
            opens = await _container(backend, place)
            return [*await _with_worktrees(backend, place, [opens]), ok("image", f"{tag} is built")]
        here = await backend.has_image(base)
    except SandboxUnavailable as error:
        return [missing("image", error.what, error.remedy)]
    if here:
        return [ok("image", f"the default one is built at its first use, from {base}, which is here")]
    remedy = f"let the engine reach a registry (docker pull {base}), or make {LOCAL_BASE} with scripts/build-base"
    return [note("image", f"the default one is built at its first use, from {base}, which is not here yet", remedy)]


async def _container(backend: DockerBackend, place: Path | None) -> Finding:
    try:
        if await works_in(backend, "true", place):
            return ok("docker", "a container opens")
    except SandboxUnavailable as error:
        return missing("docker", error.what, error.remedy)
    except SandboxError as error:
        return missing("docker", str(error))
    return missing("docker", "a container opens, but no command runs in it")


async def _bubblewrap(place: Path | None) -> list[Finding]:
    backend = BubblewrapBackend()
    return await _with_worktrees(backend, place, [_probed("bubblewrap", probe) for probe in await backend.probe()])


async def _with_worktrees(backend: Backend, place: Path | None, found: list[Finding]) -> list[Finding]:
    """How worktrees would be made in `place`, behind what was found of a backend; nothing where it does not work."""
    if any(finding.condition is Condition.MISSING for finding in found):
        return found
    return [*found, _probed(backend.name, await overlay_probe(backend, place))]


def _probed(name: str, probe: Probe) -> Finding:
    if probe.kept:
        told = f"{probe.promise}: {probe.detail}"
        return ok(name, told) if probe.remedy is None else note(name, told, probe.remedy)
    return missing(name, probe.detail, probe.remedy)
