"""A conversation that only grows at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.model import Message

CHARS_PER_TOKEN = 3.6
"""A little fewer than the four of English prose, because code and paths take more tokens."""

MESSAGE_TOKENS = 4
"""What a provider's own marks around each message take, about."""


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One agent's: `sent` messages of it were in the last request, `step` counts the requests over all rounds.

    `cut_off` says that the last answer ended at its length limit, `tries` how often the last answer was begun to
    be acted on.
    """

    agent: str
    messages: list[Message] = field(default_factory=list)
    sent: int = 0
    step: int = 0
    round: int = 1
    cut_off: bool = False
    tries: int = 0

    @property
    def pending(self) -> Message | None:
        """The model's newest answer, if it was not acted on yet, or not to its end."""
        return self.messages[-1] if self.messages[-1].role == "assistant" else None

    def say(self, text: str) -> None:
        """Add a message of ours."""
        self.messages.append(Message(role="user", content=text))

    def take_new(self) -> list[Message]:
        """The messages that no request had yet; from now on they count as sent, the model's own answers never."""
        new = self.messages[self.sent :]
        self.sent = len(self.messages)
        return new

    def answer(self, message: Message, *, cut_off: bool) -> Message:
        """Add the model's answer, which the journal holds by itself, and hand it back."""
        self.messages.append(message)
        self.cut_off = cut_off
        self.tries = 0
        self.sent = len(self.messages)
        return message

    def tokens(self) -> int:
        """About how many tokens the next prompt has, besides the tools."""
        return estimate(self.messages)


def estimate(messages: Iterable[Message]) -> int:
    """About how many tokens some messages take."""
    return sum(MESSAGE_TOKENS + int(_chars(message) / CHARS_PER_TOKEN) for message in messages)


def _chars(message: Message) -> int:
    return len(message.content) + sum(len(call.name) + len(call.arguments) + 20 for call in message.tool_calls)
