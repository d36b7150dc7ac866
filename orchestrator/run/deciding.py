"""What becomes of a task whose attempt failed for good: the coordinator decides, and its reason is journalled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from agents.agent import Outcome
from agents.assignment import Note
from agents.events import Choice, DecisionMade
from agents.recorder import Recorder
from agents.results import Coordination
from orchestrator.plan.models import Task
from orchestrator.plan.proposal import parts_of
from orchestrator.run.assignments import findings
from orchestrator.run.budget import TimedBudget
from orchestrator.run.context import RunContext
from orchestrator.run.coordinator import consult
from orchestrator.run.left_off import LeftOff
from orchestrator.run.planning import document_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An attempt that failed for good: its number, how many may still be made, and why; `commit` is where it began."""

    attempt: int
    attempts_left: int
    why: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The coordinator's word; `advice` goes with another approach, `parts` with a split."""

    choice: Choice
    why: str
    advice: str = ""
    parts: tuple[Task, ...] = ()


async def decide(
    ctx: RunContext,
    task: Task,
    failure: Failure,
    *,
    recorder: Recorder,
    budget: TimedBudget,
    left: LeftOff | None = None,
) -> Decided | Outcome | None:
    """The decision, journalled; or how the coordinator ended without one; None where the plan has no model for it.

    Raises SandboxError, AirlockError, CredentialsRefused.
    """
    if not ctx.plan.models_of("coordinator"):
        return None

    counsel = await consult(
        ctx,
        task=task.id,
        number=failure.attempt,
        goal=_goal(ctx, task, failure),
        commit=failure.commit,
        accept=partial(_parts, ctx, task, failure),
        recorder=recorder,
        budget=budget,
        reasons=(Note(source=f"attempt {failure.attempt} of {task.id}", kind="attempt", text=failure.why),),
        findings=findings(ctx, task),
        left=left,
        ended=left.where.deciding if left is not None and left.where.attempt == failure.attempt else None,
    )
    if counsel.answer is None:
        return counsel.outcome
    decided = _decided(counsel.answer, counsel.tasks)
    await recorder.record(_made(decided, failure.attempt))
    if decided.parts:
        ctx.plan = ctx.plan.model_copy(update={"tasks": (*ctx.plan.tasks, *decided.parts)})
    return decided


def _made(decided: Decided, attempt: int) -> DecisionMade:
    return DecisionMade(
        agent=f"coordinator.{attempt}",
        attempt=attempt,
        choice=decided.choice,
        why=decided.why,
        advice=decided.advice,
        parts=[document_of(part) for part in decided.parts],
    )


def _parts(ctx: RunContext, task: Task, failure: Failure, answer: Coordination) -> tuple[Task, ...]:
    """The tasks of a split; raises ProposalRefused."""
    if not answer.tasks:
        return ()
    taken, policy = ctx.state.tasks.keys(), ctx.policy_of(task.id, task.role)
    return parts_of(task, answer.tasks, policy, attempts=failure.attempts_left, taken=taken)


def _decided(answer: Coordination, parts: tuple[Task, ...]) -> Decided:
    if answer.decision == "tasks":
        return Decided(choice="split", why=answer.why, parts=parts)
    return Decided(choice=answer.decision, why=answer.why, advice=answer.advice)


def _goal(ctx: RunContext, task: Task, failure: Failure) -> str:
    times = "once" if failure.attempts_left == 1 else f"{failure.attempts_left} times"
    lines = [
        f"An attempt at the task {task.id} failed for good. Its goal:",
        task.goal,
        "",
        f"The repository is as the attempt left it. It was the work of one {task.role}"
        + (f" that may change {', '.join(task.paths)}." if task.paths else "."),
        *([f"It has to pass: {'; '.join(task.verify)}"] if task.verify else []),
        f"It may be tried {times} more, from the beginning. Decide:",
        '- "another approach": the same goal again, with your `advice` on how to go about it;',
        f'- "tasks": a split into parts that go one after the other (leave `needs` out), of the role {task.role};',
        '- "give up": it can\'t be done; the tasks that need it are left out.',
    ]
    return "\n".join(lines)
