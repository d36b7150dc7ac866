"""The real client over HTTP: every fault of a provider, met through litellm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from agents.errors import ContextTooLong, CredentialsRefused, ModelFault, ModelRefused, ModelUnavailable
from agents.events import FaultMet, FaultRetried
from agents.litellm_model import LitellmModel, load_litellm
from agents.model import Message, ModelRequest, Usage
from agents.models import ModelSettings, make_model
from agents.prices import Price
from agents.redact import Redactor
from agents.retry import Patience
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from tests.agents.bench import Bench
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import call, calling
from tests.server.fixture import ScriptedServer

pytestmark = [
    pytest.mark.slow,
    # litellm's own use of pydantic, which it can't help and we can't mend.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
MODEL = "openai/gpt-4.1"
REQUEST = ModelRequest(
    messages=(Message(role="system", content="You are the editor of x."), Message(role="user", content="hi")),
    tools=tool_schemas(ROLES["editor"]),
    max_tokens=300,
)

Making = Callable[..., LitellmModel]


@pytest.fixture
def making(scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Making:
    """Makes models that ask the scripted server; litellm, which takes its time to be imported, is there already."""
    load_litellm()
    for name, value in scripted_server.env.items():
        monkeypatch.setenv(name, value)

    def make(id: str = MODEL, **options: Any) -> LitellmModel:
        return LitellmModel(id, redactor=Redactor.of_environment(os.environ), **options)

    return make


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_comes_whole(making: Making, scripted_server: ScriptedServer, stream: bool) -> None:
    """Text, calls with their ids, usage, cost, and the client's own time come back, streamed or not."""
    calls = [{"name": "shell", "arguments": {"command": "ls"}, "id": "a"}, {"name": "recall", "arguments": "{oops"}]
    usage = {"prompt": 1000, "completion": 100, "cached": 400}
    scripted_server.play({"role": "editor", "turns": [{"text": "Look:", "calls": calls, "usage": usage}]})
    reply = await making(stream=stream).ask(REQUEST)
    assert reply.model == MODEL
    assert reply.message.content == "Look:"
    assert [(c.id, c.name, c.arguments) for c in reply.message.tool_calls] == [
        ("a", "shell", '{"command": "ls"}'),
        ("call_0_1", "recall", "{oops"),
    ]
    assert reply.finish_reason == "tool_calls"
    assert reply.usage == Usage(prompt=1000, completion=100, cached=400)
    # litellm's table for this model: 2 dollars in, 0.5 cached, 8 out, for a million each.
    assert reply.cost == pytest.approx((600 * 2 + 400 * 0.5 + 100 * 8) / 1e6)
    assert reply.latency_seconds > 0
    assert 0 < reply.client_ms < 60_000
    sent = scripted_server.requests()[0]["request"]
    assert bool(sent.get("stream")) is stream
    assert sent["max_tokens"] == 300
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["shell", "edit", "recall", "finish"]


async def test_prices_of_the_plan_come_first(making: Making, scripted_server: ScriptedServer) -> None:
    """A model that no table knows costs what the plan says, and nothing known where it says nothing."""
    answer = {"text": "x", "usage": {"prompt": 1_000_000, "completion": 0}}
    scripted_server.play({"turns": [answer]})
    prices = {"openai/our-own": Price(input=0.4, output=1.6)}
    assert (await making("openai/our-own", prices=prices).ask(REQUEST)).cost == pytest.approx(0.4)
    assert (await making("openai/our-own").ask(REQUEST)).cost is None


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", ["429", "500", "503", "html", "garbage", "cut"])
async def test_what_may_pass_is_a_fault(
    making: Making, scripted_server: ScriptedServer, fault: str, stream: bool
) -> None:
    """Each is one failed try, never a short answer; litellm did not retry by itself; the next try is fine."""
    scripted_server.play({"turns": [{"text": "hello there", "faults": [fault]}]})
    model = making(stream=stream)
    with pytest.raises(ModelFault):
        await model.ask(REQUEST)
    assert len(scripted_server.requests()) == 1
    assert (await model.ask(REQUEST)).message.content == "hello there"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hang_ends_at_the_timeout(making: Making, scripted_server: ScriptedServer, stream: bool) -> None:
    """A provider that says nothing is a fault after the timeout."""
    scripted_server.play({"turns": [{"text": "late", "faults": [{"kind": "hang", "seconds": 30}]}]})
    with anyio.fail_after(20):
        with pytest.raises(ModelFault):
            await making(stream=stream, timeout_seconds=0.5).ask(REQUEST)


async def test_a_stream_has_an_end(making: Making, scripted_server: ScriptedServer) -> None:
    """An answer that never stops dripping is given up after its whole time."""
    scripted_server.play({"turns": [{"text": "hello"}]})
    with pytest.raises(ModelFault, match="took longer"):
        await making(total_seconds=0.0).ask(REQUEST)


