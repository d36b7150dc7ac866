"""The handover that the journal alone gives: it says less than a model would, and nothing that is not so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.handover import Done, Handover, Reasoned, TestState
from agents.work_done import Step, WorkDone

BATCH = 20
MOST = 12
LINE_CHARS = 500


def of_journal(work: WorkDone, *, goal: str) -> Handover:
    """Where the work stands after its last step; `goal` is the task's."""
    steps = [work.steps[number] for number in sorted(work.steps)]
    said = [step for step in steps if step.said]
    return Handover(
        goal=(goal.strip().splitlines() or ["as it stands above"])[0][:LINE_CHARS],
        done=tuple(_batches(steps)),
        decisions=tuple(Reasoned(what=step.said, why=f"said at step {step.number}") for step in said[-MOST:]),
        files=tuple(sorted(work.files, key=lambda path: -work.files[path])[:100]),
        tests=tuple(
            TestState(command=run.command, passed=run.passed)
            for run in work.tests()[-MOST:]
            if len(run.command) <= LINE_CHARS
        ),
        failed=tuple(
            Reasoned(what=step.line()[:LINE_CHARS], why="what came out says why")
            for step in [step for step in steps if step.failed][-MOST:]
        ),
        next_steps=(f"go on after step {steps[-1].number}, which is done: what is left of the goal",),
    )


def _batches(steps: Sequence[Step]) -> Iterator[Done]:
    for start in range(0, len(steps), BATCH):
        batch = steps[start : start + BATCH]
        calls, failed = sum(len(step.calls) for step in batch), sum(step.failed for step in batch)
        yield Done(
            first_step=batch[0].number,
            last_step=batch[-1].number,
            what=f"{calls} calls, {failed} of the steps with a failure or a refusal; the last is {batch[-1].line()}"[
                :LINE_CHARS
            ],
        )
