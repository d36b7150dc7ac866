"""Going round in circles: the same answer again and again is told to the model once, then ends the work."""

from __future__ import annotations

from agents.model import Message

TELL_AFTER = 3
STOP_AFTER = 6


class Stuck(Exception):
    """The model was told, and goes on making the same mistake."""


class Repetition:
    """Counts equal answers in a row; any two answers without a tool call are equal."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, str], ...] | None = None
        self._times = 0

    def notice(self, message: Message) -> str | None:
        """What the model is to be told about its newest answer, if anything; raises Stuck."""
        calls = tuple((call.name, call.arguments) for call in message.tool_calls)
        self._times = self._times + 1 if calls == self._last else 1
        self._last = calls
        what = f"the same call of {calls[0][0]!r}" if calls else "an answer without a tool call"
        if self._times >= STOP_AFTER:
            raise Stuck(f"{what}, {self._times} times in a row")
        if self._times == TELL_AFTER and calls:
            return f"note: {what}, {self._times} times in a row. It will not come out differently: try something else."
        return None
