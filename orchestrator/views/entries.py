"""A run's events as a reader takes them in: a step of an agent, from the question to the checkpoint, is one entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.views.evidence import CommandEvidence
from orchestrator.views.kinds import Kind
from orchestrator.views.outcome import ran_well


@dataclass(slots=True, kw_only=True)
class Entry:
    """One event, or all those of a step or of a command of the user's; `agent` and `step` are None where it is none.

    `calls` holds the commands of a step by their ids, in order.
    """

    task: str | None
    agent: str | None = None
    step: int | None = None
    rows: list[Recorded] = field(default_factory=list)
    events: list[e.Event] = field(default_factory=list)
    answered: e.ModelAnswered | None = None
    saved: e.CheckpointTaken | None = None
    calls: dict[str, CommandEvidence] = field(default_factory=dict)

    @property
    def is_step(self) -> bool:
        """Whether it is a step of an agent."""
        return self.step is not None

    @property
    def is_settled(self) -> bool:
        """Whether it was answered, and each of its commands has an outcome."""
        calls = self.calls.values()
        return self.answered is not None and all(call.refused or call.ran is not None for call in calls)

    @property
    def time(self) -> float:
        """When it was over."""
        return self.rows[-1].time

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.rows[-1].time - self.rows[0].time

    def kinds(self) -> set[Kind]:
        """All the kinds that it is of."""
        kinds = {Kind.STEPS} if self.is_step else set() if self.calls else {Kind.MILESTONES}
        for event in self.events:
            kinds |= _KINDS.get(type(event), set())
            kinds |= {Kind.FAILED} if _is_bad(event) else set()
            kinds |= (
                {Kind.REFUSED} if isinstance(event, e.CommandJudged | e.NetworkAsked) and not event.allowed else set()
            )
            kinds |= {Kind.DECISIONS} if isinstance(event, e.PlanMade) and event.source == "coordinator" else set()
            kinds |= {Kind.TOLD} if _is_told(event) else set()
        return kinds

    def take(self, row: Recorded, event: e.Event) -> bool:
        """Add an event that belongs here; False for any other."""
        match event:
            case e.ModelAsked():
                mine = not self.rows
            case e.ModelAnswered() | e.CheckpointTaken():
                mine = (event.agent, event.step) == (self.agent, self.step)
            case e.CommandProposed():
                mine = not self.rows or (self.is_step and (event.agent, event.step) == (self.agent, self.step))
            case e.CommandJudged() | e.CommandRun() | e.CommandInterrupted():
                mine = event.id in self.calls
            case _:
                mine = False
        if mine:
            self._add(row, event)
        return mine

    def _add(self, row: Recorded, event: e.Event) -> None:
        self.rows.append(row)
        self.events.append(event)
        match event:
            case e.ModelAnswered():
                self.answered = event
            case e.CheckpointTaken():
                self.saved = event
            case e.CommandProposed():
                self.calls[event.id] = CommandEvidence(proposed=event)
            case e.CommandJudged():
                self.calls[event.id].judged = event
            case e.CommandRun():
                self.calls[event.id].ran = event
            case e.CommandInterrupted():
                self.calls[event.id].interrupted = event
            case _:
                pass


class Grouping:
    """Makes entries of events as they come."""

    def __init__(self) -> None:
        self._unfinished: dict[str | None, Entry] = {}

    def feed(self, row: Recorded) -> Iterator[Entry]:
        """The entries that are over now that this event is there."""
        event = event_of(row)
        current = self._unfinished.get(row.task)
        if current is not None and current.take(row, event):
            return
        if isinstance(event, e.RunResumed | e.RunEnded):
            yield from self.rest()
        elif current is not None and (current.is_settled or not isinstance(event, _MEANWHILE)):
            yield self._unfinished.pop(row.task)
        if isinstance(event, e.ModelAsked | e.CommandProposed):
            self._unfinished[row.task] = entry = Entry(task=row.task, agent=event.agent, step=event.step)
            entry.take(row, event)
        else:
            yield Entry(task=row.task, rows=[row], events=[event])

    def rest(self) -> Iterator[Entry]:
        """The entries that have no end."""
        yield from self._unfinished.values()
        self._unfinished.clear()


def entries(rows: Iterable[Recorded], grouping: Grouping | None = None) -> list[Entry]:
    """The entries of a run in the order in which they ended; those without an end come last.

    With a `grouping` that goes on, those without an end stay in it.
    """
    open_ended = grouping or Grouping()
    over = [entry for row in rows for entry in open_ended.feed(row)]
    # Tasks take turns: that a step is over is known by the next event of its task, later than others have ended.
    over.sort(key=lambda entry: entry.rows[-1].seq)
    return over if grouping is not None else [*over, *open_ended.rest()]


_MEANWHILE = (e.QuestionAsked, e.QuestionAnswered, e.NetworkAsked, e.NetworkUsed, e.FaultMet, e.FaultRetried)
"""What happens in the middle of a step."""

_KINDS: dict[type[object], set[Kind]] = {
    e.DecisionMade: {Kind.DECISIONS},
    e.GateStarted: {Kind.GATES},
    e.GatePassed: {Kind.GATES},
    e.GateFailed: {Kind.GATES},
    e.QuestionAsked: {Kind.QUESTIONS},
    e.QuestionAnswered: {Kind.QUESTIONS},
    e.ChangeQueued: {Kind.MERGES},
    e.ChangeMerged: {Kind.MERGES},
    e.ChangeRefused: {Kind.MERGES, Kind.REFUSED},
    e.ChangeReverted: {Kind.MERGES},
    e.PublishEnded: {Kind.MERGES},
    e.LimitReached: {Kind.FAULTS},
    e.FaultMet: {Kind.FAULTS},
    e.FaultRetried: {Kind.FAULTS},
}


def _is_told(event: e.Event) -> bool:
    """Whether somebody is told something by it, or hands over what others may be told."""
    match event:
        case e.AttemptStarted():
            return bool(event.told)
        case e.AttemptEnded():
            return event.result is not None
        case e.GateFailed() | e.ChangeRefused():
            return True
        case _:
            return False


def _is_bad(event: e.Event) -> bool:
    match event:
        case e.CommandRun():
            return not ran_well(event)
        case e.CommandInterrupted():
            return True
        case e.GateFailed():
            return True
        case e.AttemptEnded():
            return event.outcome != "finished"
        case e.TaskEnded():
            return event.state in {"failed", "refused", "skipped"}
        case e.VerifiedBase():
            return not event.green
        case e.RunEnded():
            return event.status == "failed"
        case _:
            return False
