"""Landing some tasks of a held run, or taking landed ones back: their changes made anew on the base and tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from anyio import to_thread

from agents.events import ChangeReverted, RunEnded, RunStatus, TaskEnded
from orchestrator.airlock import commits
from orchestrator.airlock.errors import readable
from orchestrator.airlock.merge import Merged, merge_on, revert
from orchestrator.airlock.messages import Trailer, compose, parse_trailers
from orchestrator.airlock.publish import Target
from orchestrator.airlock.repository import Base
from orchestrator.errors import CannotRun, UsageProblem
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from orchestrator.run.lease import turn
from orchestrator.run.publishing import publish_branches
from orchestrator.run.split import whole
from orchestrator.run.verification import verify

_TAKES_BACK = "This reverts commit {}."
"""The line by which a commit that takes a task back names the one that landed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A task's landed commit, and the commit on the base that it became or that takes it back."""

    task: str
    landed: str
    commit: str = ""


async def land_tasks(ctx: RunContext, tasks: Sequence[str]) -> None:
    """Land some of a held run's tasks on the base, in the order of the run's main branch.

    Raises UsageProblem for a task that is not ready, CannotRun where the base can't take them.
    """
    async with turn(ctx.landing_lock):
        base = await _base(ctx)
        steps = [_Step(task=task, landed=_ready(ctx, task)) for task in tasks]
        order = await _history(ctx, ctx.base_commit, ctx.state.tip)
        steps.sort(key=lambda step: order.index(step.landed))
        done = await _made_anew(ctx, base, steps, back=False)
        moved = await _move(ctx, base, done[-1].commit)
    for step in done:
        await ctx.journal.recorder(step.task).record(TaskEnded(state="landed", commit=step.commit))
    for task in whole(ctx.state):
        await ctx.journal.recorder(task).record(TaskEnded(state="landed", why=ctx.state.tasks[task].why))
    await _end(ctx, moved)


async def take_back(ctx: RunContext, tasks: Sequence[str]) -> None:
    """Take landed tasks back from the base, the newest first; raises as `land_tasks`."""
    async with turn(ctx.landing_lock):
        base = await _base(ctx)
        landed, taken_back = await _landed_on(ctx, base)
        untold = [taken_back[task] for task in tasks if task in taken_back and not ctx.state.tasks[task].reverted]
        there = {*landed, *(step.task for step in untold)}
        missing = [task for task in tasks if task not in there]
        if missing:
            raise UsageProblem(f"{missing[0]} of {ctx.run} is not on {base.branch}: there is nothing to take back")
        steps = [_Step(task=task, landed=landed[task]) for task in reversed(landed) if task in tasks]
        done = await _made_anew(ctx, base, steps, back=True)
        moved = await _move(ctx, base, done[-1].commit if done else base.commit)
        # Those first that a process took back which a crash kept from journalling it.
        done = [*untold, *done]
    for step in done:
        await ctx.journal.recorder(step.task).record(ChangeReverted(landed=step.landed, commit=step.commit))
    await _end(ctx, moved)


def _ready(ctx: RunContext, task: str) -> str:
    progress = ctx.state.tasks[task]
    if progress.landed is None or progress.state not in {"ready", "merged"}:
        raise UsageProblem(f"{task} of {ctx.run} is {progress.state}, not ready to land")
    return progress.landed


async def _base(ctx: RunContext) -> Base:
    base = await to_thread.run_sync(ctx.repository.base, ctx.base_branch)
    await to_thread.run_sync(ctx.base_store.fetch, ctx.repository, base.commit)
    return base


async def _history(ctx: RunContext, older: str, newer: str) -> list[str]:
    """The commits between two, oldest first."""
    command = ["rev-list", "--reverse", "--topo-order", f"{older}..{newer}"]
    return (await to_thread.run_sync(ctx.hub.git.run, command)).decode().split()


