"""How far a task had come when the program stopped: a pure fold of its events, from which `resume` goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.assignment import Note
from agents.events import (
    AttemptEnded,
    AttemptStarted,
    ChangeRefused,
    CheckpointTaken,
    CommandInterrupted,
    CommandProposed,
    CommandRun,
    DecisionMade,
    Event,
    GateFailed,
    GatePassed,
    GateStarted,
    Role,
)

AGENTS_OF_GATES = ("tester", "reviewer")
"""The gates that are agents; the others are checks of a claim."""


@dataclass(slots=True, kw_only=True)
class AtGate:
    """A gate on a commit: the number of its agent's conversation, 0 before that began, and how it ended, if it did.

    `before` is the number of the conversation before.
    """

    commit: str
    before: int = 0
    number: int = 0
    ended: AttemptEnded | None = None
    is_settled: bool = False

    @property
    def newest(self) -> int:
        """The number of its newest conversation, whatever that was about."""
        return self.number or self.before


@dataclass(slots=True, kw_only=True)
class Whereabouts:
    """The newest attempt at a task: 0 where none was begun.

    `start` is what its change is measured against, `saved` are its checkpoints since then, `refused` is the merge that
    was sent back last. `ended` tells how its newest round ended, `back` that it came back for `reasons` since.
    `decision` is the coordinator's word on the attempt; `at_gates` holds the conversations of the gates' agents.
    """

    attempt: int = 0
    round: int = 0
    start: str = ""
    head: str = ""
    """The commit on which the newest round began: what git in the worktree calls HEAD."""
    saved: list[CheckpointTaken] = field(default_factory=list)
    refused: ChangeRefused | None = None
    ended: AttemptEnded | None = None
    back: bool = False
    reasons: tuple[Note, ...] = ()
    decision: DecisionMade | None = None
    deciding: AttemptEnded | None = None
    at_gates: dict[str, AtGate] = field(default_factory=dict)
    users_command: CommandProposed | None = None
    """A command of the plan that was begun and has no end."""


def whereabouts(events: Iterable[Event], *, role: Role) -> Whereabouts:
    """Where a task of this role is after these events of its own, oldest first."""
    where = Whereabouts()
    for event in events:
        match event:
            case AttemptStarted() | AttemptEnded() | CheckpointTaken():
                where = _agent(where, event, role)
            case GateStarted() | GatePassed() | GateFailed():
                _gate(where, event)
            case ChangeRefused():
                where.refused, where.start, where.saved = event, event.onto, []
                where.back, where.reasons = True, (Note(source="the merge", kind="merge", text=event.why),)
            case DecisionMade() if event.attempt == where.attempt:
                where.decision = event
            case CommandProposed() | CommandRun() | CommandInterrupted() if event.source != "agent":
                where.users_command = event if isinstance(event, CommandProposed) else None
            case _:
                pass
    return where


def _agent(where: Whereabouts, event: AttemptStarted | AttemptEnded | CheckpointTaken, role: Role) -> Whereabouts:
    kind, _, number = event.agent.rpartition(".")
    gate = where.at_gates.get(kind)
    if gate is not None and not gate.is_settled:
        if isinstance(event, AttemptStarted):
            gate.number = int(number)
        gate.ended = event if isinstance(event, AttemptEnded) else None
    elif kind == "coordinator" and role != "coordinator":
        where.deciding = event if isinstance(event, AttemptEnded) else None
    elif kind == role:
        return _own(where, event, int(number))
    return where


def _own(where: Whereabouts, event: AttemptStarted | AttemptEnded | CheckpointTaken, number: int) -> Whereabouts:
    match event:
        case AttemptStarted():
            if number > where.attempt:
                where = Whereabouts(
                    attempt=number, start=event.commit, reasons=_of_the_last(where), at_gates=where.at_gates
                )
            if event.round != where.round:
                where.head = event.commit
            where.round, where.ended, where.back = event.round, None, False
        case AttemptEnded():
            where.ended = event
        case CheckpointTaken():
            where.saved.append(event)
    return where


def _of_the_last(where: Whereabouts) -> tuple[Note, ...]:
    """What an attempt is told of the one before it."""
    if not where.attempt:
        return ()
    why = where.ended.why if where.ended is not None else None
    said = why or (where.reasons[0].text if where.reasons else "no reason was given")
    return (Note(source=f"attempt {where.attempt}", kind="attempt", text=said),)


def _gate(where: Whereabouts, event: GateStarted | GatePassed | GateFailed) -> None:
    if event.gate not in AGENTS_OF_GATES:
        return
    gate = where.at_gates.get(event.gate)
    if isinstance(event, GateStarted):
        if gate is None or gate.is_settled or gate.commit != event.commit:
            where.at_gates[event.gate] = AtGate(commit=event.commit, before=gate.newest if gate is not None else 0)
        return
    if gate is not None and (isinstance(event, GatePassed) or event.evidence):
        # A gate without evidence had no verdict: its agent was stopped, and goes on.
        gate.is_settled = True
    if isinstance(event, GateFailed) and event.evidence:
        where.back, where.reasons = (
            True,
            (Note(source=f"{event.gate}.{gate.newest if gate else 1}", kind="gate", text=event.why),),
        )
