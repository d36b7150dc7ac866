"""What agents know together about a model that is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from agents.chain import ModelChain
from agents.circuit import LONGEST_REST_SECONDS, REST_SECONDS, Circuit, Circuits
from agents.errors import ContextTooLong, ModelFault, ModelUnavailable, WaitEnded
from agents.events import FaultMet, FaultRetried
from agents.model import Bill, ModelRequest, Usage
from agents.retry import MOST_PAID, Asking, Patience, RetryingModel
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import ScriptedModel, finish

REQUEST = ModelRequest(messages=(), tools=(), max_tokens=100)


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.now += seconds


def retrying(
    model: ScriptedModel,
    circuits: Circuits,
    *,
    task: str = "port",
    tries: int = 2,
    recorder: FakeRecorder | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> RetryingModel:
    """A model of that task, which shares its circuits."""
    return RetryingModel(
        model,
        recorder=recorder or FakeRecorder(),
        patience=Patience(tries=tries),
        asking=Asking(task=task, agent="editor.1", circuits=circuits, stopping=stopping),
        sleep=sleep or Clock().sleep,
    )


def down(count: int = 1, **more: float) -> ScriptedModel:
    """A model that is down so often, and then answers."""
    return ScriptedModel(*[ModelFault("scripted/model", "503", **more) for _ in range(count)], finish())


async def test_one_waits_for_all() -> None:
    """Where one agent's patience has ended, another is told without a request, and its journal says why, once."""
    circuits, recorder = Circuits(clock=Clock()), FakeRecorder()
    with pytest.raises(ModelUnavailable):
        await retrying(down(2), circuits).ask(REQUEST)
    model = down(0)
    other = retrying(model, circuits, task="other", recorder=recorder)
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="503"):
            await other.ask(REQUEST)
    assert not model.requests
    assert [(fault.why, fault.retryable, fault.agent) for fault in recorder.of(FaultMet)] == [
        ("503", False, "editor.1")
    ]


async def test_one_tries_for_all_after_a_rest() -> None:
    """A try that fails is the only one, and makes the next rest longer; one that is answered closes the circuit."""
    clock = Clock()
    circuits = Circuits(clock=clock)
    model = down(3)
    asking = retrying(model, circuits)
    with pytest.raises(ModelUnavailable):
        await asking.ask(REQUEST)
    clock.now += REST_SECONDS
    with pytest.raises(ModelUnavailable):
        await asking.ask(REQUEST)
    assert len(model.requests) == 3
    clock.now += REST_SECONDS
    with pytest.raises(ModelUnavailable):
        await asking.ask(REQUEST)
    assert len(model.requests) == 3
    clock.now += REST_SECONDS
    assert (await asking.ask(REQUEST)).message == finish()
    assert circuits.of(model.id).open is None


def test_only_one_tries_at_a_time() -> None:
    """While it is not known what became of the try, nobody else is let through; one that was stopped lets the next."""
    clock = Clock()
    circuit = Circuit(clock=clock)
    circuit.gave_up("503", answers=0, asked_for_seconds=None, tried=False)
    clock.now += REST_SECONDS
    assert circuit.admit() is None
    assert circuit.admit() == "503"
    circuit.let_go()
    assert circuit.admit() is None


@pytest.mark.parametrize(("asked_for", "rest"), [(300.0, 300.0), (86_400.0, LONGEST_REST_SECONDS), (1.0, REST_SECONDS)])
def test_a_rest_is_as_long_as_the_provider_wants_it_within_reason(asked_for: float, rest: float) -> None:
    """Never shorter than ours, and never longer than the longest."""
    circuit = Circuit(clock=Clock())
    circuit.gave_up("429", answers=0, asked_for_seconds=asked_for, tried=False)
    assert circuit.rest_seconds == rest


def test_each_rest_is_twice_as_long_until_the_provider_answers() -> None:
    """Within reason, and from the beginning once it was there."""
    clock = Clock()
    circuit = Circuit(clock=clock)
    rests = []
    for _ in range(6):
        circuit.admit()
        circuit.gave_up("503", answers=circuit.answers, asked_for_seconds=None, tried=True)
        rests.append(circuit.rest_seconds)
        clock.now += circuit.rest_seconds
    assert rests == [min(REST_SECONDS * 2**times, LONGEST_REST_SECONDS) for times in range(6)]
    circuit.answered()
    circuit.gave_up("503", answers=circuit.answers, asked_for_seconds=None, tried=False)
    assert circuit.rest_seconds == REST_SECONDS


async def test_bad_luck_of_one_is_not_the_end_for_all() -> None:
    """Where others were answered meanwhile, the circuit stays closed; the unlucky task may come back after a rest."""
    clock = Clock()
    circuits = Circuits(clock=clock)
    lucky = retrying(down(0), circuits, task="lucky")

    async def sleep(_: float) -> None:
        await lucky.ask(REQUEST)

    with pytest.raises(ModelUnavailable):
        await retrying(down(2), circuits, sleep=sleep).ask(REQUEST)
    assert circuits.of("scripted/model").open is None
    assert circuits.back_in_seconds("port") == REST_SECONDS
    assert circuits.back_in_seconds("lucky") is None


