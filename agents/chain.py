"""A fallback chain: the next model is asked where the one before can't answer."""

from __future__ import annotations

from collections.abc import Sequence

from agents.errors import ModelError, ModelRefused, ModelUnavailable, WaitEnded
from agents.events import FaultMet, FaultRetried
from agents.model import Bill, Model, ModelReply, ModelRequest
from agents.recorder import Recorder


class ModelChain:
    """Models in order of preference, each with its own retries. A prompt that is too long ends the chain at once.

    Every request begins with the first: one that is down lets it pass on without a wait, until it may be tried again.
    """

    def __init__(self, models: Sequence[Model], *, recorder: Recorder) -> None:
        self._models = tuple(models)
        self._recorder = recorder
        self._last = 1

    @property
    def id(self) -> str:
        """The id of the first."""
        return self._models[0].id

    @property
    def window(self) -> int | None:
        """The smallest that is known: whoever is asked has to be able to take it."""
        return min((model.window for model in self._models if model.window is not None), default=None)

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The first answer; raises ModelUnavailable if waiting may help any of them, else ModelRefused."""
        errors: list[ModelError] = []
        for number, model in enumerate(self._models, start=1):
            if errors and number != self._last:
                await self._recorder.record(FaultRetried(where=f"model {model.id}", attempt=number))
            try:
                reply = await model.ask(request)
            except WaitEnded as error:
                error.bill = _bill([*errors, error])
                raise
            except ModelUnavailable as error:
                errors.append(error)
            except ModelRefused as error:
                errors.append(error)
                # The retries recorded the faults of a model that is down; this one they let through.
                await self._recorder.record(FaultMet(where=f"model {model.id}", why=error.why, retryable=False))
            else:
                self._last = number
                return reply.model_copy(update={"wasted": _bill(errors) + reply.wasted})
        waiting = [error for error in errors if isinstance(error, ModelUnavailable)]
        last = (waiting or errors)[-1]
        last.bill = _bill(errors)
        raise last


def _bill(errors: Sequence[ModelError]) -> Bill:
    return sum((error.bill for error in errors), Bill())
