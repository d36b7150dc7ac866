"""Tries the escapes of git: planted in a sandbox, then taken by the host through the airlock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from anyio import to_thread

from orchestrator.airlock.errors import AirlockError
from orchestrator.attack.git_escapes import GIT, GitEscape
from orchestrator.attack.git_site import Site, make_site, make_template
from sandbox.attacks.escape import Outcome, Verdict, outcome
from sandbox.attacks.runner import ORDINARY, try_batch
from sandbox.attacks.scene import Scene
from sandbox.attacks.together import together
from sandbox.errors import SnapshotTooLarge
from sandbox.sandbox import Backend, CommandResult, Record, Sandbox

Take = Callable[[Site, Sequence[Record]], None]
"""How the host takes an agent's work."""


async def try_git(
    backend: Backend, scene: Scene, escapes: Sequence[GitEscape] = GIT, *, take: Take = Site.land
) -> list[Outcome]:
    """Try each on a repository and in a sandbox of its own."""
    place = scene.directory / f"git-{backend.name}"
    try:
        await to_thread.run_sync(make_template, place / "template", scene.word)
    except AirlockError as error:
        return [outcome(escape, Verdict.NOT_TRIED, str(error)) for escape in escapes]
    return await together([partial(_try, backend, scene, place, escape, take) for escape in escapes])


async def _try(backend: Backend, scene: Scene, place: Path, escape: GitEscape, take: Take) -> Outcome:
    try:
        site = await to_thread.run_sync(make_site, place / "template", place / escape.name, scene.word)
    except AirlockError as error:
        return outcome(escape, Verdict.NOT_TRIED, str(error))
    tried = replace(escape, afterwards=partial(_take, site, escape, take))
    spec = replace(scene.spec("git", ORDINARY), worktree=site.worktree, base_objects=site.hub.base.objects)
    (found,) = await try_batch(backend, scene, spec, [tried], env=site.environment())
    return found


async def _take(
    site: Site, escape: GitEscape, take: Take, scene: Scene, sandbox: Sandbox, result: CommandResult
) -> str | None:
    site.canary.unlink(missing_ok=True)  # setting the trap may have sprung it, if the directory could be reached
    try:
        records = [record async for record in sandbox.snapshot()]
        await to_thread.run_sync(take, site, records)
    except (AirlockError, SnapshotTooLarge):
        return site.damage(escape, landed=False)
    return await to_thread.run_sync(partial(site.damage, escape, landed=True))
