"""Doing again what a run did, from its journal: every recorded answer in a real sandbox, and no model asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from agents.events import QuestionAnswered
from agents.policy import Answer, Question
from orchestrator.airlock.errors import GitFailed
from orchestrator.airlock.merge import merge
from orchestrator.errors import CannotRun
from orchestrator.plan.models import MAIN
from orchestrator.rewind.comparing import Difference
from orchestrator.rewind.recording import Recording, Stay
from orchestrator.rewind.repeating import Heard, Repeat
from orchestrator.run.context import RunContext

BASE = "base"
"""Where the plan's tests are run that are no task's."""


@dataclass(slots=True, kw_only=True)
class Replayed:
    """How much came out alike, the first difference in the order of the journal, and how much was not repeated.

    `left_out` counts commands of the plan's tests of which the journal does not tell what they were run on; `stopped`
    says that the user did not want to see the end.
    """

    steps: int = 0
    commands: int = 0
    left_out: int = 0
    difference: Difference | None = None
    stopped: bool = False

    @property
    def found_nothing(self) -> bool:
        """Whether there was nothing to hold against the journal, so that neither `alike` nor `different` is true."""
        return not (self.commands or self.difference or self.stopped)

    def is_decided_before(self, seq: int) -> bool:
        """Whether nothing that stands at `seq` or later can be the first difference."""
        return self.difference is not None and self.difference.seq < seq


class PastAnswers:
    """What humans answered in the run is answered again; what nobody was asked then is refused."""

    def __init__(self, answers: dict[str, QuestionAnswered]) -> None:
        self._answers = answers

    async def ask(self, question: Question) -> Answer:
        """The answer of then."""
        then = self._answers.get(question.id)
        if then is None:
            return Answer(allowed=False, by="replay", why="nobody was asked this in the run")
        return Answer(allowed=then.allowed, by=then.by, why=then.why)


async def replay(ctx: RunContext, recorded: Recording, *, stopping: Callable[[], bool]) -> Replayed:
    """Repeat all that was done until nothing can come before the difference that was found.

    Raises SandboxError, AirlockError, and CannotRun where the hub lacks the files that something began with.
    """
    result, heard = Replayed(left_out=recorded.left_out), Heard()
    ctx.asker = PastAnswers(recorded.answers)
    ctx.journal.watch(heard)
    for stay in recorded.stays:
        if result.is_decided_before(stay.seq) or stopping():
            break
        await _repeat(ctx, stay, heard, result, stopping)
    result.stopped = stopping()
    return result


async def _repeat(ctx: RunContext, stay: Stay, heard: Heard, result: Replayed, stopping: Callable[[], bool]) -> None:
    tree = await _tree(ctx, stay)
    task = stay.task or (MAIN if stay.role is not None else BASE)
    async with ctx.worksites.at(task, stay.head, tree=tree, read_only=stay.role == "coordinator") as starting:
        repeating = Repeat(ctx, stay, await starting.ready(), tree, heard)
        for step in stay.steps:
            if result.is_decided_before(step.seq) or stopping():
                return
            difference = await repeating.step(step)
            if difference is not None:
                # A later one than was found already would not have been looked for.
                result.difference = difference
                return
            result.steps += stay.role is not None
            result.commands += sum(done.came_to_an_end for done in step.done)


async def _tree(ctx: RunContext, stay: Stay) -> str:
    """The files that a stay began with."""
    try:
        if stay.merged is not None:
            merged = await to_thread.run_sync(partial(merge, ctx.hub, ours=stay.commit, theirs=stay.merged))
            return merged.tree
        return await ctx.tree_of(stay.tree or stay.commit)
    except GitFailed as failed:
        what = f"our store does not have the files that {stay.task or BASE} {stay.agent} began with"
        raise CannotRun(f"{what} ({stay.commit[:12]})", "a run can be repeated as long as hub.git has them") from failed
