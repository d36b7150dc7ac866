"""A model that says what the test wrote down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agents.errors import ModelRefused
from agents.model import Message, ModelReply, ModelRequest, ToolCall, Usage

Turn = ModelReply | Message | Exception


class ScriptedModel:
    """Answers the turns in order, by the assistant messages in the request; an exception is raised once, then gone."""

    def __init__(self, *turns: Turn, id: str = "scripted/model", window: int | None = None) -> None:
        self.id = id
        self.window = window
        self.turns = list(turns)
        self.requests: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The turn that comes next."""
        self.requests.append(request)
        place = sum(message.role == "assistant" for message in request.messages)
        if place >= len(self.turns):
            raise ModelRefused(self.id, f"no turn {place}")
        turn = self.turns[place]
        if isinstance(turn, Exception):
            del self.turns[place]
            raise turn
        return turn if isinstance(turn, ModelReply) else reply(turn)


class EndlessModel:
    """Asks a function for each answer, by the number of the request."""

    def __init__(self, answer: Callable[[int], Message], *, window: int | None = None) -> None:
        self.id = "endless/model"
        self.window = window
        self._answer = answer
        self.requests: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The answer to the next request."""
        self.requests.append(request)
        return reply(self._answer(len(self.requests)))


def call(name: str, arguments: Mapping[str, Any] | str, *, id: str = "call_1") -> ToolCall:
    """A tool call; a string stays as it is, however broken."""
    return ToolCall(id=id, name=name, arguments=arguments if isinstance(arguments, str) else json.dumps(arguments))


def calling(*calls: ToolCall, text: str = "") -> Message:
    """An answer with tool calls."""
    return Message(role="assistant", content=text, tool_calls=calls)


def shell(command: str, *, id: str = "call_1") -> Message:
    """An answer with one shell call."""
    return calling(call("shell", {"command": command}, id=id))


def finish(**result: Any) -> Message:
    """An answer that finishes; by default as an editor."""
    return calling(call("finish", result or {"summary": "done"}, id="call_finish"))


def reply(message: Message, *, finish_reason: str | None = None) -> ModelReply:
    """A reply around a message."""
    reason = finish_reason or ("tool_calls" if message.tool_calls else "stop")
    usage = Usage(prompt=100, completion=10)
    return ModelReply(model="scripted/model", message=message, finish_reason=reason, usage=usage, cost=0.001)
