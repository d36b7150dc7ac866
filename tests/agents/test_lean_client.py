"""A request reaches the provider as it was made, without the client's walk through it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from agents.lean_client import TRANSFORM, send_as_given
from agents.litellm_model import LitellmModel, load_litellm
from agents.model import Message, ModelRequest, ToolCall
from agents.redact import Redactor
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from agents.wire import sent_messages, sent_tools
from tests.server.fixture import ScriptedServer

pytestmark = [
    pytest.mark.slow,
    # litellm's own use of pydantic, which it can't help and we can't mend.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

REQUEST = ModelRequest(
    messages=[
        Message(role="system", content="You are the editor of a task."),
        Message(role="user", content="Go \u202e on."),
        Message(role="assistant", tool_calls=(ToolCall(id="c1", name="shell", arguments='{"command": "ls"}'),)),
        Message(role="tool", content="a.py\n", tool_call_id="c1"),
    ],
    tools=tool_schemas(ROLES["editor"]),
    max_tokens=500,
)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_is_the_one_that_the_client_would_have_made(
    scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """What a provider gets is the same with and without the walk: our messages and tools, and the rest."""
    for name, value in scripted_server.env.items():
        monkeypatch.setenv(name, value)
    scripted_server.play({"turns": [], "beyond": {"text": "done"}})
    model = LitellmModel("openai/scripted", redactor=Redactor({}), stream=stream)
    await model.ask(REQUEST)
    completions: Any = importlib.import_module("openai.resources.chat.completions.completions")
    monkeypatch.setattr(completions, TRANSFORM, getattr(completions, TRANSFORM).args[0])
    await model.ask(REQUEST)
    lean, walked = (line["request"] for line in scripted_server.requests())
    assert lean == walked
    assert lean["tools"] == sent_tools(REQUEST)
    assert lean["messages"][-1] == sent_messages(REQUEST)[-1]


def test_the_client_is_not_walked_through_a_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's client, in the version that is installed, has the function; what is left to it has no message."""
    load_litellm()
    completions: Any = importlib.import_module("openai.resources.chat.completions.completions")
    seen: list[Any] = []

    def walk(data: Any, expected_type: Any) -> Any:
        seen.append(data)
        return data

    assert hasattr(completions, TRANSFORM)
    monkeypatch.setattr(completions, TRANSFORM, walk)
    send_as_given()
    send_as_given()
    body = {"model": "m", "messages": [{"role": "user"}], "tools": [{}], "stop": ["x"]}
    assert getattr(completions, TRANSFORM)(body, dict) == body
    assert seen == [{"model": "m", "stop": ["x"]}]


def test_a_client_without_the_function_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version may do without it, and then nothing is in the way."""
    completions: Any = importlib.import_module("openai.resources.chat.completions.completions")
    monkeypatch.delattr(completions, TRANSFORM)
    send_as_given()
    assert not hasattr(completions, TRANSFORM)