async def test_an_answer_that_nothing_can_count_has_an_end(
    making: Making, scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no byte of a body comes in, as while headers drip, the call is given up a while after its whole time."""
    monkeypatch.setattr("agents.litellm_model.GRACE_SECONDS", 0.1)
    scripted_server.play({"turns": [{"text": "late", "faults": [{"kind": "hang", "seconds": 5}]}]})
    with pytest.raises(ModelFault, match=r"no end of the answer within 0\.3 s"):
        await making(timeout_seconds=60, total_seconds=0.2).ask(REQUEST)


async def test_giving_up_does_not_wait_for_the_provider(making: Making, scripted_server: ScriptedServer) -> None:
    """A cancelled question comes back at once, though the provider hangs."""
    scripted_server.play({"turns": [{"text": "late", "faults": [{"kind": "hang", "seconds": 5}]}]})
    with anyio.move_on_after(0.3) as scope:
        await making(timeout_seconds=3).ask(REQUEST)
    assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("fault", "raised"), [("401", CredentialsRefused), ("404", ModelRefused), ("context", ContextTooLong)]
)
async def test_what_is_final(
    making: Making, scripted_server: ScriptedServer, fault: str, raised: type[Exception]
) -> None:
    """A bad key, an unknown model and too long a prompt are told apart from faults."""
    scripted_server.play({"turns": [{"text": "x", "faults": [fault]}]})
    with pytest.raises(raised):
        await making().ask(REQUEST)


async def test_an_id_without_a_provider_is_refused(making: Making) -> None:
    """A model that litellm does not know how to reach is a final error."""
    with pytest.raises(ModelRefused):
        await making("no-such-model").ask(REQUEST)


async def test_a_missing_key_is_refused(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key nothing is retried."""
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelRefused):
        await making().ask(REQUEST)


async def test_the_key_is_in_no_error(making: Making, scripted_server: ScriptedServer) -> None:
    """Neither the words of an error, nor what it came from, hold the key, even where the provider repeats it."""
    key = scripted_server.env["OPENAI_API_KEY"]
    scripted_server.play({"contains": [key], "turns": []})
    hostile = ModelRequest(messages=(Message(role="user", content=key),), tools=(), max_tokens=10)
    with pytest.raises(ModelRefused) as caught:
        await making(f"openai/{key}").ask(hostile)
    assert key not in str(caught.value).replace(f"openai/{key}", "")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_made_model_retries_and_records(scripted_server: ScriptedServer, making: Making) -> None:
    """429 with Retry-After, 500 and a cut stream are lived through, each fault and each wait in the journal."""
    faults = [{"kind": "429", "retry_after": 0.2}, "500", "cut"]
    scripted_server.play({"turns": [{"text": "at last", "faults": faults}]})
    recorder = FakeRecorder()
    patience = Patience(first_wait_seconds=0.01)
    settings = ModelSettings(redactor=Redactor.of_environment(os.environ), patience=patience)
    model = make_model(MODEL, task="t", agent="editor.1", settings=settings, recorder=recorder)
    assert (await model.ask(REQUEST)).message.content == "at last"
    assert len(recorder.of(FaultMet)) == 3
    assert recorder.of(FaultRetried)[0].wait_seconds >= 0.2


async def test_a_made_chain_falls_back(scripted_server: ScriptedServer, making: Making) -> None:
    """The second model of a list answers when the first is down for good."""
    scripted_server.play({"turns": [{"text": "second", "faults": ["503", "503"]}]})
    settings = ModelSettings(
        redactor=Redactor({}),
        patience=Patience(tries=2, first_wait_seconds=0.01),
        prices={"openai/b": Price(input=1, output=1)},
    )
    model = make_model([MODEL, "openai/b"], task="t", agent="a", settings=settings, recorder=FakeRecorder())
    reply = await model.ask(REQUEST)
    assert (reply.model, reply.message.content) == ("openai/b", "second")


async def test_a_provider_down_for_good_is_unavailable(scripted_server: ScriptedServer, making: Making) -> None:
    """When patience ends the task can be parked."""
    scripted_server.play({"turns": [{"text": "x", "faults": [{"kind": "503", "always": True}]}]})
    settings = ModelSettings(redactor=Redactor({}), patience=Patience(tries=2, first_wait_seconds=0.01))
    model = make_model(MODEL, task="t", agent="a", settings=settings, recorder=FakeRecorder())
    with pytest.raises(ModelUnavailable):
        await model.ask(REQUEST)


