"""Why a human should look at a task's change: what stands out in it, most important first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from agents import events as e
from orchestrator.journal.state import TaskProgress, TaskState
from orchestrator.views.evidence import Evidence
from orchestrator.views.extent import Extent, extent_of
from orchestrator.views.heard import HeardBy, recipients
from orchestrator.views.states import SETTLED_WELL
from orchestrator.views.words import plural, short

_LOOKS = {"tester", "reviewer"}
_LOST = {TaskState.FAILED, TaskState.REFUSED, TaskState.WAITING}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A task with all that a review shows of it; `patch` is its change as a unified diff."""

    task: TaskProgress
    evidence: Evidence
    patch: bytes
    extent: Extent
    told_to: list[str] = field(default_factory=list)
    """Who was told what the task handed over."""

    @classmethod
    def of(cls, task: TaskProgress, evidence: Evidence, patch: bytes, heard: HeardBy | None = None) -> Reviewed:
        """Measure the patch, once."""
        return cls(task, evidence, patch, extent_of(patch), recipients(task.id, heard or {}))

    @property
    def is_begun(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.evidence.results or self.evidence.commands or self.patch)

    @property
    def concerns(self) -> list[str]:
        """Reasons to look, none where nothing stands out."""
        return [*_of_state(self.task), *_of_change(self), *_of_way(self), *_of_answers(self.evidence)]

    @property
    def remarks(self) -> list[str]:
        """What is good to know and no reason to look: a refused command changed nothing."""
        refused = sum(command.refused for command in self.evidence.commands.values())
        return [f"{plural(refused, 'command')} refused"] if refused else []


def _of_state(task: TaskProgress) -> Iterator[str]:
    if task.state in _LOST and task.why:
        yield task.why
    if task.reverted is not None:
        yield f"taken back by {short(task.reverted)}"


def _of_change(reviewed: Reviewed) -> Iterator[str]:
    task, extent = reviewed.task, reviewed.extent
    if extent.tests_fewer:
        yield f"{plural(extent.tests_fewer, 'test')} fewer than before"
    if task.lost_lines:
        are = "is" if len(task.lost_lines) == 1 else "are"
        yield f"{plural(len(task.lost_lines), 'line')} of a resolved conflict {are} gone"
    looked = {gate.gate for gate in task.gates if gate.passed is not None}
    if task.state in SETTLED_WELL and reviewed.patch and not looked & _LOOKS:
        yield "neither a tester nor a reviewer looked at it"


def _of_way(reviewed: Reviewed) -> Iterator[str]:
    who = Counter(event.gate if isinstance(event, e.GateFailed) else "merge" for event in reviewed.evidence.sent_back)
    if who.total() == 1:
        yield f"sent back once ({', '.join(who)})"
    elif who:
        yield f"sent back {who.total()} times ({', '.join(f'{name} {number}' for name, number in who.items())})"
    if reviewed.task.attempts > 1:
        yield f"{reviewed.task.attempts} attempts"
    if reviewed.task.decisions:
        yield f"the coordinator decided: {', '.join(decision.choice for decision in reviewed.task.decisions)}"


def _of_answers(evidence: Evidence) -> Iterator[str]:
    if evidence.unanswered:
        yield f"{plural(len(evidence.unanswered), 'question')} for you"
    allowed = sum(answer.allowed for _, answer in evidence.answers)
    if allowed:
        yield f"{plural(allowed, 'question')} answered with yes"
