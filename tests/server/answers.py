"""What an answer of the script looks like on the wire: a whole completion, or its chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def completion(answer: Json, body: Json, *, number: int, turn: int) -> Json:
    """The `chat.completion` of one answer to the request `body`."""
    calls = [call_of(call, f"call_{turn}_{place}") for place, call in enumerate(calls_in(answer))]
    message: Json = {"role": "assistant", "content": answer.get("text") or (None if calls else "")}
    if calls:
        message["tool_calls"] = calls
    reason = answer.get("finish_reason", "tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": usage_of(answer, body, message),
    }


def calls_in(answer: Json) -> list[Json]:
    """The tool calls of an answer, its short forms written out."""
    calls = list(answer.get("calls", []))
    if "shell" in answer:
        calls.append({"name": "shell", "arguments": {"command": answer["shell"]}})
    if "edit" in answer:
        path, old, new = answer["edit"]
        calls.append({"name": "edit", "arguments": {"path": path, "old": old, "new": new}})
    if "recall" in answer:
        calls.append({"name": "recall", "arguments": {"query": answer["recall"]}})
    if "finish" in answer:
        calls.append({"name": "finish", "arguments": answer["finish"]})
    return calls


def call_of(call: Json, default_id: str) -> Json:
    """A tool call on the wire; arguments that are a string stay as they are, however broken."""
    arguments = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call.get("id", default_id), "type": "function", "function": {"name": call["name"], "arguments": text}}


def usage_of(answer: Json, body: Json, message: Json) -> Json:
    """Tokens as the script says, or one for four characters."""
    said = answer.get("usage", {})
    prompt = said.get("prompt", len(json.dumps(body["messages"])) // 4)
    completed = said.get("completion", len(json.dumps(message)) // 4)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completed,
        "total_tokens": prompt + completed,
        "prompt_tokens_details": {"cached_tokens": said.get("cached", 0)},
    }


def chunks(reply: Json, body: Json) -> Iterator[Json]:
    """The same completion as `chat.completion.chunk`s, texts and arguments in two pieces each."""
    choice = reply["choices"][0]
    message = choice["message"]
    yield chunk(reply, {"role": "assistant", "content": ""})
    for piece in halves(message["content"] or ""):
        yield chunk(reply, {"content": piece})
    for index, call in enumerate(message.get("tool_calls", [])):
        function = call["function"]
        opening = {"index": index, "id": call["id"], "type": "function"}
        yield chunk(reply, {"tool_calls": [{**opening, "function": {"name": function["name"], "arguments": ""}}]})
        for piece in halves(function["arguments"]):
            yield chunk(reply, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk(reply, {}, finish_reason=choice["finish_reason"])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**chunk(reply, {}), "choices": [], "usage": reply["usage"]}


def chunk(reply: Json, delta: Json, *, finish_reason: str | None = None) -> Json:
    """One chunk of a reply."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    kept = {key: reply[key] for key in ("id", "created", "model")}
    return {**kept, "object": "chat.completion.chunk", "choices": [choice]}


def halves(text: str) -> list[str]:
    """A text in two pieces, without empty ones."""
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]
