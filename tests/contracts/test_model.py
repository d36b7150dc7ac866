"""What every model promises: the same suite over litellm, a recording, a chain, and the fake of the other tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from agents.chain import ModelChain
from agents.errors import ModelRefused
from agents.litellm_model import LitellmModel
from agents.model import Message, Model, ModelRequest
from agents.recorded_model import RecordedAnswer, RecordedModel
from agents.redact import Redactor
from agents.retry import RetryingModel
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import ScriptedModel, call, calling
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

OPENING = (Message(role="system", content="You are the editor of x."), Message(role="user", content="hi"))
FIRST = calling(call("shell", {"command": "ls"}, id="a"), call("recall", "{broken", id="b"), text="Let me look.")
SECOND = Message(role="assistant", content="Done.")
AFTER_FIRST = (
    *OPENING,
    FIRST,
    Message(role="tool", content="exit 0", tool_call_id="a"),
    Message(role="tool", content="not done", tool_call_id="b"),
)


def request(*messages: Message) -> ModelRequest:
    """A request with an editor's tools."""
    return ModelRequest(messages=messages, tools=tool_schemas(ROLES["editor"]), max_tokens=256)


@pytest.fixture
def recording(tmp_path: Path) -> Model:
    """The two answers as a file."""
    lines = [
        RecordedAnswer(task="port", agent="editor.1", message=message).model_dump_json() for message in (FIRST, SECOND)
    ]
    other = RecordedAnswer(task="port", agent="reviewer.1", message=SECOND).model_dump_json()
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join([other, lines[0], "", lines[1]]))
    return RecordedModel(path, task="port", agent="editor.1")


@pytest.fixture
def litellm_model(scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Model]:
    """The two answers behind HTTP."""
    for name, value in scripted_server.env.items():
        monkeypatch.setenv(name, value)
    calls = [tool_call.model_dump() for tool_call in FIRST.tool_calls]
    scripted_server.play({"turns": [{"text": FIRST.content, "calls": calls}, {"text": SECOND.content}]})

    def make(stream: bool) -> Model:
        return LitellmModel("openai/gpt-4.1", redactor=Redactor.of_environment(os.environ), stream=stream)

    return make


@pytest.fixture(
    params=[
        "fake",
        "recorded",
        "retrying",
        "chain",
        pytest.param("streaming", marks=pytest.mark.slow),
        pytest.param("whole", marks=pytest.mark.slow),
    ]
)
def model(request: pytest.FixtureRequest) -> Model:
    """Each kind of model with the same two answers."""
    match request.param:
        case "recorded":
            recorded: Model = request.getfixturevalue("recording")
            return recorded
        case "retrying":
            return RetryingModel(ScriptedModel(FIRST, SECOND), recorder=FakeRecorder())
        case "chain":
            return ModelChain([ScriptedModel(FIRST, SECOND), ScriptedModel()], recorder=FakeRecorder())
        case "streaming" | "whole" as kind:
            make: Callable[[bool], Model] = request.getfixturevalue("litellm_model")
            return make(kind == "streaming")
        case _:
            return ScriptedModel(FIRST, SECOND)


async def test_an_answer_is_what_the_model_said(model: Model) -> None:
    """Text, calls, ids and even broken arguments come through unchanged, with a reason and a use."""
    reply = await model.ask(request(*OPENING))
    assert reply.message == FIRST
    assert reply.finish_reason == "tool_calls"
    assert reply.model
    assert reply.cost is None or reply.cost >= 0


async def test_a_conversation_goes_on(model: Model) -> None:
    """The answer to a longer conversation is the next one; a model keeps no turn of its own."""
    assert (await model.ask(request(*AFTER_FIRST))).message.content == "Done."
    assert (await model.ask(request(*OPENING))).message == FIRST


async def test_a_model_can_be_asked_in_parallel(model: Model) -> None:
    """Two conversations at once don't get into each other's way."""
    answers: dict[str, Message] = {}

    async def ask(name: str, messages: tuple[Message, ...]) -> None:
        answers[name] = (await model.ask(request(*messages))).message

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "first", OPENING)
        group.start_soon(ask, "second", AFTER_FIRST)
    assert answers["first"] == FIRST
    assert answers["second"].content == "Done."


async def test_a_question_without_an_answer_is_refused(model: Model) -> None:
    """Where asking again can't help, ModelRefused names the model."""
    said = Message(role="assistant", content="x")
    with pytest.raises(ModelRefused) as caught:
        await model.ask(request(*AFTER_FIRST, said, OPENING[1], said, OPENING[1]))
    assert caught.value.model


async def test_a_model_has_one_id(model: Model) -> None:
    """The id does not change by being asked."""
    before = model.id
    await model.ask(request(*OPENING))
    assert model.id == before
