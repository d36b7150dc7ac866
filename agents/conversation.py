"""A conversation that only grows at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.model import Message
from agents.tool import Outcome

CHARS_PER_TOKEN = 3.6
"""A little fewer than the four of English prose, because code and paths take more tokens."""

_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d{1,3}|([!-/:-@\[-`{-~])\1*", re.ASCII)
"""What no tokenizer puts into one token with what stands beside it, about: words, numbers, marks."""

MOST_RATIO = 4.0
LEAST_RATIO = 0.5
"""What a provider may count, for each token of our estimate: beyond that it is its count that is not believed."""

MESSAGE_TOKENS = 4
CALL_TOKENS = 7
"""What a provider's own marks take, about, around each message and around each call with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the provider counted last: `prompt` tokens in the first `messages` messages and tools of `tools` by ours.

    Where it counted nothing since the conversation was rebuilt, `ratio` is what it made of one of our tokens before.
    """

    prompt: int = 0
    messages: int = 0
    tools: int = 0
    ratio: float = 1.0


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One agent's: `sent` messages of it were in the last request, `step` counts the requests over all rounds.

    `answered` counts the answers, also those that a rebuild folded away. `ceiling` is the most tokens that a prompt may
    have, where a refused request told it. `cut_off` says that the last answer ended at its length limit, `tries` how
    often the last answer was begun to be acted on. Where an earlier process had begun that, `known` is what came of its
    calls, by their numbers, and `left_out` what was told of the files that were saved then.
    """

    agent: str
    messages: list[Message] = field(default_factory=list)
    sent: int = 0
    step: int = 0
    answered: int = 0
    ceiling: int | None = None
    measured: Measured = Measured()
    round: int = 1
    cut_off: bool = False
    tries: int = 0
    known: dict[int, Outcome] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    sums: Sums = field(default_factory=lambda: Sums(), init=False, repr=False, compare=False)

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

    def answer(self, message: Message, *, cut_off: bool, prompt_tokens: int = 0, tools_tokens: int = 0) -> Message:
        """Add the model's answer, which the journal holds by itself, and hand it back.

        `prompt_tokens` is what the provider counted in all that it answered, `tools_tokens` our estimate of the tools.
        """
        if prompt_tokens > 0:
            self.measured = Measured(prompt=prompt_tokens, messages=len(self.messages), tools=tools_tokens)
        self.answered += 1
        self.messages.append(message)
        self.cut_off = cut_off
        self.tries = 0
        self.sent = len(self.messages)
        return message

    def rebuild(self, messages: Iterable[Message], *, ceiling: int | None = None) -> None:
        """Go on with these messages in the place of all that there were."""
        self.measured = Measured(ratio=self.ratio)
        self.messages = list(messages)
        self.sums = Sums()
        self.sent = len(self.messages)
        self.ceiling = ceiling or self.ceiling

    @property
    def ratio(self) -> float:
        """How many tokens the provider counts for one of ours."""
        known = self.measured
        if not known.messages:
            return known.ratio
        ours = max(1, self.sums.of(self.messages, known.messages) + known.tools)
        return min(max(known.prompt / ours, LEAST_RATIO), MOST_RATIO)

    def tokens(self, tools_tokens: int = 0) -> int:
        """About how many tokens the next prompt has: what the provider counted, and our estimate of the rest."""
        known, ratio = self.measured, self.ratio
        seen = self.sums.of(self.messages, known.messages)
        counted = seen + known.tools if known.messages else 0
        rest = self.sums.of(self.messages, len(self.messages)) - seen + (0 if known.messages else tools_tokens)
        # An estimate is never made lower: what comes new need not be like what was there.
        return int(counted * ratio + rest * max(1.0, ratio))

    def guess(self, messages: Iterable[Message], tools_tokens: int = 0) -> int:
        """About how many tokens some other messages would have for the same provider."""
        return int((estimate(messages) + tools_tokens) * max(1.0, self.ratio))

    def ours(self, limit: int) -> int:
        """How many tokens by our estimate are within so many of the same provider's."""
        return int(limit / max(1.0, self.ratio))


class Sums:
    """Estimates of how a list of messages begins; as long as it only grows, each message is looked at once."""

    def __init__(self) -> None:
        self._newest: Message | None = None
        self._sums = [0]

    def of(self, messages: list[Message], count: int) -> int:
        """The estimate of the first `count` messages."""
        known = len(self._sums) - 1
        if known > len(messages) or (known and messages[known - 1] is not self._newest):
            known, self._sums = 0, [0]
        for message in messages[known:]:
            self._newest = message
            self._sums.append(self._sums[-1] + estimate((message,)))
        return self._sums[min(count, len(messages))]


def by_answers(messages: Iterable[Message]) -> tuple[list[Message], list[list[Message]]]:
    """What stands before the first answer, and from each answer on all up to the next: a call is never without what
    came of it."""
    opening: list[Message] = []
    steps: list[list[Message]] = []
    for message in messages:
        if message.role == "assistant":
            steps.append([message])
        elif steps:
            steps[-1].append(message)
        else:
            opening.append(message)
    return opening, steps


def estimate(messages: Iterable[Message]) -> int:
    """About how many tokens some messages take."""
    return sum(MESSAGE_TOKENS + tokens_of(message.content) + _calls(message) for message in messages)


def _calls(message: Message) -> int:
    return sum(CALL_TOKENS + tokens_of(call.arguments) for call in message.tool_calls)


def tokens_of(text: str) -> int:
    """About how many tokens a text takes: by its length, or by its pieces where these are short, as in JSON."""
    pieces = len(_PIECES.findall(text))
    if text.isascii():
        return max(int(len(text) / CHARS_PER_TOKEN), pieces)
    # A letter beyond ASCII takes about as many tokens more as it takes bytes.
    size = len(text.encode(errors="replace"))
    beyond = size - len(text.encode("ascii", errors="ignore"))
    return max(int(size / CHARS_PER_TOKEN), pieces + int(beyond / CHARS_PER_TOKEN))


def chars_within(budget: int, text: str) -> int:
    """About how many characters of a text, or of one like it, take so many tokens."""
    return int(budget * len(text) / max(1, tokens_of(text)))