async def test_who_waits_is_told_when_another_gave_up() -> None:
    """Eight agents don't wait out the patience of eight."""
    circuits = Circuits()
    model = down(2)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:

            async def long_wait(_: float) -> None:
                group.start_soon(give_up)
                await anyio.sleep(3600)

            async def give_up() -> None:
                circuits.of(model.id).gave_up("down", answers=0, asked_for_seconds=None, tried=False)

            with pytest.raises(ModelUnavailable, match="down"):
                await retrying(model, circuits, tries=9, sleep=long_wait).ask(REQUEST)
    assert len(model.requests) == 1


async def test_a_wish_of_the_provider_is_one_to_all() -> None:
    """What one was asked to wait, another waits before its first request, with the wait in its journal."""
    clock, recorder = Clock(), FakeRecorder()
    circuits = Circuits(clock=clock)
    circuits.of("scripted/model").hold(20)
    await retrying(down(0), circuits, recorder=recorder, sleep=clock.sleep).ask(REQUEST)
    assert clock.now == 20
    assert [(event.attempt, event.wait_seconds) for event in recorder.of(FaultRetried)] == [(1, 20)]


async def test_a_stop_ends_a_wait_at_once() -> None:
    """The user's wish is seen in the middle of a wait; neither the circuit nor the next of a chain hears of it."""
    wish: list[bool] = []

    async def long_wait(_: float) -> None:
        wish.append(True)
        await anyio.sleep(3600)

    circuits, second = Circuits(), down(0)
    first = retrying(down(1), circuits, sleep=long_wait, stopping=lambda: bool(wish))
    with anyio.fail_after(30):
        with pytest.raises(WaitEnded):
            await ModelChain([first, second], recorder=FakeRecorder()).ask(REQUEST)
    assert not second.requests
    assert circuits.of("scripted/model").open is None


async def test_what_broke_off_before_a_stop_is_paid_in_the_journal_too() -> None:
    """Whoever goes on with the run knows of all that it used: there is no retry that would have told of it."""
    fault = ModelFault("scripted/model", "cut")
    fault.bill = Bill(usage=Usage(prompt=100, completion=7), cost=0.5)
    recorder = FakeRecorder()
    model = retrying(ScriptedModel(fault), Circuits(), recorder=recorder, stopping=lambda: True)
    with pytest.raises(WaitEnded) as ended:
        await model.ask(REQUEST)
    assert ended.value.bill == fault.bill
    assert [(met.usage, met.cost) for met in recorder.of(FaultMet)] == [(fault.bill.usage, 0.5)]


async def test_no_wait_goes_beyond_what_the_asker_has() -> None:
    """A wait that a limit of time would cut is not begun, and says nothing about the provider to others."""
    circuits, clock = Circuits(), Clock()
    hurried = ModelRequest(messages=(), tools=(), max_tokens=100, patience_seconds=5)
    with pytest.raises(ModelUnavailable):
        await retrying(down(1, retry_after_seconds=6), circuits, sleep=clock.sleep).ask(hurried)
    assert clock.now == 0
    assert circuits.of("scripted/model").open is None


async def test_what_broke_off_is_paid_and_not_without_end() -> None:
    """Each try that the provider had begun to answer is on the bill and in the journal; there are only so many."""
    fault = ModelFault("scripted/model", "cut")
    fault.bill = Bill(usage=Usage(prompt=100, completion=5), cost=0.5)
    recorder, model = FakeRecorder(), ScriptedModel(*[fault] * 20)
    with pytest.raises(ModelUnavailable) as caught:
        await retrying(model, Circuits(), tries=20, recorder=recorder).ask(REQUEST)
    assert len(model.requests) == MOST_PAID
    assert caught.value.bill == Bill(usage=Usage(prompt=500, completion=25), cost=2.5)
    assert [event.cost for event in recorder.of(FaultMet)] == [0.5] * MOST_PAID


async def test_an_error_that_is_final_shows_that_the_provider_is_there() -> None:
    """It closes a circuit as an answer does."""
    clock = Clock()
    circuits = Circuits(clock=clock)
    circuits.of("scripted/model").gave_up("503", answers=0, asked_for_seconds=None, tried=False)
    clock.now += REST_SECONDS
    with pytest.raises(ContextTooLong):
        await retrying(ScriptedModel(ContextTooLong("m", "too long")), circuits).ask(REQUEST)
    assert circuits.of("scripted/model").open is None


async def test_a_chain_comes_back_to_its_first() -> None:
    """While the first rests the second is asked without a wait and with one word about it; then the first again."""
    clock, recorder = Clock(), FakeRecorder()
    circuits = Circuits(clock=clock)
    first = ScriptedModel(ModelFault("a", "503"), ModelFault("a", "503"), finish(), id="a")
    second = ScriptedModel(finish(), id="b")
    models = [retrying(model, circuits, recorder=recorder) for model in (first, second)]
    chain = ModelChain(models, recorder=recorder)
    await chain.ask(REQUEST)
    await chain.ask(REQUEST)
    assert (len(first.requests), len(second.requests)) == (2, 2)
    assert [event.where for event in recorder.of(FaultRetried)] == ["model a", "model b"]
    clock.now += REST_SECONDS
    await chain.ask(REQUEST)
    assert (len(first.requests), len(second.requests)) == (3, 2)
    assert circuits.back_in_seconds("port") is None
