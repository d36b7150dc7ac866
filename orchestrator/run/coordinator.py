"""Asking the coordinator: one conversation on a read-only worktree, its answer held against the rules until it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.agent import Outcome
from agents.assignment import Assignment, Note
from agents.events import AttemptEnded, FaultMet
from agents.recorder import Recorder
from agents.repetition import Stuck
from agents.results import Coordination, RoleResult
from orchestrator.plan.models import Task
from orchestrator.plan.proposal import ProposalRefused
from orchestrator.run.assignments import hosts
from orchestrator.run.budget import TimedBudget
from orchestrator.run.checkpoints import Checkpoints
from orchestrator.run.context import RunContext
from orchestrator.run.left_off import LeftOff
from orchestrator.run.rounds import Round, work_round

MOST_REFUSALS = 3
"""How often an answer with mistakes is sent back; who has not understood by then will not."""

MOST_STEPS = 40
"""Steps of one conversation: looking at a repository is not the work itself."""

Accept = Callable[[Coordination], tuple[Task, ...]]
"""The tasks that an answer makes, none where it decides otherwise; raises ProposalRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counsel:
    """What came of it: the answer and the tasks it makes, or no answer and an outcome that says why."""

    outcome: Outcome
    answer: Coordination | None = None
    tasks: tuple[Task, ...] = ()


class _Held:
    """Holds each answer against the rules; `tasks` are those of the one that fitted."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._refusals = 0
        self.tasks: tuple[Task, ...] = ()

    async def claim(self, result: RoleResult, _: Checkpoints | None = None) -> str | None:
        """What is wrong with an answer; raises Stuck where too many were wrong."""
        if not isinstance(result, Coordination):
            raise TypeError(f"a coordinator handed over {result!r}")
        try:
            self.tasks = self._accept(result)
        except ProposalRefused as refused:
            self._refusals += 1
            if self._refusals > MOST_REFUSALS:
                raise Stuck(f"its answer had mistakes {self._refusals} times, at last: {refused}") from refused
            return str(refused)
        return None


async def consult(
    ctx: RunContext,
    *,
    task: str,
    number: int,
    goal: str,
    commit: str,
    accept: Accept,
    recorder: Recorder,
    budget: TimedBudget,
    reasons: tuple[Note, ...] = (),
    findings: tuple[Note, ...] = (),
    left: LeftOff | None = None,
    ended: AttemptEnded | None = None,
) -> Counsel:
    """Have a coordinator look at `commit` and answer; `number` tells its conversations about a task apart.

    `left` holds the conversation where an earlier process left one on its way, `ended` how that one had ended.
    Raises SandboxError, AirlockError, CredentialsRefused.
    """
    held = _Held(accept)
    told = Assignment(
        role="coordinator",
        agent=f"coordinator.{number}",
        task=task,
        run_goal=ctx.plan.goal,
        task_goal=goal,
        attempt=number,
        findings=findings,
        instructions=ctx.memory.instructions,
        memory=ctx.memory.notes(ctx.plan.goal),
        reasons=reasons,
        hosts=hosts(ctx),
        max_steps=MOST_STEPS,
        context=ctx.plan.limits.context,
    )
    talk = left.talk(told.agent) if left is not None else None
    if talk is not None and ended is not None and ended.result is not None:
        handed = Coordination.model_validate(ended.result)
        why = await held.claim(handed)
        if why is None:
            outcome = Outcome(ended="finished", conversation=talk, result=handed)
            return Counsel(outcome=outcome, answer=handed, tasks=held.tasks)
        await _tell_stale(ctx, told, why, recorder)
    work = Round(assignment=told, commit=commit, keep=False, read_only=True, conversation=talk)
    finished = await work_round(ctx, work, recorder=recorder, budget=budget, claim=held.claim)
    answer = finished.outcome.result
    if not isinstance(answer, Coordination):
        return Counsel(outcome=finished.outcome)
    return Counsel(outcome=finished.outcome, answer=answer, tasks=held.tasks)


async def _tell_stale(ctx: RunContext, told: Assignment, why: str, recorder: Recorder) -> None:
    stale = f"what it answered before the program was stopped does not hold any more, so it is asked again: {why}"
    ctx.say(f"note: the coordinator of {told.task}: {stale}")
    await recorder.record(FaultMet(where=f"the answer of {told.agent}", why=stale))