async def _landed_on(ctx: RunContext, base: Base) -> tuple[dict[str, str], dict[str, _Step]]:
    """The newest landed commit of each task that is on the base, oldest first, and what took the other tasks back.

    The commits say it themselves, by their trailers and, those that take back, by their words.
    """
    landed: dict[str, str] = {}
    taken_back: dict[str, _Step] = {}
    for oid in await _history(ctx, ctx.base_commit, base.commit):
        message = (await to_thread.run_sync(commits.read_commit, ctx.hub, oid)).message
        trailers = parse_trailers(message)
        if trailers.get(Trailer.RUN) != ctx.run:
            continue
        if Trailer.TASK in trailers:
            task = trailers[Trailer.TASK]
            landed.pop(task, None)
            landed[task] = oid
            taken_back.pop(task, None)
            continue
        for task, commit in list(landed.items()):
            if _TAKES_BACK.format(commit).encode() in message.splitlines():
                taken_back[task] = _Step(task=task, landed=landed.pop(task), commit=oid)
    return landed, taken_back


async def _made_anew(ctx: RunContext, base: Base, steps: Sequence[_Step], *, back: bool) -> list[_Step]:
    """Each change on top of the one before, starting from the base; the last tree is tested; raises CannotRun."""
    tip, tree = base.commit, ""
    done = []
    for step in steps:
        info = await to_thread.run_sync(commits.read_commit, ctx.hub, step.landed)
        change = (
            partial(revert, ctx.hub, landed=step.landed, tip=tip)
            if back
            else partial(merge_on, ctx.hub, base=info.parents[0], ours=tip, theirs=step.landed)
        )
        merged = await to_thread.run_sync(change)
        _require_clean(ctx, base, step, merged)
        tree = merged.tree
        if tree == await ctx.tree_of(tip):
            # It is there, or gone: by hand, or by a process that a crash kept from journalling it.
            done.append(replace(step, commit=tip))
            continue
        message = _takes_back(ctx, step, info) if back else info.message.decode(errors="replace")
        tip = await to_thread.run_sync(partial(_commit, ctx, tree, tip, message))
        done.append(replace(step, commit=tip))
    if tip != base.commit:
        tested = await verify(
            ctx, ctx.journal.recorder(), task="merge", commit=base.commit, tree=tree, commands=ctx.plan.verify
        )
        if not tested.green:
            raise CannotRun(f"the tests are red on the result, so {base.branch} was not moved", tested.report)
    return done


def _require_clean(ctx: RunContext, base: Base, step: _Step, merged: Merged) -> None:
    if not merged.clean:
        paths = ", ".join(readable(conflict.path) for conflict in merged.conflicts)
        raise CannotRun(
            f"{step.task} conflicts with {base.branch} in {paths}; {base.branch} was not moved",
            f"do it by hand, starting from: git show {step.landed[:12]}",
        )


def _takes_back(ctx: RunContext, step: _Step, info: commits.CommitInfo) -> str:
    subject = info.message.decode(errors="replace").splitlines()[0]
    trailers = {Trailer.RUN: ctx.run, Trailer.JOURNAL: ctx.journal.head}
    return compose(f'Revert "{subject}"', _TAKES_BACK.format(step.landed), trailers)


def _commit(ctx: RunContext, tree: str, parent: str, message: str) -> str:
    return commits.commit(ctx.hub, tree=tree, parents=[parent], message=message, author=ctx.author, when=now())


async def _move(ctx: RunContext, base: Base, goal: str) -> str:
    result = await publish_branches(ctx, Target(base=base, commit=goal))
    if not result.moved:
        raise CannotRun(f"{base.branch} was not moved", result.why_not or "its checkout is in the way")
    return goal


async def _end(ctx: RunContext, base_after: str) -> None:
    states = {task.state for task in ctx.state.tasks.values()}
    status: RunStatus = "done" if states <= {"landed"} else "partial"
    await ctx.journal.recorder().record(RunEnded(status=status, base_after=base_after, moved=True))
