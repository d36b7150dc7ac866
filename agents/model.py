"""The seam to language models: one request in, one reply out, whatever the provider."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict


class ToolCall(BaseModel):
    """A tool call as the model made it: `arguments` is its raw text and may be anything."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    arguments: str

    @property
    def given(self) -> dict[str, Any] | None:
        """The arguments by their names; None where the text is no JSON object."""
        try:
            given = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return None
        return given if isinstance(given, dict) else None


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Usage(BaseModel):
    """Tokens of one call, as the provider counted them (or as we did, where it counted none).

    `cached` and `cache_written` are the parts of the prompt that came from its cache and went into it.
    """

    model_config = ConfigDict(frozen=True)

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_written: int = 0


class Bill(BaseModel):
    """What calls used, and the dollars of those whose price is known."""

    model_config = ConfigDict(frozen=True)

    usage: Usage = Usage()
    cost: float | None = None

    def __add__(self, other: Bill) -> Bill:
        """Both together; the cost is unknown where neither's is known."""
        mine, theirs = self.usage, other.usage
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Bill(
            usage=Usage(
                prompt=mine.prompt + theirs.prompt,
                completion=mine.completion + theirs.completion,
                cached=mine.cached + theirs.cached,
                cache_written=mine.cache_written + theirs.cache_written,
            ),
            cost=sum(costs) if costs else None,
        )


class ModelReply(BaseModel):
    """One answer: untrusted text and calls, what it used, and what it took.

    `cost` is in US dollars, None where no price is known; `client_ms` is the client library's own time. `wasted` is
    what tries before it used that broke off.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    message: Message
    finish_reason: str
    usage: Usage = Usage()
    cost: float | None = None
    latency_seconds: float = 0.0
    client_ms: float = 0.0
    wasted: Bill = Bill()

    @property
    def bill(self) -> Bill:
        """What the answer and the tries before it used."""
        return Bill(usage=self.usage, cost=self.cost) + self.wasted


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSchema:
    """A tool as a model sees it: `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What is asked: the whole conversation, the tools, and the most that may come back.

    `answer` names the tool whose arguments are to be the answer itself, where the model can be held to a schema; the
    reply has them as a call of that tool in either case. `patience_seconds` is all the time the asker has for waits.
    `turn` is how many answers came before, where the messages don't tell it any more; `aside` names what is asked
    besides the conversation.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSchema]
    max_tokens: int
    answer: str | None = None
    patience_seconds: float = math.inf
    turn: int | None = None
    aside: str | None = None


class Model(Protocol):
    """A model, or a chain of them."""

    @property
    def id(self) -> str:
        """The model id asked for first."""
        ...

    @property
    def window(self) -> int | None:
        """The most tokens that a prompt may have; None where that is not known, or not yet."""
        ...

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Ask once (retries and fallbacks included); raises ModelError of `agents.errors`."""
        ...
