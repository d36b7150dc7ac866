"""Going round in circles: told to the model once, then ended with that reason.

All of it is a fold over the steps of the conversation, so an attempt that is gone on with has forgotten nothing.
"""

from __future__ import annotations

from agents.circles import Stall, Turns, Undoing, Watch
from agents.conversation import Conversation
from agents.model import Message
from agents.steps import Step, pending_step, steps_of


class Stuck(Exception):
    """The model was told, and goes on making the same mistake."""


class Repetition:
    """Watches one conversation, step by step."""

    def __init__(self) -> None:
        self._watches: tuple[Watch, ...] = (Turns(), Undoing(), Stall())
        self._taken = 0
        self._last: Message | None = None

    def notice(self, talk: Conversation) -> str | None:
        """What the model is to be told with the outcome of its newest answer, if anything; raises Stuck.

        That answer is the last message of the conversation.
        """
        for step in self._new_steps(talk.messages):
            for watch in self._watches:
                watch.take(step)
        if talk.known:
            return None  # it is not begun, but told what became of it in an earlier process
        pending = pending_step(talk.messages[-1])
        circles = [circle for watch in self._watches if (circle := watch.with_next(pending)) is not None]
        for circle in circles:
            if circle.times >= circle.stop_at:
                raise Stuck(circle.what)
        told = [circle for circle in circles if circle.times == circle.tell_at and circle.advice]
        return f"note: {told[0].what}. {told[0].advice}" if told else None

    def _new_steps(self, messages: list[Message]) -> list[Step]:
        end = len(messages) - 1
        if self._taken and (self._taken > end or messages[self._taken - 1] is not self._last):
            # The context was rebuilt: of what is in it now only the newest step was not looked at.
            self._taken = next((at for at in range(end - 1, -1, -1) if messages[at].role == "assistant"), end)
        steps = [step for step in steps_of(messages[self._taken : end]) if not step.was_interrupted]
        self._taken, self._last = end, messages[end - 1]
        return steps
