"""What a step had done when the program was stopped: what is known is told, what was lost is called interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agents.conversation import Conversation
from agents.events import (
    CheckpointTaken,
    CommandInterrupted,
    CommandJudged,
    CommandProposed,
    CommandRun,
    Event,
    QuestionAnswered,
    QuestionAsked,
)
from agents.execution import Edited, Ran, Refused
from agents.model import ToolCall
from agents.policy import Answer
from agents.records import decision_of, result_of
from agents.shown import shown
from agents.steps import INTERRUPTED
from agents.tool import Outcome
from agents.toolbox import TOOLS
from agents.tools.recall import RECALL

WHILE_IT_RAN = "the program was stopped while it ran"
UNSAVED = "the program was stopped before the files of its step were saved"

_LOST = f"{INTERRUPTED}the program was stopped while this ran"
_ENDED = f"{INTERRUPTED}this came to its end, and the program was stopped before the files of its step were saved"
_AGAIN = "Nothing that it changed is left: the files are as they were last saved. Do it again if it is still needed."
_NOT_BEGUN = "not done: the program was stopped before this began; do it again if it is still needed"


@dataclass(slots=True, kw_only=True)
class _Call:
    """The newest try of one call of a step, as far as the journal has it."""

    proposed: CommandProposed
    judged: CommandJudged | None = None
    ran: CommandRun | None = None
    saved: bool = False
    answer: Answer | None = None
    is_told: bool = False

    @property
    def may_have_run(self) -> bool:
        """Whether it was let to the sandbox, whatever came of it."""
        return self.ran is not None or (self.judged is not None and self.judged.allowed)

    @property
    def is_refused(self) -> bool:
        """Whether it never got there."""
        return self.judged is not None and not self.judged.allowed


@dataclass(slots=True, kw_only=True)
class BrokenOff:
    """A step that was being acted on: `known` is what came of calls by number, `lost` are those whose effect is gone.

    `left_out` is what was told of the files that it saved, `untold` are the events of what was lost that no process has
    written yet.
    """

    known: dict[int, Outcome] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    untold: list[CommandInterrupted] = field(default_factory=list)


def broken_off(events: Iterable[Event], talk: Conversation, *, keeps: bool) -> BrokenOff:
    """What became of the calls of the answer that `talk` had last; nothing of it where none was begun.

    With `keeps` the agent's files are saved step by step, and what was not saved is gone. Without, they are gone with
    its sandbox in any case, and what a command put out is all that ever counted.
    """
    pending = talk.pending if talk.messages else None
    if pending is None:
        return BrokenOff()
    off = BrokenOff()
    calls = _calls(events, talk, off.left_out)
    if not any(call.may_have_run for call in calls.values()):
        return BrokenOff()
    for number, call in calls.items():
        _settle(off, number, call, step=talk.step, keeps=keeps)
    if off.lost:
        _leave_the_rest(off, pending.tool_calls, calls)
    return off


def _calls(events: Iterable[Event], talk: Conversation, left_out: list[str]) -> dict[int, _Call]:
    """The newest try of each call by its number; adds what was told of the files that were saved between them."""
    calls: dict[int, _Call] = {}
    begins = f"{talk.agent}.{talk.step}."
    for event in events:
        match event:
            case CommandProposed() if (event.agent, event.step) == (talk.agent, talk.step):
                calls[int(event.id.removeprefix(begins).partition(".")[0])] = _Call(proposed=event)
            case CommandJudged() | CommandRun() | CommandInterrupted():
                _note(calls, event)
            case CheckpointTaken() if (event.agent, event.step) == (talk.agent, talk.step):
                _all_saved(calls, event, left_out)
            case QuestionAsked() if f".{begins}" in f".{event.id}":
                # What ran before a human is waited for is saved before they are asked.
                _all_saved(calls, event, left_out)
            case QuestionAnswered() if f".{begins}" in f".{event.id}":
                _answered(calls, event)
            case _:
                pass
    return calls


def _note(calls: dict[int, _Call], event: CommandJudged | CommandRun | CommandInterrupted) -> None:
    for call in calls.values():
        if call.proposed.id != event.id:
            continue
        match event:
            case CommandJudged():
                call.judged = event
            case CommandRun():
                call.ran = event
            case CommandInterrupted():
                call.is_told = True


def _all_saved(calls: dict[int, _Call], event: CheckpointTaken | QuestionAsked, left_out: list[str]) -> None:
    for call in calls.values():
        call.saved = call.saved or call.ran is not None
    # A question that was asked anew, or for which there was a checkpoint, tells the same again.
    if event.left_out and event.left_out not in left_out:
        left_out.append(event.left_out)


def _answered(calls: dict[int, _Call], event: QuestionAnswered) -> None:
    for call in calls.values():
        if f".{call.proposed.id.partition('.r')[0]}." in f".{event.id}":
            call.answer = Answer(allowed=event.allowed, by=event.by, why=event.why)


def _settle(off: BrokenOff, number: int, call: _Call, *, step: int, keeps: bool) -> None:
    """What is told of a call that was begun; nothing of one that waits for a human, or for its judge."""
    if call.ran is not None:
        outcome = _outcome(call.proposed, call.ran)
        if call.saved or not keeps:
            off.known[number] = outcome
            return
        off.known[number] = f"{_ENDED}. {_AGAIN} What came of it then:\n{shown(outcome, step=step)}"
        _lose(off, number, call, UNSAVED)
    elif call.is_refused and call.judged is not None:
        answer = call.answer if call.judged.answered_by is not None else None
        off.known[number] = Refused(decision=decision_of(call.judged), answer=answer)
    elif call.may_have_run:
        off.known[number] = f"{_LOST}. {_AGAIN}"
        _lose(off, number, call, WHILE_IT_RAN)


def _leave_the_rest(off: BrokenOff, asked: Sequence[ToolCall], calls: dict[int, _Call]) -> None:
    """What was to follow a call that was lost is not begun without it; a question that was asked stands."""
    for number, call in enumerate(asked, start=1):
        acts = call.name in TOOLS and call.name != RECALL.name
        if acts and number not in off.known and number not in calls:
            off.known[number] = _NOT_BEGUN


def _outcome(proposed: CommandProposed, ran: CommandRun) -> Ran | Edited:
    if proposed.tool == "edit":
        return Edited(path=ran.command.removeprefix("edit "), why=ran.stderr or None)
    return Ran(result=result_of(ran))


def _lose(off: BrokenOff, number: int, call: _Call, why: str) -> None:
    off.lost.add(number)
    if not call.is_told:
        off.untold.append(interrupted(call.proposed, why))


def interrupted(proposed: CommandProposed, why: str) -> CommandInterrupted:
    """The event of a command whose effect is gone."""
    given = json.loads(proposed.arguments)
    command = given["command"] if proposed.tool == "shell" else f"{proposed.tool} {given['path']}"
    return CommandInterrupted(
        id=proposed.id, source=proposed.source, agent=proposed.agent, step=proposed.step, command=command, why=why
    )
