"""A plan without tasks: the coordinator makes them, and what it made is kept, shown, and from then on the run's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from ruamel.yaml.error import YAMLError

from agents.errors import CredentialsRefused
from agents.events import PlanMade, RunStatus
from agents.results import Coordination
from orchestrator.airlock.errors import AirlockError
from orchestrator.plan.models import MAIN, Task
from orchestrator.plan.proposal import ProposalRefused, planned
from orchestrator.plan.writing import with_tasks
from orchestrator.run.context import RunContext
from orchestrator.run.coordinator import Counsel, consult
from sandbox.errors import SandboxError

_BY_ENDING: dict[str, RunStatus] = {
    "failed": "failed",
    "limit": "stopped",
    "parked": "stopped",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """The run has no tasks and so ends: how, and why."""

    status: RunStatus
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The tasks, and why they are these."""

    tasks: tuple[Task, ...]
    why: str

    def into(self, source: str) -> str:
        """The text of a plan file with these tasks in it; raises YAMLError."""
        return with_tasks(source, [document_of(task) for task in self.tasks])


async def plan_run(ctx: RunContext) -> Unplanned | None:
    """Have the tasks of the run made, journalled and saved; raises sqlite3.Error."""
    made = await make_tasks(ctx)
    if isinstance(made, Unplanned):
        return made
    await ctx.journal.recorder().record(
        PlanMade(source="coordinator", tasks=[document_of(task) for task in made.tasks], why=made.why)
    )
    ctx.plan = ctx.plan.model_copy(update={"tasks": made.tasks})
    try:
        await to_thread.run_sync(partial(_save, ctx, made))
        ctx.say(f"the plan is saved as {ctx.saved_plan}")
    except (OSError, YAMLError) as error:
        # It is in the journal all the same; the file is for reading.
        ctx.say(f"note: the plan could not be saved at {ctx.saved_plan}: {error}")
    return None


async def make_tasks(ctx: RunContext) -> Made | Unplanned:
    """Ask the coordinator for tasks; a fault of the machine or a bad key is kept as the run's trouble."""
    left = ctx.left_off.pop(None, None)
    ended = left.where.ended if left is not None else None
    begun = left.where.attempt if left is not None and (ended is None or ended.outcome != "failed") else 0
    try:
        counsel = await consult(
            ctx,
            task=MAIN,
            number=begun or ctx.state.plannings + 1,
            left=left,
            ended=ended,
            goal=_goal(ctx),
            commit=ctx.base_commit,
            accept=partial(_accepted, ctx),
            recorder=ctx.journal.recorder(),
            budget=ctx.budget,
        )
    except (SandboxError, AirlockError, CredentialsRefused, OSError) as error:
        ctx.trouble = error
        return Unplanned(status="stopped", why=str(error))
    return _made(counsel)


def document_of(task: Task) -> dict[str, object]:
    """A task as a plan file would have it, and as the journal keeps it."""
    return task.model_dump(mode="json", by_alias=True, exclude_none=True)


def _made(counsel: Counsel) -> Made | Unplanned:
    if counsel.answer is None:
        ended = counsel.outcome.ended
        return Unplanned(status=_BY_ENDING[ended], why=f"the coordinator made no plan: {counsel.outcome.why}")
    if not counsel.tasks:
        return Unplanned(status="failed", why=f"the coordinator gave up: {counsel.answer.why}")
    return Made(tasks=counsel.tasks, why=counsel.answer.why)


def _accepted(ctx: RunContext, answer: Coordination) -> tuple[Task, ...]:
    if answer.decision == "another approach":
        raise ProposalRefused("there are no tasks yet that could be approached in another way: hand over tasks")
    return planned(answer.tasks, ctx.policy, own=ctx.users_commands) if answer.tasks else ()


def _goal(ctx: RunContext) -> str:
    limits, verify = ctx.plan.limits, ctx.plan.verify
    return "\n".join(
        [
            'Decompose the goal of the run into tasks. Answer with the decision "tasks", or "give up".',
            f"- At most {limits.parallel} tasks run at once; all of them together have {limits.steps} steps.",
            "- An editor's change is looked at by a tester and a reviewer before it lands.",
            f"- On the merged tree must pass: {'; '.join(verify)}"
            if verify
            else "- Nothing is run on the merged tree.",
        ]
    )


def _save(ctx: RunContext, made: Made) -> None:
    ctx.saved_plan.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ctx.saved_plan.write_text(made.into(ctx.state.plan_source), encoding="utf-8")
