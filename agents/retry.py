"""Asking again: with patience where the provider asks for it, with jitter where it does not, and not for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from agents.circuit import Circuits
from agents.errors import ModelError, ModelFault, ModelUnavailable, WaitEnded
from agents.events import FaultMet, FaultRetried
from agents.model import Bill, Model, ModelReply, ModelRequest, Usage
from agents.recorder import Recorder

POLL_SECONDS = 0.1
"""How often a wait looks whether it is still worth it."""

STOP_SECONDS = 30.0
"""How long a run that is to stop still waits for an answer on its way: it will have to be paid for."""

MOST_PAID = 5
"""How many tries that broke off in their middle one answer may cost: a provider wants to be paid for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: `tries` in all, none of them begun after `total_seconds`."""

    tries: int = 20
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    total_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks: an agent of a task, whose circuits it shares with others, and whether its run is to stop."""

    task: str = ""
    agent: str | None = None
    circuits: Circuits = field(default_factory=Circuits)
    stopping: Callable[[], bool] = lambda: False


class RetryingModel:
    """Asks `model` again after a ModelFault; every fault and every retry is in the journal before the wait."""

    def __init__(
        self,
        model: Model,
        *,
        recorder: Recorder,
        patience: Patience | None = None,
        asking: Asking | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._model = model
        self._recorder = recorder
        self._patience = patience or Patience()
        self._asking = asking or Asking()
        self._circuit = self._asking.circuits.of(model.id)
        self._sleep = sleep
        self._told: int | None = None
        self._jitter = wait_random_exponential(
            multiplier=self._patience.first_wait_seconds, max=self._patience.longest_wait_seconds
        )

    @property
    def id(self) -> str:
        """The id of the model that is asked."""
        return self._model.id

    @property
    def window(self) -> int | None:
        """That of the model that is asked."""
        return self._model.window

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Ask until an answer comes; raises ModelUnavailable when patience ends, and what is final at once."""
        why = self._circuit.admit()
        if why is not None:
            raise await self._unavailable(why)
        wasted: list[Bill] = []
        try:
            reply = await self._patiently(request, wasted)
        except ModelError as error:
            error.bill = sum(wasted, Bill())
            raise
        return reply.model_copy(update={"wasted": sum(wasted, Bill())})

    async def _patiently(self, request: ModelRequest, wasted: list[Bill]) -> ModelReply:
        answers, tried = self._circuit.answers, self._circuit.open is not None
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelFault),
            wait=self._wait,
            stop=partial(self._is_over, self._seconds(request), wasted),
            before_sleep=self._announce,
            sleep=self._pause,
            reraise=True,
        )
        try:
            await self._held(self._seconds(request))
            reply: ModelReply = await retrying(self._once, request, wasted)
        except ModelFault as fault:
            if self._asking.stopping():
                await self._recorder.record(self._met(fault))
                raise WaitEnded(fault.model, fault.why) from fault
            if tried or request.patience_seconds >= self._patience.total_seconds:
                asked_for = fault.retry_after_seconds
                self._circuit.gave_up(fault.why, answers=answers, asked_for_seconds=asked_for, tried=tried)
            raise await self._unavailable(fault.why, fault) from fault
        except ModelUnavailable:
            raise
        except ModelError:
            self._circuit.answered()
            raise
        finally:
            if tried:
                self._circuit.let_go()
        self._circuit.answered()
        self._asking.circuits.answered(self._asking.task)
        return reply

    async def _once(self, request: ModelRequest, wasted: list[Bill]) -> ModelReply:
        try:
            return await self._unless_stopped(request)
        except ModelFault as fault:
            wasted.append(fault.bill)
            raise

    async def _unless_stopped(self, request: ModelRequest) -> ModelReply:
        """The answer; one that does not come soon after the run is to stop is given up, and WaitEnded raised."""
        outcome: ModelReply | ModelError | None = None

        async def look(scope: anyio.CancelScope) -> None:
            while not self._asking.stopping():  # noqa: ASYNC110 - a plain flag
                await anyio.sleep(POLL_SECONDS)
            await anyio.sleep(STOP_SECONDS)
            scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(look, group.cancel_scope)
            try:
                outcome = await self._model.ask(request)
            except ModelError as error:
                outcome = error
            group.cancel_scope.cancel()
        if isinstance(outcome, ModelReply):
            return outcome
        if outcome is not None:
            raise outcome
        why = f"it had not answered {STOP_SECONDS:g} s after the run was to stop"
        await self._recorder.record(self._met(ModelFault(self.id, why)))
        raise WaitEnded(self.id, why)

    def _seconds(self, request: ModelRequest) -> float:
        return min(request.patience_seconds, self._patience.total_seconds)

    def _wait(self, state: RetryCallState) -> float:
        asked, jitter = _fault(state).retry_after_seconds, self._jitter(state)
        # A little more than was asked for, so that parallel agents don't come back in the same instant; and never
        # less than without a word, since a storm may ask for no wait at all.
        return jitter if asked is None else max(jitter, asked + min(jitter, 1.0))

    def _is_over(self, total_seconds: float, wasted: list[Bill], state: RetryCallState) -> bool:
        if state.attempt_number >= self._patience.tries or self._asking.stopping() or self._circuit.open is not None:
            return True
        passed = max(state.idle_for, state.seconds_since_start or 0.0)
        paid = sum(bill.usage.prompt > 0 for bill in wasted)
        return paid >= MOST_PAID or passed + state.upcoming_sleep > total_seconds

    async def _announce(self, state: RetryCallState) -> None:
        fault = _fault(state)
        if fault.retry_after_seconds is not None:
            self._circuit.hold(fault.retry_after_seconds)
        await self._recorder.record(
            self._met(fault),
            FaultRetried(where=_where(self.id), attempt=state.attempt_number + 1, wait_seconds=state.upcoming_sleep),
        )

    async def _held(self, total_seconds: float) -> None:
        """Wait as long as the provider wants it of all, whoever was told."""
        seconds = self._circuit.hold_seconds
        if seconds > total_seconds:
            raise await self._unavailable(f"it asks for {seconds:.0f} s of patience")
        if seconds > 0:
            await self._recorder.record(FaultRetried(where=_where(self.id), attempt=1, wait_seconds=seconds))
            await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless it has become pointless: raises WaitEnded, ModelUnavailable."""

        async def look(scope: anyio.CancelScope) -> None:
            while not (self._asking.stopping() or self._circuit.open is not None):  # noqa: ASYNC110 - plain flags
                await anyio.sleep(POLL_SECONDS)
            scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(look, group.cancel_scope)
            await self._sleep(seconds)
            group.cancel_scope.cancel()
        if self._asking.stopping():
            raise WaitEnded(self.id, "the run is being stopped")
        if self._circuit.open is not None:
            raise await self._unavailable(self._circuit.open)

    async def _unavailable(self, why: str, fault: ModelFault | None = None) -> ModelUnavailable:
        """What says that there is no answer to be had; in the journal, but not for each request in one outage."""
        self._asking.circuits.refused(self._asking.task, self.id)
        if fault is not None or self._told != self._circuit.answers:
            await self._recorder.record(self._met(fault or ModelFault(self.id, why), retryable=False))
        self._told = self._circuit.answers
        return ModelUnavailable(self.id, why)

    def _met(self, fault: ModelFault, *, retryable: bool = True) -> FaultMet:
        used = fault.bill.usage
        paid = used != Usage()
        return FaultMet(
            where=_where(self.id),
            why=fault.why,
            retryable=retryable,
            agent=self._asking.agent,
            usage=used if paid else None,
            cost=fault.bill.cost if paid else None,
        )


def _fault(state: RetryCallState) -> ModelFault:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, ModelFault):
        raise TypeError(f"asked to wait after {error!r}")
    return error


def _where(model: str) -> str:
    return f"model {model}"
