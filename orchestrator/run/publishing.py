"""The end of a run: its branches go to the user's repository, and the base branch moves to what was verified."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from agents.events import FaultMet, PublishEnded, PublishStarted
from orchestrator.airlock import commits
from orchestrator.airlock.errors import RepositoryUnusable, readable
from orchestrator.airlock.merge import merge
from orchestrator.airlock.messages import Trailer, compose
from orchestrator.airlock.publish import PublishResult, Target, publish
from orchestrator.airlock.repository import Base
from orchestrator.airlock.standing import WhyNot
from orchestrator.airlock.store import RefChange, read_ref
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from orchestrator.run.lease import turn
from orchestrator.run.verification import verify

TRIES = 3
"""How often a base that moves under our hands is merged and verified anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where the base is now, whether it moved in this run, and why not; `on_base`: all that landed is on it."""

    base_after: str
    moved: bool
    why_not: str | None
    on_base: bool


class _Blocked(Exception):
    """The base can't take what landed; the message says why and what to do."""


async def publish_run(ctx: RunContext, tip: str, *, move_base: bool) -> Published:
    """Publish the run's branches and, with `move_base`, move the base to `tip`; raises AirlockError, SandboxError."""
    if not move_base or tip == ctx.base_commit:
        await publish_branches(ctx, None)
        nothing = tip == ctx.base_commit
        return Published(base_after=ctx.state.base_after, moved=False, why_not=None, on_base=nothing)
    async with turn(ctx.landing_lock):
        for _ in range(TRIES):
            try:
                base = await to_thread.run_sync(ctx.repository.base, ctx.base_branch)
                goal = await _on_top_of(ctx, base, tip)
            except (_Blocked, RepositoryUnusable) as blocked:
                await publish_branches(ctx, None)
                return Published(base_after=ctx.state.base_after, moved=False, why_not=str(blocked), on_base=False)
            result = await publish_branches(ctx, Target(base=base, commit=goal))
            if result.moved:
                return Published(base_after=goal, moved=True, why_not=None, on_base=True)
            if result.reason is not WhyNot.MOVED:
                break
    return Published(base_after=base.commit, moved=False, why_not=result.why_not, on_base=False)


async def _on_top_of(ctx: RunContext, base: Base, tip: str) -> str:
    """A commit that holds `tip` and to which the base can be fast-forwarded, verified as merged; raises _Blocked."""
    await to_thread.run_sync(ctx.base_store.fetch, ctx.repository, base.commit)
    if await _builds_on(ctx, tip, base.commit):
        return tip
    if await _builds_on(ctx, base.commit, tip):
        return base.commit
    await _require_nothing_comes_back(ctx, base)
    merged = await to_thread.run_sync(partial(merge, ctx.hub, ours=base.commit, theirs=tip))
    if not merged.clean:
        paths = ", ".join(readable(conflict.path) for conflict in merged.conflicts)
        raise _Blocked(f"{base.branch} moved meanwhile and conflicts with the run in {paths}; {_by_hand(ctx)}")
    if merged.tree not in ctx.green_trees:
        recorder = ctx.journal.recorder()
        commands = ctx.plan.verify
        tested = await verify(ctx, recorder, task="merge", commit=tip, tree=merged.tree, commands=commands)
        if not tested.green:
            raise _Blocked(f"{base.branch} moved meanwhile and the tests are red on the merge; {_by_hand(ctx)}")
        ctx.green_trees.add(merged.tree)
    return await to_thread.run_sync(partial(_merge_commit, ctx, base, tip, merged.tree))


async def _require_nothing_comes_back(ctx: RunContext, base: Base) -> None:
    """A task that was landed by itself and taken back is on the run's main branch still; raises _Blocked."""
    for task in ctx.state.tasks.values():
        if task.reverted is None or task.landed is None or await _builds_on(ctx, base.commit, task.landed):
            continue
        left = [each.id for each in ctx.state.tasks.values() if each.landed and each.state in {"merged", "ready"}]
        by_name = f"land the others by name: mimo-orchestrate merge {ctx.run} {' '.join(left)}".rstrip()
        raise _Blocked(f"{task.id} was taken back from {base.branch}, and would come back with the rest; {by_name}")


async def _builds_on(ctx: RunContext, later: str, earlier: str) -> bool:
    command = ["merge-base", "--is-ancestor", earlier, later]
    return not (await to_thread.run_sync(ctx.hub.git.attempt, command)).code


def _by_hand(ctx: RunContext) -> str:
    return f"merge it by hand: git merge mimo/{ctx.run}/main"


def _merge_commit(ctx: RunContext, base: Base, tip: str, tree: str) -> str:
    trailers = {Trailer.RUN: ctx.run, Trailer.JOURNAL: ctx.journal.head}
    return commits.commit(
        ctx.hub,
        tree=tree,
        parents=[base.commit, tip],
        message=compose(f"Merge {ctx.plan.name} into {base.branch}", "", trailers),
        author=ctx.author,
        when=now(),
    )


async def publish_branches(ctx: RunContext, target: Target | None) -> PublishResult:
    """Publish the run's branches and move the base where a target is given, journalled before and after."""
    there = await to_thread.run_sync(ctx.hub.refs, f"refs/heads/mimo/{ctx.run}/")
    changes = await to_thread.run_sync(_changes, ctx, there)
    recorder = ctx.journal.recorder()
    await recorder.record(
        PublishStarted(
            refs=there,
            base_branch=target.base.branch if target else None,
            base_before=target.base.commit if target else None,
            base_after=target.commit if target else None,
        )
    )
    result = await to_thread.run_sync(partial(publish, ctx.repository, ctx.hub, changes, target=target))
    left = [FaultMet(where=f"publishing {ref}", why=why, retryable=False) for ref, why in result.left.items()]
    ended = PublishEnded(refs=dict(result.refs), moved=result.moved, why_not=result.why_not)
    await recorder.record(*left, ended)
    return result


def _changes(ctx: RunContext, there: dict[str, str]) -> list[RefChange]:
    """Each of our branches from where we left it, or may have left it in a crash, to where it is in the hub."""
    changes = []
    for ref, oid in there.items():
        ours = (ctx.state.published.get(ref), ctx.state.intended.get(ref))
        actual = read_ref(ctx.repository.git, ref)
        changes.append(RefChange(ref=ref, old=actual if actual in ours else ours[0], new=oid))
    return changes
