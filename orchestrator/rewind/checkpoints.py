"""The checkpoints of a run, as its journal tells of them: the files of a task after each step that changed some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.events import CheckpointTaken, TaskStarted
from orchestrator.errors import UsageProblem
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from policies.problems import did_you_mean

LAST = "last"
"""Stands for the newest checkpoint of a task."""

START = 0
"""The number under which a task's files are as it found them; git's refs begin with 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The files of `task` at `commit`, kept in the hub at `ref`; `seq` is where the journal tells of it.

    Checkpoint 0 is where the task began: it has no agent, step or ref.
    """

    task: str
    number: int
    commit: str
    seq: int
    time: float
    agent: str | None = None
    step: int | None = None
    ref: str | None = None
    files: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def checkpoints_of(events: Iterable[Recorded]) -> list[Checkpoint]:
    """All checkpoints in the order in which they were taken."""
    found: list[Checkpoint] = []
    begun: set[str] = set()
    for recorded in events:
        if recorded.task is None or recorded.kind not in {"task started", "checkpoint taken"}:
            continue
        match event_of(recorded):
            case TaskStarted(commit=commit) if recorded.task not in begun:
                begun.add(recorded.task)
                found.append(_at(recorded, recorded.task, START, commit))
            case CheckpointTaken() as taken:
                found.append(_taken(recorded, recorded.task, taken))
            case _:
                continue
    return found


def _at(recorded: Recorded, task: str, number: int, commit: str) -> Checkpoint:
    return Checkpoint(task=task, number=number, commit=commit, seq=recorded.seq, time=recorded.time)


def _taken(recorded: Recorded, task: str, taken: CheckpointTaken) -> Checkpoint:
    return Checkpoint(
        task=task,
        number=number_of(taken.ref),
        commit=taken.commit,
        seq=recorded.seq,
        time=recorded.time,
        agent=taken.agent,
        step=taken.step,
        ref=taken.ref,
        files=tuple(taken.files),
        refused=tuple(taken.refused),
        ignored=tuple(taken.ignored),
    )


def number_of(ref: str) -> int:
    """The number of a checkpoint by its ref, `refs/mimo/runs/RUN/TASK/N`; raises ValueError for another."""
    return int(ref.rpartition("/")[2])


def choose_checkpoint(run: str, task: str, found: Sequence[Checkpoint], wanted: str) -> Checkpoint:
    """The checkpoint of a task by its number, or `last`; raises UsageProblem that says which there are."""
    own = {str(each.number): each for each in found if each.task == task}
    if not own:
        hint = f"see which tasks have some: mimo-orchestrate log {run} --checkpoints"
        raise UsageProblem(f"{task} of {run} has no checkpoint: it has not begun", hint=hint)
    if wanted == LAST:
        return list(own.values())[-1]
    if wanted not in own:
        highest = max(each.number for each in own.values())
        there = f"it has {START} to {highest}" if highest else f"it has {START} alone, where it began"
        hint = did_you_mean(wanted, (LAST,)) or f"{there}: mimo-orchestrate log {run} {task} --checkpoints"
        raise UsageProblem(f"{task} of {run} has no checkpoint {wanted!r}", hint=hint)
    return own[wanted]
