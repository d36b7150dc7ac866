"""Between our messages and a provider's: what is sent, and what came back put together."""

from __future__ import annotations

import json
import math
import re
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


LARGEST_CHARS = 2_000_000
"""Of one answer: no 4096 tokens are as long, and a conversation can't hold more."""


class Assembly:
    """Puts an answer together from a whole completion or from its chunks, given as plain structures.

    `chars` is about how much has come in.
    """

    def __init__(self) -> None:
        self._content: list[str] = []
        self._calls: list[_CallPieces] = []
        self._by_index: dict[int, _CallPieces] = {}
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.chars = 0

    def take(self, response: dict[str, Any]) -> None:
        """Add a completion or a chunk; raises Incomplete where it has not the shape of one, or is too long."""
        usage = _structure(response.get("usage"))
        if usage:
            self.usage = _usage(usage)
        for choice in _list(response.get("choices"))[:1]:
            part = _structure(choice.get("delta")) or _structure(choice.get("message"))
            self._content.append(self._text(part.get("content")))
            self._take_calls(_list(part.get("tool_calls")))
            self.finish_reason = _word(choice.get("finish_reason")) or self.finish_reason

    def message(self) -> Message:
        """The whole answer; raises Incomplete if its end did not come."""
        if self.finish_reason is None:
            raise Incomplete("the answer ended before its end")
        calls = tuple(
            ToolCall(id=clean(call.id), name=clean(call.name), arguments=clean("".join(call.arguments)))
            for call in self._calls
        )
        return Message(role="assistant", content=clean("".join(self._content)), tool_calls=calls)

    def _take_calls(self, calls: list[dict[str, Any]]) -> None:
        for place, call in enumerate(calls):
            index = call.get("index")
            pieces = self._pieces(index if isinstance(index, int) else place, _word(call.get("id")))
            function = _structure(call.get("function"))
            pieces.name = pieces.name or _word(function.get("name"))
            pieces.arguments.append(self._text(function.get("arguments")))

    def _pieces(self, index: int, id: str) -> _CallPieces:
        known = self._by_index.get(index)
        # Some servers number every call of an answer 0: a new id is a new call.
        if known is None or (id and known.id and id != known.id):
            self._count(CALL_CHARS)
            known = self._by_index[index] = _CallPieces()
            self._calls.append(known)
        known.id = known.id or id
        return known

    def _text(self, value: Any) -> str:
        # Some servers send arguments as an object, where the protocol has its text.
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
        self._count(len(text))
        return text

    def _count(self, chars: int) -> None:
        self.chars += chars
        if self.chars > LARGEST_CHARS:
            raise Incomplete(f"the answer grew longer than {LARGEST_CHARS} characters")


CALL_CHARS = 20
"""What a call takes besides its name and arguments, about: so that a flood of empty ones is bounded too."""


def _structure(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Incomplete(f"the answer has {type(value).__name__} where an object belongs")
    return value


def _list(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Incomplete(f"the answer has {type(value).__name__} where a list belongs")
    return [_structure(item) for item in value]


def _word(value: Any) -> str:
    # An id or a name that is a number is one all the same.
    return "" if value is None else str(value)


def _usage(given: dict[str, Any]) -> Usage:
    details = _structure(given.get("prompt_tokens_details"))
    prompt = _count(given.get("prompt_tokens"))
    return Usage(
        prompt=prompt,
        completion=_count(given.get("completion_tokens")),
        cached=min(prompt, _count(details.get("cached_tokens"))),
        cache_written=min(prompt, _count(given.get("cache_creation_input_tokens"))),
    )


def _count(value: Any) -> int:
    # A provider's own words about what it is to be paid: what is no count, or less than nothing, takes nothing off.
    return max(0, int(value)) if isinstance(value, int | float) and math.isfinite(value) else 0


def clean(text: str) -> str:
    """A text that can be encoded: JSON of a provider may hold halves of surrogate pairs."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
