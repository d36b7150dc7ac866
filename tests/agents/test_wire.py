"""Putting answers together, and sending conversations that every provider takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents import wire
from agents.model import Message, ModelRequest, ToolCall, Usage
from agents.prices import Price
from agents.wire import Assembly, Incomplete, sent_messages
from tests.fakes.model import call, calling


def chunk(*, reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk of a stream."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def piece(index: int | None, *, id: str | None = None, name: str | None = None, arguments: str = "") -> dict[str, Any]:
    """A piece of a tool call."""
    return {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}


def assemble(*chunks: dict[str, Any]) -> Assembly:
    """All chunks taken."""
    assembly = Assembly()
    for one in chunks:
        assembly.take(one)
    return assembly


def test_calls_are_assembled_from_interleaved_pieces() -> None:
    """Pieces find their call by its number."""
    message = assemble(
        chunk(content="Let "),
        chunk(content="me", tool_calls=[piece(0, id="a", name="shell", arguments='{"com')]),
        chunk(tool_calls=[piece(1, id="b", name="edit", arguments="{")]),
        chunk(tool_calls=[piece(0, arguments='mand": 1}'), piece(1, arguments="}")]),
        chunk(reason="tool_calls"),
    ).message()
    assert message.content == "Let me"
    assert message.tool_calls == (
        ToolCall(id="a", name="shell", arguments='{"command": 1}'),
        ToolCall(id="b", name="edit", arguments="{}"),
    )


def test_a_new_id_is_a_new_call() -> None:
    """Servers that number every call 0 are understood."""
    message = assemble(
        chunk(tool_calls=[piece(0, id="a", name="shell", arguments="{}")]),
        chunk(tool_calls=[piece(0, id="b", name="shell", arguments="{}")]),
        chunk(reason="stop"),
    ).message()
    assert [tool_call.id for tool_call in message.tool_calls] == ["a", "b"]


def test_arguments_as_an_object_are_taken_as_text() -> None:
    """A server that sends an object where the protocol has a string is understood."""
    spoken = {"index": 0, "id": "a", "function": {"name": "shell", "arguments": {"command": "ls"}}}
    message = assemble(chunk(tool_calls=[spoken]), chunk(reason="stop")).message()
    assert json.loads(message.tool_calls[0].arguments) == {"command": "ls"}


def test_a_stream_without_its_end_is_no_answer() -> None:
    """Where no finish reason came, the answer is not taken for whole."""
    with pytest.raises(Incomplete):
        assemble(chunk(content="half")).message()


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    """Every text of an answer can be encoded, or the journal could not hold it."""
    message = assemble(
        chunk(content="\ud800", tool_calls=[piece(0, id="\udfff", name="x")]), chunk(reason="stop")
    ).message()
    message.model_dump_json().encode()
    assert message.content == "?"


def test_usage_is_read_with_its_cached_part() -> None:
    """Counts that a provider leaves out are zero."""
    given = {"prompt_tokens": 9, "completion_tokens": None, "prompt_tokens_details": {"cached_tokens": 4}}
    assert assemble({"choices": [], "usage": given}).usage == Usage(prompt=9, cached=4)


def test_a_conversation_full_of_nonsense_is_sent_clean() -> None:
    """Empty answers, broken arguments and impossible names go back in a form that no provider chokes on."""
    messages = (
        Message(role="assistant"),
        calling(call("no such tool!" * 10, "{broken", id="a"), call("shell", {"command": "ls"}, id="b")),
        Message(role="tool", content="x", tool_call_id="a"),
    )
    empty, called, answer = sent_messages(ModelRequest(messages=messages, tools=(), max_tokens=1))
    assert empty == {"role": "assistant", "content": "(empty)"}
    functions = [tool_call["function"] for tool_call in called["tool_calls"]]
    assert functions[0]["name"] == ("no_such_tool_" * 10)[:64]
    assert json.loads(functions[0]["arguments"]) == {"malformed": "{broken"}
    assert json.loads(functions[1]["arguments"]) == {"command": "ls"}
    assert answer == {"role": "tool", "tool_call_id": "a", "content": "x"}


def test_a_price_counts_the_cached_part_apart() -> None:
    """Dollars per million; without a price of its own the cached part costs the input's."""
    usage = Usage(prompt=1_000_000, completion=100_000, cached=400_000)
    assert Price(input=1, output=10, cached=0.1).cost(usage) == pytest.approx(0.6 + 0.04 + 1.0)
    assert Price(input=1, output=10).cost(usage) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "response",
    [
        {"choices": "none"},
        {"choices": ["none"]},
        {"choices": [{"message": ["hello"]}]},
        {"choices": [{"delta": {"tool_calls": 7}}]},
        {"choices": [{"delta": {"tool_calls": ["ls"]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": "ls"}]}}]},
        {"choices": [], "usage": [1]},
    ],
)
def test_an_answer_of_another_shape_is_none(response: dict[str, Any]) -> None:
    """What is not where it belongs is a fault of the provider, in words, and no crash."""
    with pytest.raises(Incomplete, match=r"where an? \w+ belongs"):
        assemble(response)


def test_numbers_for_names_are_names() -> None:
    """An id or a name that came as a number is kept as text; a number that can't be an index is no index."""
    spoken = {"index": "first", "id": 7, "function": {"name": 5, "arguments": None}}
    message = assemble(chunk(tool_calls=[spoken]), chunk(reason="stop")).message()
    assert message.tool_calls == (ToolCall(id="7", name="5", arguments=""),)


@pytest.mark.parametrize("count", [-5, None, "many", float("nan"), float("inf"), [3]])
def test_no_count_of_a_provider_takes_anything_off(count: object) -> None:
    """What is no count, or less than nothing, counts nothing."""
    given = {"prompt_tokens": count, "completion_tokens": count, "prompt_tokens_details": {"cached_tokens": count}}
    assert assemble({"choices": [], "usage": given}).usage == Usage()


@pytest.mark.parametrize(
    "delta", [{"content": "x" * 1000}, {"tool_calls": [piece(0, arguments="x" * 1000)]}], ids=["text", "arguments"]
)
def test_an_answer_has_a_longest_length(monkeypatch: pytest.MonkeyPatch, delta: dict[str, Any]) -> None:
    """A stream of words, or of arguments, is not put together for ever."""
    monkeypatch.setattr(wire, "LARGEST_CHARS", 9000)
    with pytest.raises(Incomplete, match="grew longer"):
        assemble(*[chunk(**delta)] * 10)


def test_a_flood_of_empty_calls_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls without a name or arguments take something too."""
    monkeypatch.setattr(wire, "LARGEST_CHARS", 100)
    with pytest.raises(Incomplete, match="grew longer"):
        assemble(*[chunk(tool_calls=[piece(number)]) for number in range(6)])
