"""How the worktrees of a run are made: as overlays over one checkout of its base, or each a checkout of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from orchestrator.airlock.base_checkout import BaseCheckout, base_checkout, remove_checkouts
from orchestrator.airlock.included import lay_in
from orchestrator.airlock.overlay import prepare_overlay
from orchestrator.airlock.worktree import disk_faults, prepare_worktree
from orchestrator.run.bases import bases_in_use
from sandbox.identity import sandbox_uid
from sandbox.overlay import UPPER_NAME
from sandbox.overlay_trial import overlay_probe, works

if TYPE_CHECKING:
    from orchestrator.run.context import RunContext


PATIENCE_SECONDS = 2.0
"""How long a user may be left without a word."""


@dataclass(slots=True)
class Worktrees:
    """Makes a run's worktrees; which kind is found out at the first, and holds for the run."""

    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _decided: bool = False
    _checkout: BaseCheckout | None = None

    async def make(self, ctx: RunContext, task: str, directory: Path, commit: str, tree: str | None) -> Path | None:
        """Make a worktree at `directory`; gives the directory that it is an overlay over, None for a plain one.

        Raises AirlockError, OSError.
        """
        checkout = await self._base(ctx)
        make = (
            partial(prepare_worktree, ctx.hub, directory, base=ctx.base_commit)
            if checkout is None
            else partial(prepare_overlay, ctx.hub, directory, checkout, included=ctx.included.paths)
        )
        await to_thread.run_sync(partial(make, task=task, head=commit, tree=tree, owner_uid=sandbox_uid()))
        top = directory if checkout is None else directory / UPPER_NAME
        await to_thread.run_sync(partial(lay_in, ctx.included.files, top, owner_uid=sandbox_uid()))
        return None if checkout is None else checkout.files

    async def _base(self, ctx: RunContext) -> BaseCheckout | None:
        async with self._lock:
            if not self._decided:
                self._checkout = await self._decide(ctx)
                self._decided = True
            return self._checkout

    async def _decide(self, ctx: RunContext) -> BaseCheckout | None:
        ctx.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not works(await overlay_probe(ctx.backend, ctx.directory, image=ctx.image)):
            return None
        async with anyio.create_task_group() as group:
            group.start_soon(_tell, ctx)
            checkout = await to_thread.run_sync(_checkout, ctx)
            group.cancel_scope.cancel()
        return checkout


async def _tell(ctx: RunContext) -> None:
    await anyio.sleep(PATIENCE_SECONDS)
    ctx.say("laying out the files of the base (once for each base commit)")


def _checkout(ctx: RunContext) -> BaseCheckout:
    """The checkout of the run's base; those of bases that no run needs any more go, so that they never pile up."""
    state = ctx.hub.directory.parent
    with disk_faults(state):
        remove_checkouts(state, lambda: {*bases_in_use(state), ctx.base_commit})
        return base_checkout(ctx.hub, ctx.base_commit, owner_uid=sandbox_uid())
