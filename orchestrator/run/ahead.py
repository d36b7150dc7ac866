"""Worksites that begin before they are needed, and end when nobody waits for it any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup
from structlog.contextvars import bind_contextvars

from orchestrator.airlock.errors import AirlockError
from orchestrator.run.context import RunContext
from orchestrator.run.worksite import worksite
from sandbox.errors import SandboxError
from sandbox.names import fresh_name
from sandbox.sandbox import Sandbox
from sandbox.starting import StartingSandbox

MOST_AHEAD = 2
"""Sandboxes that wait idle for a task to start, at most: each holds some megabytes and its worktree."""

MOST_ENDING = 8
"""Sandboxes that are being removed while new ones start; more, and the engine is slower than the work."""

LAST_SECONDS = 60.0
"""How long the end of a run waits for those that are being removed before it is journalled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which files a worksite has, and for whom; one that was begun for another place serves nobody."""

    task: str
    commit: str
    tree: str
    read_only: bool = False


Open: TypeAlias = Callable[[Place, str], AbstractAsyncContextManager[Sandbox]]
"""Opens a sandbox of that name at a place."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Site:
    """A worksite that somebody in the background holds open until it was left."""

    place: Place
    sandbox: StartingSandbox
    left: anyio.Event = field(default_factory=anyio.Event)
    starting: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: bool = False


class AheadWorksites:
    """The worksites of one run; each is opened and closed by a task of `group`."""

    def __init__(self, run: str, group: TaskGroup, *, opening: Open, tree_of: Callable[[str], Awaitable[str]]) -> None:
        self._run = run
        self._group = group
        self._opening = opening
        self._tree_of = tree_of
        self._expected: dict[str, _Site] = {}
        self._ending: set[_Site] = set()
        self._one_ended = anyio.Event()

    @asynccontextmanager
    async def at(
        self, task: str, commit: str, *, tree: str | None = None, read_only: bool = False
    ) -> AsyncIterator[StartingSandbox]:
        """A sandbox on a worktree of `commit`, with the files of `tree` where one is given.

        It starts at once, or has started already where it was expected. Leaving does not wait for its end.
        """
        tree = tree or await self._tree_of(commit)
        place = Place(task=task, commit=commit, tree=tree, read_only=read_only)
        while len(self._ending) >= MOST_ENDING:
            await self._one_ended.wait()
        with self._taken(place) as site:
            yield site.sandbox

    @contextmanager
    def _taken(self, place: Place) -> Iterator[_Site]:
        site = self._expected.pop(place.task, None)
        if site is not None and (site.place != place or site.sandbox.failed):
            self._leave(site)
            site = None
        site = site or self._begin(place)
        try:
            yield site
        finally:
            self._leave(site)

    async def expect(self, tasks: Sequence[str], commit: str, *, working: Collection[str] = ()) -> None:
        """Begin worksites on `commit` for the first of these tasks; what was begun for others, or elsewhere, goes.

        A task that is at work by now may not have come for its own yet.
        """
        tree = await self._tree_of(commit) if tasks else ""
        places = {task: Place(task=task, commit=commit, tree=tree) for task in tasks[:MOST_AHEAD]}
        for task, site in list(self._expected.items()):
            wanted = task in places or task in working
            if not wanted or site.place.commit != commit or site.sandbox.failed:
                self._leave(self._expected.pop(task))
        for task, place in places.items():
            if task not in self._expected:
                self._expected[task] = self._begin(place)

    def end(self) -> None:
        """Nobody comes any more: what is expected goes."""
        while self._expected:
            self._leave(self._expected.popitem()[1])

    async def over(self) -> None:
        """Nobody comes any more: what is expected goes, and what is ending is awaited for LAST_SECONDS."""
        self.end()
        with anyio.move_on_after(LAST_SECONDS):
            while self._ending:
                await self._one_ended.wait()

    def _begin(self, place: Place) -> _Site:
        site = _Site(place=place, sandbox=StartingSandbox(fresh_name(self._run, place.task)))
        self._group.start_soon(self._hold, site)
        return site

    def _leave(self, site: _Site) -> None:
        if not site.sandbox.settled:
            site.starting.cancel()
        site.left.set()
        if not site.over:
            self._ending.add(site)

    async def _hold(self, site: _Site) -> None:
        """Open a worksite and keep it until it was left; what keeps it from opening is told to whoever asks for it."""
        bind_contextvars(task=site.place.task, sandbox=site.sandbox.name)
        try:
            with site.starting:
                async with self._opening(site.place, site.sandbox.name) as sandbox:
                    site.sandbox.opened(sandbox)
                    await site.left.wait()
        except (SandboxError, AirlockError, OSError) as error:
            site.sandbox.given_up(error)
        finally:
            site.sandbox.given_up()
            site.over = True
            self._ending.discard(site)
            self._one_ended.set()
            self._one_ended = anyio.Event()


@asynccontextmanager
async def worksites(ctx: RunContext) -> AsyncIterator[None]:
    """Give a run its worksites; at the end every one of them is gone, those that are still ending awaited."""

    def opening(place: Place, name: str) -> AbstractAsyncContextManager[Sandbox]:
        return worksite(ctx, place.task, place.commit, tree=place.tree, read_only=place.read_only, name=name)

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        ahead = AheadWorksites(ctx.run, group, opening=opening, tree_of=ctx.tree_of)
        ctx.worksites = ahead
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it
            failure = error
        finally:
            ahead.end()
    if failure is not None:
        raise failure
