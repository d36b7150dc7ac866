"""A conversation told again from the journal: what an agent had said and heard, after all its steps or up to one."""

from __future__ import annotations

from collections.abc import Iterable

from agents.acting import ACCEPTED
from agents.calls import with_own_ids
from agents.conversation import Conversation
from agents.events import (
    AttemptEnded,
    AttemptStarted,
    CommandProposed,
    ContextRebuilt,
    ConversationTakenOver,
    Event,
    ModelAnswered,
    ModelAsked,
)
from agents.model import Message
from agents.roles import ROLES
from agents.toolbox import tool_schemas, tools_tokens


def retell(events: Iterable[Event], *, agent: str, step: int | None = None) -> Conversation | None:
    """The newest conversation of `agent` among the events of its task, oldest first; None where it asked nothing yet.

    It is as it stood when all of `step` had been acted on, and the next request was to be sent; without `step`, as it
    stands at the end. A question without an answer counts as not asked: what it had new is new again.
    """
    telling = _Telling(agent, step)
    for event in events:
        if getattr(event, "agent", None) == agent:
            telling.take(event)
    return telling.told()


class _Telling:
    """One conversation on its way; `asked_at` is how long it was before the question that waits for its answer.

    That a claim was accepted is told with the next question: until then only the end of the attempt says so.
    """

    def __init__(self, agent: str, last: int | None) -> None:
        self._last = last
        self._round = 1
        self._talk = Conversation(agent=agent)
        self._asked_at: int | None = None
        self._answered = False
        self._accepted = False
        self._over = False

    def take(self, event: Event) -> None:
        """Go on by one event of the agent."""
        if isinstance(event, ModelAsked) and event.step == 1 and self._answered:
            # Older programs began a conversation anew under the same name.
            self._talk, self._asked_at, self._over = Conversation(agent=event.agent), None, False
            self._answered = False
        if self._over:
            return
        match event:
            case AttemptStarted():
                self._round = event.round
            case ModelAsked():
                self._ask(event)
            case ModelAnswered():
                self._asked_at, self._answered = None, True
                self._talk.step = event.step
                self._talk.answer(
                    with_own_ids(event.message),
                    cut_off=event.finish_reason == "length",
                    prompt_tokens=event.usage.prompt,
                    tools_tokens=tools_tokens(tool_schemas(ROLES[event.role])),
                )
            case ContextRebuilt():
                self._asked_at = None
                self._talk.rebuild(event.messages, ceiling=event.ceiling)
            case ConversationTakenOver():
                self._talk.rebuild(event.messages, ceiling=event.ceiling)
                self._talk.step, self._talk.answered = event.step, event.answered
                self._round = self._talk.round = event.round
            case CommandProposed():
                self._talk.tries = max(self._talk.tries, tries_of(event.id))
            case AttemptEnded(outcome="finished"):
                self._accepted = True

    def _ask(self, event: ModelAsked) -> None:
        talk = self._talk
        if self._asked_at is not None:
            # The question before had no answer and is asked again, with all that it had.
            del talk.messages[self._asked_at :]
        self._accepted = False
        self._asked_at = talk.sent = len(talk.messages)
        talk.messages += event.added
        talk.step, talk.round, talk.tries = event.step - 1, self._round, 0
        self._over = self._last is not None and event.step > self._last

    def told(self) -> Conversation | None:
        """The conversation, where there is one."""
        talk = self._talk
        if not talk.messages:
            return None
        for call in talk.pending.tool_calls if self._accepted and talk.pending is not None else ():
            talk.messages.append(Message(role="tool", content=ACCEPTED, tool_call_id=call.id))
        return talk


def tries_of(command: str) -> int:
    """The how-manieth try at its step a command's id names: `editor.1.3.1` is of the first, `editor.1.3.1.r2` of the
    second."""
    last = command.rpartition(".")[2]
    return int(last[1:]) if last.startswith("r") and last[1:].isdecimal() else 1
