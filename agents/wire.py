"""Between our messages and a provider's: what is sent, and what came back put together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agents.model import Message, ModelRequest, ToolCall, Usage


class Incomplete(Exception):
    """A response that ended before its end, or is none."""


def sent_messages(request: ModelRequest) -> list[dict[str, Any]]:
    """The conversation in the form of chat completions, in which every provider behind litellm takes it."""
    return [_sent(message) for message in request.messages]


def sent_tools(request: ModelRequest) -> list[dict[str, Any]]:
    """The tools in the form of chat completions."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in request.tools
    ]


def _sent(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    if not message.tool_calls:
        # Some providers refuse a message without content.
        return {"role": message.role, "content": message.content or "(empty)"}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": _name(call.name), "arguments": _object(call.arguments)},
        }
        for call in message.tool_calls
    ]
    return {"role": "assistant", "content": message.content or None, "tool_calls": calls}


def _name(name: str) -> str:
    # A tool that the model made up may have a name that no provider takes back.
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64] or "unknown"


def _object(arguments: str) -> str:
    # Providers that parse the arguments of earlier calls break on what is no JSON object.
    try:
        if isinstance(json.loads(arguments), dict):
            return arguments
    except (ValueError, RecursionError):
        pass
    return json.dumps({"malformed": arguments[:2000]})


@dataclass(slots=True)
class _CallPieces:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Assembly:
    """Puts an answer together from a whole completion or from its chunks, given as plain structures."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._calls: list[_CallPieces] = []
        self._by_index: dict[int, _CallPieces] = {}
        self.finish_reason: str | None = None
        self.usage: Usage | None = None

    def take(self, response: dict[str, Any]) -> None:
        """Add a completion or a chunk; raises Incomplete where it has not the shape of one."""
        if response.get("usage"):
            self.usage = _usage(response["usage"])
        for choice in (response.get("choices") or [])[:1]:
            part = choice.get("delta") or choice.get("message") or {}
            self._content.append(_text(part.get("content")))
            self._take_calls(part.get("tool_calls") or [])
            self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def message(self) -> Message:
        """The whole answer; raises Incomplete if its end did not come."""
        if self.finish_reason is None:
            raise Incomplete("the answer ended before its end")
        calls = tuple(
            ToolCall(id=clean(call.id), name=clean(call.name), arguments=clean("".join(call.arguments)))
            for call in self._calls
        )
        return Message(role="assistant", content=clean("".join(self._content)), tool_calls=calls)

    def _take_calls(self, calls: Iterable[dict[str, Any]]) -> None:
        for place, call in enumerate(calls):
            index = call.get("index")
            pieces = self._pieces(place if index is None else index, call.get("id"))
            function = call.get("function") or {}
            pieces.name = pieces.name or function.get("name") or ""
            pieces.arguments.append(_text(function.get("arguments")))

    def _pieces(self, index: int, id: str | None) -> _CallPieces:
        known = self._by_index.get(index)
        # Some servers number every call of an answer 0: a new id is a new call.
        if known is None or (id and known.id and id != known.id):
            known = self._by_index[index] = _CallPieces()
            self._calls.append(known)
        known.id = known.id or id or ""
        return known


def _text(value: Any) -> str:
    # Some servers send arguments as an object, where the protocol has its text.
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _usage(given: dict[str, Any]) -> Usage:
    details = given.get("prompt_tokens_details") or {}
    return Usage(
        prompt=given.get("prompt_tokens") or 0,
        completion=given.get("completion_tokens") or 0,
        cached=details.get("cached_tokens") or 0,
        cache_written=given.get("cache_creation_input_tokens") or 0,
    )


def clean(text: str) -> str:
    """A text that can be encoded: JSON of a provider may hold halves of surrogate pairs."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
