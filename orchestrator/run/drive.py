"""A run from its first event to its last: the base is tested, the tasks are worked on, what landed is published."""

from __future__ import annotations

from functools import partial

from structlog.contextvars import bind_contextvars

from agents.errors import CredentialsRefused
from agents.events import RunEnded, RunStatus, TaskEnded, VerifiedBase
from orchestrator.airlock.errors import AirlockError
from orchestrator.journal.state import TaskState
from orchestrator.run.context import RunContext
from orchestrator.run.landing import Landing
from orchestrator.run.planning import plan_run
from orchestrator.run.publishing import Published, publish_run
from orchestrator.run.scheduler import SETTLED_WELL, Node, Scheduler
from orchestrator.run.split import back_in_seconds
from orchestrator.run.tasks import work_on
from orchestrator.run.verification import verify
from sandbox.errors import SandboxError
from sandbox.telling import Log

LOG = Log("task")


async def verify_base(ctx: RunContext) -> str | None:
    """Test the base, until it was green once; the report where it is red."""
    if ctx.state.base_green or not ctx.plan.verify:
        return None
    recorder = ctx.journal.recorder()
    tested = await verify(ctx, recorder, task="base", commit=ctx.base_commit, commands=ctx.plan.verify)
    why = None if tested.green else tested.report
    await recorder.record(VerifiedBase(commit=ctx.base_commit, green=tested.green, why=why))
    if tested.green:
        ctx.green_trees.add(await ctx.tree_of(ctx.base_commit))
    return why


async def drive(ctx: RunContext) -> None:
    """Work on every task that is not done, then publish and end the run; all that matters is in the journal."""
    if ctx.state.planned is None and (unplanned := await plan_run(ctx)) is not None:
        await end(ctx, unplanned.status, unplanned.why)
        return
    landing = Landing(ctx)
    await landing.open()
    scheduler = Scheduler(
        [
            Node(id=task.id, needs=task.needs, moves_main=task.writes)
            for task in ctx.plan.tasks
            if ctx.state.tasks[task.id].part_of is None
        ],
        parallel=ctx.plan.limits.parallel,
        work=lambda task: _work(ctx, landing, task),
        skip=lambda task, why: _skip(ctx, task, why),
        soon=lambda tasks, working: ctx.worksites.expect(tasks, landing.tip, working=working),
        back_in_seconds=partial(back_in_seconds, ctx),
        stopped=lambda: ctx.stopping() or ctx.state.run_limit_reached or ctx.trouble is not None,
    )
    done = {task.id: task.state for task in ctx.state.tasks.values() if task.state is not TaskState.PENDING}
    await scheduler.run(done)
    status, _ = _status(ctx)
    finished = status in {"done", "partial", "failed"}
    await finish(ctx, landing.tip, move_base=finished and ctx.plan.merge.mode == "auto")


async def end(ctx: RunContext, status: RunStatus, why: str) -> None:
    """End the run with nothing more published."""
    ended = RunEnded(status=status, why=why, base_after=ctx.state.base_after, moved=ctx.state.moved)
    await ctx.worksites.over()  # a sandbox tells at its end what it asked the network for, and nothing follows this
    await ctx.journal.recorder().record(ended)


async def _work(ctx: RunContext, landing: Landing, task_id: str) -> TaskState:
    """One task; a fault of the machine or a bad key parks it, and `resume` takes it up again."""
    bind_contextvars(task=task_id)  # its scheduler gives each a context of its own
    try:
        return await work_on(ctx, landing, ctx.plan.task(task_id))
    except (SandboxError, AirlockError, CredentialsRefused, OSError) as error:
        LOG.error("task.parked", error)
        ctx.trouble = ctx.trouble or error
        await ctx.journal.recorder(task_id).record(TaskEnded(state="waiting", why=str(error)))
        return TaskState.WAITING


async def _skip(ctx: RunContext, task_id: str, why: str) -> None:
    await ctx.journal.recorder(task_id).record(TaskEnded(state="skipped", why=why))


async def finish(ctx: RunContext, tip: str, *, move_base: bool) -> None:
    """Publish, with `move_base` move the base branch, and end the run."""
    published = await publish_run(ctx, tip, move_base=move_base)
    await _settle_tasks(ctx, published)
    status, why = _status(ctx)
    if move_base and published.why_not is not None:
        status = "partial"
    await ctx.worksites.over()
    await ctx.journal.recorder().record(
        RunEnded(
            status=status,
            why=why,
            base_after=published.base_after,
            moved=published.moved,
            why_not=published.why_not,
        )
    )


async def _settle_tasks(ctx: RunContext, published: Published) -> None:
    """What is merged has landed once it is on the base, and is ready until then."""
    for task in ctx.state.tasks.values():
        if task.state in {TaskState.MERGED, TaskState.READY}:
            ended = TaskEnded(state="landed" if published.on_base else "ready", why=task.why, commit=task.commit)
            await ctx.journal.recorder(task.id).record(ended)


def _status(ctx: RunContext) -> tuple[RunStatus, str | None]:
    tasks = ctx.state.tasks.values()
    if all(task.state in SETTLED_WELL for task in tasks):
        return "done", None
    if ctx.trouble is not None:
        return "stopped", str(ctx.trouble)
    if ctx.stopping():
        return "interrupted", "the user asked for it"
    parked = [f"{task.id} waits: {task.why}" for task in tasks if task.state is TaskState.WAITING]
    if ctx.state.limits_reached or parked:
        return "stopped", "; ".join(dict.fromkeys(ctx.state.limits_reached or parked))
    good = any(task.state in SETTLED_WELL for task in tasks)
    return ("partial" if good else "failed"), None
