"""A conversation as steps: what an answer called, and what came of it, without what changes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from agents.conversation import by_answers
from agents.model import Message

_BY_ITSELF = re.compile(
    r"""
    (?<![\d.])\d+\.\d+\ ?(?:[mun]s|s|secs?|seconds?)\b  # how long it took
    | \b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b                   # the time of day
    | \b\d{4}-\d\d-\d\d\b                               # the date
    | \b0x[0-9a-f]{6,}\b                                # an address in memory
    | (?m:^\[stderr\ \w+\]$)                            # our mark of a stream, made of its text
    | (?<=recall\ `step\ )\d+                           # our hint in a text that was cut
    """,
    re.VERBOSE,
)
_NOTE = "note: "

INTERRUPTED = "interrupted: "
"""How what is told of a call begins whose effect was lost with the program: whoever does it again goes in no circle."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call and what came of it; None where that is still to come."""

    name: str
    arguments: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One answer: its calls, and whatever else was said after it."""

    calls: tuple[Call, ...]
    said: tuple[str, ...] = ()

    @property
    def was_interrupted(self) -> bool:
        """Whether something of it was lost with the program."""
        return any((call.outcome or "").startswith(INTERRUPTED) for call in self.calls)

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The calls alone."""
        return tuple((call.name, call.arguments) for call in self.calls)


def pending_step(answer: Message) -> Step:
    """The step that an answer begins."""
    return Step(tuple(Call(call.name, call.arguments, None) for call in answer.tool_calls))


def steps_of(messages: Iterable[Message]) -> list[Step]:
    """The steps of a stretch of a conversation, oldest first; what stands before its first answer is left out."""
    return [_step(answer, after) for answer, *after in by_answers(messages)[1]]


def digest(*texts: str) -> bytes:
    """A short name of some texts."""
    return blake2b("\0".join(texts).encode(errors="surrogatepass"), digest_size=12).digest()


def _step(answer: Message, after: list[Message]) -> Step:
    outcomes = {message.tool_call_id: _lasting(message.content) for message in after if message.role == "tool"}
    calls = tuple(Call(call.name, call.arguments, outcomes.get(call.id, "")) for call in answer.tool_calls)
    return Step(calls, tuple(_lasting(message.content) for message in after if message.role != "tool"))


def _lasting(outcome: str) -> str:
    """An outcome without our notes and without times: what would be the same if nothing had changed."""
    lines = [line for line in outcome.split("\n") if not line.startswith(_NOTE)]
    return _BY_ITSELF.sub("", "\n".join(lines))
