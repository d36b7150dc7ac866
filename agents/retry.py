"""Asking again: with patience where the provider asks for it, with jitter where it does not, and not for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from agents.errors import ModelFault, ModelUnavailable
from agents.events import FaultMet, FaultRetried
from agents.model import Model, ModelReply, ModelRequest
from agents.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: `tries` in all, none of them begun after `total_seconds`."""

    tries: int = 8
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    total_seconds: float = 600.0


class RetryingModel:
    """Asks `model` again after a ModelFault; every fault and every retry is in the journal before the wait."""

    def __init__(
        self,
        model: Model,
        *,
        recorder: Recorder,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._model = model
        self._recorder = recorder
        self._patience = patience or Patience()
        self._sleep = sleep
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
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelFault),
            wait=self._wait,
            stop=self._is_over,
            before_sleep=self._announce,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(self._model.ask, request)
        except ModelFault as fault:
            await self._recorder.record(FaultMet(where=f"model {self.id}", why=fault.why, retryable=False))
            raise ModelUnavailable(fault.model, fault.why) from fault

    def _wait(self, state: RetryCallState) -> float:
        fault = _fault(state)
        wait = self._jitter(state)
        # A little more than was asked for, so that parallel agents don't come back in the same instant.
        return wait if fault.retry_after_seconds is None else fault.retry_after_seconds + min(wait, 1.0)

    def _is_over(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self._patience.tries:
            return True
        passed = max(state.idle_for, state.seconds_since_start or 0.0)
        return passed + state.upcoming_sleep > self._patience.total_seconds

    async def _announce(self, state: RetryCallState) -> None:
        where = f"model {self.id}"
        await self._recorder.record(
            FaultMet(where=where, why=_fault(state).why),
            FaultRetried(where=where, attempt=state.attempt_number + 1, wait_seconds=state.upcoming_sleep),
        )


def _fault(state: RetryCallState) -> ModelFault:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, ModelFault):
        raise TypeError(f"asked to wait after {error!r}")
    return error
