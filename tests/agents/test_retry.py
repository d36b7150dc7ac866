"""Asking again, falling back, and giving up."""

from __future__ import annotations

import anyio
import pytest

from agents import retry
from agents.chain import ModelChain
from agents.errors import AccountEmpty, ContextTooLong, ModelFault, ModelRefused, ModelUnavailable, WaitEnded
from agents.events import FaultMet, FaultRetried
from agents.faults import is_final, model_error, retry_after_seconds
from agents.model import ModelReply, ModelRequest
from agents.redact import Redactor
from agents.retry import Asking, Patience, RetryingModel
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import ScriptedModel, finish

REQUEST = ModelRequest(messages=(), tools=(), max_tokens=100)


class Sleeper:
    """Notes how long it was to sleep, and does not."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Note it."""
        self.waits.append(seconds)


async def test_a_fault_is_asked_again_and_journalled() -> None:
    """Each fault and each retry with its wait is in the journal; the answer comes through."""
    recorder, sleeper = FakeRecorder(), Sleeper()
    model = ScriptedModel(ModelFault("m", "500"), ModelFault("m", "cut"), finish())
    reply = await RetryingModel(model, recorder=recorder, sleep=sleeper).ask(REQUEST)
    assert reply.message == finish()
    assert [fault.why for fault in recorder.of(FaultMet)] == ["500", "cut"]
    assert [(retry.attempt, retry.wait_seconds) for retry in recorder.of(FaultRetried)] == [
        (2, sleeper.waits[0]),
        (3, sleeper.waits[1]),
    ]


async def test_retry_after_is_honoured() -> None:
    """The wait is never shorter than the provider asked for, and little longer."""
    sleeper = Sleeper()
    model = ScriptedModel(ModelFault("m", "429", retry_after_seconds=17), finish())
    await RetryingModel(model, recorder=FakeRecorder(), sleep=sleeper).ask(REQUEST)
    assert 17 <= sleeper.waits[0] <= 18


async def test_waits_grow_with_jitter_under_a_ceiling() -> None:
    """No wait passes the longest, and they are not all the same."""
    sleeper = Sleeper()
    model = ScriptedModel(*[ModelFault("m", "503")] * 19, finish())
    patience = Patience(tries=20, longest_wait_seconds=8, total_seconds=10_000)
    await RetryingModel(model, recorder=FakeRecorder(), patience=patience, sleep=sleeper).ask(REQUEST)
    assert len(sleeper.waits) == 19
    assert max(sleeper.waits) <= 8
    assert len(set(sleeper.waits)) > 10


class Silent(ScriptedModel):
    """A provider that does not answer, but only after its user wants to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Never."""
        self.stopping = True
        await anyio.sleep_forever()
        raise AssertionError("it woke")


