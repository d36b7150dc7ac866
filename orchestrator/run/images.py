"""The image of a run's sandboxes: there already, pulled, or built, with the user told what takes so long."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

from anyio import to_thread

from orchestrator.run.caches import Caches
from orchestrator.run.recipe import Recipe
from sandbox.docker import DockerBackend
from sandbox.sandbox import Backend

_STEP = re.compile(r"Step \d+/\d+ : ")


async def ensure_image(
    recipe: Recipe, backend: Backend, caches: Caches, *, journalled: str | None = None
) -> str | None:
    """The image of the recipe, made or fetched if need be; None for a backend without images.

    A run that goes on has the one that it began with, while that is there. Raises SandboxUnavailable, UsageProblem.
    """
    if not isinstance(backend, DockerBackend):
        if recipe.image or recipe.dockerfile:
            caches.say(f"note: {backend.name} runs commands on this machine's own /usr, not on the plan's image")
        return None
    if journalled is not None and await backend.has_image(journalled):
        return journalled
    if recipe.image is not None:
        await backend.pull_image(recipe.image, caches.say)
        return recipe.image
    build = None if recipe.build is None else await to_thread.run_sync(recipe.build)
    with_progress = Building(recipe.dockerfile or "the default image", caches.say)
    tag = await backend.ensure_image(
        build,
        made_by=caches.maker,
        alone=partial(caches.alone, what=f"the image of {recipe.dockerfile or 'the default'}"),
        progress=with_progress.line,
    )
    with_progress.done(tag)
    return tag


class Building:
    """A build as the user sees it: that it goes on, its steps, how long it took. Nothing where nothing is built."""

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        """Nothing is said before the first line."""
        self._what = what
        self._say = say
        self._began: float | None = None

    def line(self, line: str) -> None:
        """A line of the engine's; it comes from another thread."""
        if self._began is None:
            self._began = time.monotonic()
            self._say(f"building an image from {self._what}" if "/" in self._what else f"building {self._what}")
        if _STEP.match(line):
            self._say(f"  {' '.join(line.split())[:100]}")

    def done(self, tag: str) -> None:
        """It is built, or was there."""
        if self._began is not None:
            self._say(f"built {tag} in {time.monotonic() - self._began:.0f} s")