async def test_an_agent_lives_through_it_all(scripted_server: ScriptedServer, making: Making) -> None:
    """A whole conversation over HTTP: nonsense of every kind, then work, then a finish."""
    turns: list[dict[str, Any]] = [
        {"text": ""},
        {"text": "Let me think."},
        {"calls": [{"name": "browser", "arguments": {"url": "http://x"}}]},
        {"calls": [{"name": "shell", "arguments": '{"command": "ls'}]},
        {"calls": [{"name": "shell", "arguments": {"command": "a"}, "id": "x"}] * 2},
        {"shell": "forbidden thing"},
        {"edit": ["new.py", "", "x = 1\n"]},
        {"calls": [{"name": "shell", "arguments": '{"command": "cat new'}], "finish_reason": "length"},
        {"finish": {"summary": "done"}},
    ]
    scripted_server.play({"role": "editor", "contains": ["Port src/client."], "turns": turns})
    bench = Bench(model=making())
    outcome = await bench.run()
    assert outcome.ended == "finished"
    assert bench.sandbox.files == {"new.py": b"x = 1\n"}
    assert [command.script for command in bench.sandbox.commands] == ["a", "a"]
    assert outcome.conversation.step == len(turns)


async def test_a_conversation_of_nonsense_is_taken_back(making: Making, scripted_server: ScriptedServer) -> None:
    """Broken calls of earlier steps go over the wire as valid JSON objects."""
    broken = calling(call("no such", "{broken", id="a"))
    messages = (*REQUEST.messages, broken, Message(role="tool", content="not done", tool_call_id="a"))
    scripted_server.play({"turns": [{"text": "one"}, {"text": "two"}]})
    reply = await making().ask(ModelRequest(messages=messages, tools=REQUEST.tools, max_tokens=10))
    assert reply.message.content == "two"


async def test_litellm_leaves_no_threads_behind(making: Making, scripted_server: ScriptedServer) -> None:
    """Streaming many answers starts no thread for each."""
    scripted_server.play({"turns": [{"text": "x"}]})
    model = making()
    await model.ask(REQUEST)
    before = threading.active_count()
    for _ in range(10):
        await model.ask(REQUEST)
    with anyio.fail_after(20):
        while threading.active_count() > before + 1:  # noqa: ASYNC110 - threads that end tell nobody
            await anyio.sleep(0.05)


LOADING = """
import socket, sys
def connect(*arguments):
    raise SystemExit(f"connected: {arguments}")
socket.socket.connect = socket.getaddrinfo = connect
sys.path.insert(0, sys.argv[1])
from agents.litellm_model import load_litellm
load_litellm()
import os
sys.exit(os.environ.get("MIMO_FROM_DOTENV"))
"""


def test_loading_is_offline_and_quiet(tmp_path: Path) -> None:
    """Importing litellm asks no network, prints nothing, and reads no .env file of the directory it stands in."""
    (tmp_path / ".env").write_text("MIMO_FROM_DOTENV=read\n")
    command = [sys.executable, "-c", LOADING, str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


HELD = replace(REQUEST, tools=tool_schemas(ROLES["coordinator"]), answer="finish")
ANSWER = '{"decision": "give up", "why": "nothing to do"}'


def conversation(*more: Message) -> ModelRequest:
    """The request of a coordinator, some messages on."""
    return replace(HELD, messages=(*HELD.messages, *more))


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_is_held_to_a_schema_where_the_model_takes_one(
    making: Making, scripted_server: ScriptedServer, stream: bool
) -> None:
    """The schema goes as `response_format` and not as a tool; the rest of the program sees a call all the same."""
    scripted_server.play({"turns": [{"text": ANSWER}, {"shell": "ls"}, {"text": " "}]})
    model = making(stream=stream)

    answered = (await model.ask(HELD)).message
    assert [(call.name, call.arguments) for call in answered.tool_calls] == [("finish", ANSWER)]
    told = Message(role="tool", content="Not accepted.", tool_call_id="own")
    kept = answered.model_copy(update={"tool_calls": (answered.tool_calls[0].model_copy(update={"id": "own"}),)})
    looks = (await model.ask(conversation(kept, told))).message
    assert [call.name for call in looks.tool_calls] == ["shell"]
    silent = (await model.ask(conversation(kept, told, kept, told))).message
    assert silent.tool_calls == ()

    first, second, _ = (each["request"] for each in scripted_server.requests())
    assert [tool["function"]["name"] for tool in first["tools"]] == ["shell", "recall"]
    schema = first["response_format"]["json_schema"]
    assert (schema["name"], schema["schema"]["required"]) == ("finish", ["decision", "why"])
    assert second["messages"][-2:] == [
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "Not accepted."},
    ]


async def test_other_models_call_the_tool(making: Making, scripted_server: ScriptedServer) -> None:
    """A model that litellm does not know is given the tool, and so is one whose provider refuses the schema."""
    finish = {"finish": {"decision": "give up", "why": "nothing to do"}}
    scripted_server.play({"turns": [{**finish, "faults": ["schema"]}, finish]})
    model = making()
    assert (await model.ask(HELD)).message.tool_calls[0].name == "finish"
    assert (await making("openai/our-own").ask(HELD)).message.tool_calls[0].name == "finish"
    await model.ask(conversation(Message(role="assistant", content="well"), Message(role="user", content="go on")))
    sent = [
        ("response_format" in each["request"], len(each["request"]["tools"])) for each in scripted_server.requests()
    ]
    assert sent == [(True, 2), (False, 3), (False, 3), (False, 3)]