async def test_a_stop_does_not_wait_for_a_silent_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request on its way is given up soon after, as one without an answer, and the journal says so."""
    monkeypatch.setattr(retry, "STOP_SECONDS", 0.01)
    recorder, model = FakeRecorder(), Silent()
    asking = Asking(stopping=lambda: model.stopping)
    with anyio.fail_after(60), pytest.raises(WaitEnded, match="had not answered"):
        await RetryingModel(model, recorder=recorder, asking=asking).ask(REQUEST)
    assert [(fault.retryable, fault.usage) for fault in recorder.of(FaultMet)] == [(True, None)]


async def test_an_answer_that_comes_soon_is_kept() -> None:
    """It will have to be paid for."""
    model = ScriptedModel(finish())
    reply = await RetryingModel(model, recorder=FakeRecorder(), asking=Asking(stopping=lambda: True)).ask(REQUEST)
    assert reply.message == finish()


@pytest.mark.parametrize(
    ("patience", "tries"),
    [(Patience(tries=3), 3), (Patience(total_seconds=0), 1)],
)
async def test_patience_ends(patience: Patience, tries: int) -> None:
    """After the last try the provider counts as down, and the journal says so."""
    recorder = FakeRecorder()
    model = ScriptedModel(*[ModelFault("m", "503")] * 9)
    with pytest.raises(ModelUnavailable, match="503"):
        await RetryingModel(model, recorder=recorder, patience=patience, sleep=Sleeper()).ask(REQUEST)
    assert len(model.requests) == tries
    assert not recorder.of(FaultMet)[-1].retryable


async def test_a_wait_longer_than_patience_is_not_begun() -> None:
    """A Retry-After of a day parks the task at once instead of sleeping."""
    sleeper = Sleeper()
    model = ScriptedModel(ModelFault("m", "429", retry_after_seconds=86_400), finish())
    with pytest.raises(ModelUnavailable):
        await RetryingModel(model, recorder=FakeRecorder(), sleep=sleeper).ask(REQUEST)
    assert not sleeper.waits


@pytest.mark.parametrize("final", [ModelRefused("m", "bad key"), ContextTooLong("m", "too long")])
async def test_what_is_final_is_not_asked_again(final: Exception) -> None:
    """A bad key and too long a prompt come out at the first try."""
    model = ScriptedModel(final, finish())
    with pytest.raises(type(final)):
        await RetryingModel(model, recorder=FakeRecorder(), sleep=Sleeper()).ask(REQUEST)
    assert len(model.requests) == 1


async def test_the_next_of_a_chain_is_asked() -> None:
    """A model that is down and one without a key are passed over, and the journal says so."""
    recorder = FakeRecorder()
    chain = ModelChain(
        [
            ScriptedModel(ModelUnavailable("a", "503"), id="a"),
            ScriptedModel(ModelRefused("b", "no key"), id="b"),
            ScriptedModel(finish(), id="c"),
        ],
        recorder=recorder,
    )
    assert chain.id == "a"
    assert (await chain.ask(REQUEST)).message == finish()
    assert [fault.where for fault in recorder.of(FaultMet)] == ["model b"]
    assert [retry.where for retry in recorder.of(FaultRetried)] == ["model b", "model c"]


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([ModelUnavailable("a", "503"), ModelRefused("b", "no key")], ModelUnavailable),
        ([ModelRefused("a", "no key"), ModelRefused("b", "no key")], ModelRefused),
        ([ContextTooLong("a", "long"), ModelRefused("b", "never asked")], ContextTooLong),
    ],
)
async def test_a_chain_that_ends(errors: list[Exception], raised: type[Exception]) -> None:
    """Where waiting may help the task is parked; a prompt too long is not shown to a smaller model."""
    chain = ModelChain([ScriptedModel(error) for error in errors], recorder=FakeRecorder())
    with pytest.raises(raised):
        await chain.ask(REQUEST)


class HttpError(Exception):
    """An error as an HTTP client raises it."""

    def __init__(self, text: str, status: object, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.litellm_response_headers = headers
        super().__init__(text)


@pytest.mark.parametrize(
    ("status", "final"),
    [(400, True), (401, True), (404, True), (422, True), (408, False), (429, False), (500, False), (503, False)],
)
def test_statuses_are_told_apart(status: int, final: bool) -> None:
    """Errors of the request are final, errors of the moment are not."""
    assert is_final(status) is final


def test_an_error_without_status_is_tried_again() -> None:
    """Nothing says that it is final."""
    assert isinstance(model_error(ValueError("?"), model="m", redactor=Redactor({})), ModelFault)


def test_an_empty_account_is_final() -> None:
    """A 429 that means the account has no money is not waited for."""
    error = HttpError("You exceeded your current quota (insufficient_quota)", 429)
    assert isinstance(model_error(error, model="m", redactor=Redactor({})), AccountEmpty)


@pytest.mark.parametrize(
    "layers",
    ["litellm.AuthenticationError: AuthenticationError: OpenAIException - ", "litellm.APIError: ", ""],
)
def test_only_the_providers_own_words_are_shown(layers: str) -> None:
    """The names of exceptions before them are taken off, and nothing else."""
    error = HttpError(f"{layers}Incorrect key: Error - x", 500)
    assert model_error(error, model="m", redactor=Redactor({})).why == "Incorrect key: Error - x"


def test_a_key_in_an_error_is_redacted_before_it_is_cut() -> None:
    """The provider's words lose the key even where the cut would have gone through it."""
    key = "sk-0123456789abcdef"
    error = HttpError("x" * 290 + key, 401)
    why = model_error(error, model="m", redactor=Redactor({"K": key})).why
    assert "sk-" not in why


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("1e99", 86_400.0),
        ("nan", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("Wed, 21 Oct 9998 07:28:00 GMT", 86_400.0),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999", None),
    ],
)
def test_retry_after_in_every_form(value: str, seconds: float | None) -> None:
    """Seconds and dates are understood, up to a day; nonsense is as if nothing had been said."""
    assert retry_after_seconds(HttpError("", 429, {"Retry-After": value})) == seconds


def test_milliseconds_come_before_seconds() -> None:
    """Where a provider says both, the finer one is meant."""
    assert retry_after_seconds(HttpError("", 429, {"retry-after-ms": "1500", "Retry-After": "2"})) == 1.5
    assert retry_after_seconds(HttpError("", 429, {"retry-after-ms": "soon", "Retry-After": "2"})) == 2.0


async def test_a_storm_that_asks_for_no_wait_is_met_with_one() -> None:
    """Retry-After: 0 does not use the tries up within a second."""
    sleeper = Sleeper()
    model = ScriptedModel(*[ModelFault("m", "429", retry_after_seconds=0.0)] * 15, finish())
    await RetryingModel(model, recorder=FakeRecorder(), patience=Patience(), sleep=sleeper).ask(REQUEST)
    assert sum(sleeper.waits) > 15


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Rate limit reached for gpt-4: Limit 30000, Used 29000, Requested 2000. Try again in 2 s.", 429),
        ("This request would exceed your organization's rate limit of 40,000 input tokens per minute.", 429),
        ("Invalid 'user': string too long. Expected a string with maximum length 64.", 400),
        ("The tools' names must be shorter than 64 characters", 400),
    ],
)
def test_other_lengths_are_not_the_prompts(text: str, status: int) -> None:
    """What a rebuild of the context would not mend is no reason for one."""
    assert not isinstance(model_error(HttpError(text, status), model="m", redactor=Redactor({})), ContextTooLong)
