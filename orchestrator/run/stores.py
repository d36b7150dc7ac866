"""The store of what the runs made, after a crash, a power cut or a hand that removed it: what is left of a run."""

from __future__ import annotations

from anyio import to_thread

from agents.events import StoreRemade
from orchestrator.airlock import refs
from orchestrator.airlock.broken_refs import remove_broken_refs
from orchestrator.airlock.errors import GitFailed
from orchestrator.airlock.fetching import copy_objects
from orchestrator.airlock.store import list_refs
from orchestrator.run.attempt import whole
from orchestrator.run.context import RunContext


async def mend_store(ctx: RunContext) -> None:
    """See that what landed is there before the run goes on, or have it made again; raises GitFailed, sqlite3.Error.

    What the hub lacks comes back from the branches that the run published, where it did.
    """
    await to_thread.run_sync(_drop_broken_refs, ctx)
    tip = ctx.state.tip
    if tip == ctx.base_commit or await whole(ctx, tip):
        return
    await to_thread.run_sync(_fetch_published, ctx)
    landed = {task.id: task.landed for task in ctx.state.tasks.values() if task.landed is not None}
    there = {task: commit for task, commit in landed.items() if await whole(ctx, commit)}
    best = tip if await whole(ctx, tip) else await to_thread.run_sync(_newest, ctx, list(there.values()))
    lost = [task for task in landed if task not in there]
    why = f"what landed up to {tip[:12]} was not in the store of the runs, or broken"
    await to_thread.run_sync(_reset_main, ctx, best)
    came = "all of it came back from the run's published branches" if not lost else f"begun anew: {', '.join(lost)}"
    ctx.say(f"note: {why}; {came}")
    await ctx.journal.recorder().record(StoreRemade(tip=best, lost=lost, why=why))


def _drop_broken_refs(ctx: RunContext) -> None:
    prefixes = (f"refs/heads/mimo/{ctx.run}", f"refs/mimo/runs/{ctx.run}")
    for ref in remove_broken_refs(ctx.hub.directory, prefixes):
        ctx.say(f"note: {ref} was torn in the store of the runs, and is gone")


def _fetch_published(ctx: RunContext) -> None:
    source = ctx.repository
    published = list_refs(source.git, f"refs/heads/mimo/{ctx.run}/")
    for oid in set(published.values()):
        try:
            copy_objects(
                ctx.hub.git,
                source.common_dir,
                [oid],
                config=("fetch.fsckObjects=false",),
                env={"GIT_CONFIG_GLOBAL": str(ctx.base_store.trusting())},
            )
        except GitFailed:
            continue  # the user's branch is broken too


def _newest(ctx: RunContext, commits: list[str]) -> str:
    """The one that holds the others; the base where there is none."""
    depth = {oid: int(ctx.hub.git.line(["rev-list", "--count", f"{ctx.base_commit}..{oid}"])) for oid in commits}
    return max(depth, key=lambda oid: depth[oid], default=ctx.base_commit)


def _reset_main(ctx: RunContext, tip: str) -> None:
    ref = refs.run_main(ctx.run)
    there = ctx.hub.read(ref)
    if there is not None and there != tip:
        ctx.hub.delete(ref, old=there)
