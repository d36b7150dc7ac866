"""The scripted model server keeps to its script: what every end-to-end test leans on."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.server.fixture import ScriptedServer

SYSTEM = {"role": "system", "content": "You are the editor of this repository."}
GOAL = {"role": "user", "content": "Port src/client to httpx."}


def post(server: ScriptedServer, *messages: dict[str, Any], stream: bool = False) -> httpx.Response:
    """Ask the server for a completion."""
    body = {"model": "scripted", "messages": list(messages), "stream": stream}
    return httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=5)


def test_turns_are_found_by_the_assistant_messages_so_far(scripted_server: ScriptedServer) -> None:
    """The same request gets the same answer, and a longer conversation the next turn."""
    scripted_server.play({"role": "editor", "contains": ["httpx"], "turns": [{"text": "one"}, {"shell": "ls"}]})
    said = {"role": "assistant", "content": "one"}
    for _ in range(2):
        assert post(scripted_server, SYSTEM, GOAL).json()["choices"][0]["message"]["content"] == "one"
    choice = post(scripted_server, SYSTEM, GOAL, said).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"command": "ls"}
    assert [request["turn"] for request in scripted_server.requests()] == [0, 0, 1]


def test_conversations_are_told_apart_by_role_and_text(scripted_server: ScriptedServer) -> None:
    """The first conversation whose role and texts fit answers; none is an error that no client retries."""
    scripted_server.play(
        {"role": "reviewer", "turns": [{"text": "by role"}]},
        {"contains": ["httpx"], "lacks": ["Port"], "turns": [{"text": "by text"}]},
    )
    response = post(scripted_server, SYSTEM, GOAL)
    assert response.status_code == 400
    assert "no turn 0" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "status"), [("500", 500), ({"kind": "429", "retry_after": 3}, 429), ("401", 401), ("html", 502)]
)
def test_a_fault_is_met_once(scripted_server: ScriptedServer, fault: object, status: int) -> None:
    """The request after a fault gets the answer of its turn."""
    scripted_server.play({"turns": [{"text": "fine", "faults": [fault]}]})
    met = post(scripted_server, SYSTEM)
    assert met.status_code == status
    assert met.headers.get("Retry-After") == ("3" if status == 429 else None)
    assert post(scripted_server, SYSTEM).json()["choices"][0]["message"]["content"] == "fine"


def test_a_stream_carries_the_same_answer(scripted_server: ScriptedServer) -> None:
    """The pieces of a stream put together are the answer, closed by [DONE]."""
    scripted_server.play({"turns": [{"text": "hello"}]})
    lines = [line for line in post(scripted_server, SYSTEM, stream=True).text.splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    deltas = [json.loads(line.removeprefix("data: "))["choices"][0]["delta"] for line in lines[:-1]]
    assert "".join(delta.get("content", "") for delta in deltas) == "hello"


def test_a_cut_stream_breaks_the_connection(scripted_server: ScriptedServer) -> None:
    """A client sees a cut stream as a broken connection, never as a short answer."""
    scripted_server.play({"turns": [{"text": "hello", "faults": ["cut"]}]})
    with pytest.raises(httpx.RemoteProtocolError):
        post(scripted_server, SYSTEM, stream=True)
