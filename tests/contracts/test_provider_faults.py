"""What the program does about each fault of a provider, through the real client over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from agents.circuit import Circuits
from agents.errors import AccountEmpty, ContextTooLong, CredentialsRefused, ModelError, ModelRefused, ModelUnavailable
from agents.events import FaultMet, FaultRetried
from agents.litellm_model import load_litellm
from agents.model import Message, Model, ModelRequest
from agents.models import ModelSettings, make_model
from agents.prices import Price
from agents.redact import Redactor
from agents.retry import Patience
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from tests.contracts.provider_faults import FAULTS, ProviderFault
from tests.fakes.judges import FakeRecorder
from tests.server.fixture import ScriptedServer, serving

pytestmark = [
    pytest.mark.slow,
    # litellm's own use of pydantic, which it can't help and we can't mend.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

SILENCE_SECONDS = 5.0
"""The patience with a provider that says nothing; longer than a machine that is busy keeps a good answer back."""

GENEROUS_SECONDS = 120.0
"""With every other: nothing waits for it."""

FIRST, SECOND = "openai/first", "openai/second"
SAID = {
    "asked again": ModelUnavailable,
    "refused": ModelRefused,
    "too long": ContextTooLong,
    "credentials": CredentialsRefused,
    "no money": AccountEmpty,
}
REQUEST = ModelRequest(
    messages=(Message(role="system", content="You are the editor of x."), Message(role="user", content="hi")),
    tools=tool_schemas(ROLES["editor"]),
    max_tokens=300,
)
CASES = [
    pytest.param(fault, stream, id=f"{fault.name}{', streamed' if stream else ''}")
    for fault in FAULTS
    for stream in (True, False)
    if fault.sent(stream=stream) is not None
]


@pytest.fixture
def recorder() -> FakeRecorder:
    """The journal of the one who asks."""
    return FakeRecorder()


def made(*ids: str, fault: ProviderFault, recorder: FakeRecorder, stream: bool, tries: int = 2) -> Model:
    """A model, or a chain, that is soon out of patience."""
    settings = ModelSettings(
        redactor=Redactor.of_environment(os.environ),
        prices={id: Price(input=1.0, output=2.0) for id in ids},
        stream=stream,
        timeout_seconds=SILENCE_SECONDS if fault.name.startswith("silence") else GENEROUS_SECONDS,
        patience=Patience(tries=tries, first_wait_seconds=0.01, longest_wait_seconds=0.01),
        circuits=Circuits(),
    )
    return make_model(ids, task="port", agent="editor.1", settings=settings, recorder=recorder)


def play(server: ScriptedServer, fault: ProviderFault, *, stream: bool, always: bool) -> None:
    """The first model has the fault, once or for ever; the second has none."""
    sent = {**(fault.sent(stream=stream) or {}), "always": always}
    answer: dict[str, Any] = {"text": "hello there", "usage": {"prompt": 1000, "completion": 10}}
    name = f"{fault.name}, {stream}"  # the server counts each fault of each script
    server.play({"model": "first", "turns": [{**answer, "faults": [sent], "name": name}]}, {"turns": [answer]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    """One for all of them, where litellm, which takes its time to be imported, finds OpenAI."""
    load_litellm()
    with serving(tmp_path_factory.mktemp("server")) as serves, pytest.MonkeyPatch.context() as patch:
        for name, value in serves.env.items():
            patch.setenv(name, value)
        yield serves


def holds_no_key(server: ScriptedServer, recorder: FakeRecorder, error: BaseException | None) -> bool:
    """Neither the journal nor an error, nor what it came from, has the key in it."""
    said = [event.model_dump_json() for event in recorder.events]
    while error is not None:
        said.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return all(server.env["OPENAI_API_KEY"] not in text for text in said)


@pytest.mark.parametrize(("fault", "stream"), CASES)
async def test_a_fault_that_passes(
    server: ScriptedServer, recorder: FakeRecorder, fault: ProviderFault, stream: bool
) -> None:
    """One of the moment is asked again once, with the fault and the wait in the journal and what it cost in the bill;
    the answer is the whole one, with nothing of the broken one before it. Any other comes out at once."""
    play(server, fault, stream=stream, always=False)
    before = len(server.requests())
    model = made(FIRST, fault=fault, recorder=recorder, stream=stream)
    if fault.becomes != "asked again":
        with pytest.raises(SAID[fault.becomes]) as caught:
            await model.ask(REQUEST)
        assert type(caught.value) is SAID[fault.becomes]
        assert len(server.requests()) == before + 1
        assert not recorder.events
        assert holds_no_key(server, recorder, caught.value)
        return
    reply = await model.ask(REQUEST)
    assert reply.message == Message(role="assistant", content="hello there")
    assert len(server.requests()) == before + 2
    met, retried = recorder.events
    assert isinstance(met, FaultMet)
    assert (met.where, met.retryable, bool(met.why)) == ("model openai/first", True, True)
    assert isinstance(retried, FaultRetried)
    assert retried.attempt == 2
    assert (met.usage is not None) == fault.paid
    assert reply.wasted.usage == (met.usage or reply.wasted.usage)
    assert reply.bill.usage.prompt == 1000 + (met.usage.prompt if met.usage else 0)
    assert (reply.wasted.cost or 0.0) == (met.cost or 0.0)
    assert holds_no_key(server, recorder, None)


@pytest.mark.parametrize(("fault", "stream"), CASES)
async def test_a_fault_that_stays(
    server: ScriptedServer, recorder: FakeRecorder, fault: ProviderFault, stream: bool
) -> None:
    """The next model of a chain answers, but where the prompt is too long: that is not the model's fault."""
    play(server, fault, stream=stream, always=True)
    chain = made(FIRST, SECOND, fault=fault, recorder=recorder, stream=stream, tries=1)
    error: ModelError | None = None
    if fault.becomes == "too long":
        with pytest.raises(ContextTooLong) as caught:
            await chain.ask(REQUEST)
        error = caught.value
    else:
        reply = await chain.ask(REQUEST)
        assert (reply.model, reply.message.content) == (SECOND, "hello there")
        assert [event.where for event in recorder.of(FaultMet)] == ["model openai/first"]
        assert [event.retryable for event in recorder.of(FaultMet)] == [False]
        assert [event.where for event in recorder.of(FaultRetried)] == ["model openai/second"]
        assert (reply.wasted.usage.prompt > 0) == fault.paid
    assert holds_no_key(server, recorder, error)
