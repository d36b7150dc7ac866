"""What all agents of a run know together about a model that does not answer: one waits its patience out, for all.

A circuit is closed while the model answers. It opens when an agent's patience has ended and nobody else was answered
meanwhile; then nobody asks until it has rested, and after that one agent tries, whose outcome holds for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

REST_SECONDS = 60.0
"""How long a model that is down is left alone at first; twice as long after each try that failed."""

LONGEST_REST_SECONDS = 600.0


class Circuit:
    """One model's. `answers` counts those that anybody got; `open` is why nobody is to ask, None where it is closed."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.answers = 0
        self.open: str | None = None
        self._clock = clock
        self._rest_seconds = REST_SECONDS
        self._rested_at = 0.0
        self._held_until = 0.0
        self._tried = False

    def admit(self) -> str | None:
        """None to the agent that may ask: all while it is closed, one at a time after a rest; to others, why not."""
        if self.open is None:
            return None
        if self._tried or self._clock() < self._rested_at:
            return self.open
        self._tried = True
        return None

    def answered(self) -> None:
        """The provider answered somebody: it is there, whatever it said."""
        self.answers += 1
        self.open, self._tried, self._rest_seconds = None, False, REST_SECONDS

    def gave_up(self, why: str, *, answers: int, asked_for_seconds: float | None, tried: bool) -> None:
        """An agent's patience has ended, which began after so many `answers`; `tried` if it was the one that tries.

        Where others were answered meanwhile it is the one request, or bad luck.
        """
        if answers != self.answers or (self.open is not None and not tried):
            return
        rest = max(self._rest_seconds, min(asked_for_seconds or 0.0, LONGEST_REST_SECONDS))
        self.open, self._tried = why, False
        self._rested_at = self._clock() + rest
        self._rest_seconds = min(2 * self._rest_seconds, LONGEST_REST_SECONDS)

    def let_go(self) -> None:
        """The agent that tried was stopped before it knew."""
        self._tried = False

    def hold(self, seconds: float) -> None:
        """The provider asked one agent to come back later, and means all."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    @property
    def hold_seconds(self) -> float:
        """How long nobody is to ask, because the provider said so."""
        return max(0.0, self._held_until - self._clock())

    @property
    def rest_seconds(self) -> float:
        """How long it rests still; 0 where somebody may ask."""
        return 0.0 if self.open is None else max(0.0, self._rested_at - self._clock())


@dataclass(slots=True, kw_only=True)
class Circuits:
    """Those of a run's models, by id, and the tasks that found one open since they were last answered."""

    clock: Callable[[], float] = time.monotonic
    _of: dict[str, Circuit] = field(default_factory=dict)
    _refused: dict[str, tuple[str, float]] = field(default_factory=dict)

    def of(self, model: str) -> Circuit:
        """The circuit of a model."""
        if model not in self._of:
            self._of[model] = Circuit(clock=self.clock)
        return self._of[model]

    def refused(self, task: str, model: str) -> None:
        """A task got no answer from a model, though it was patient."""
        self._refused[task] = (model, self.clock() + REST_SECONDS)

    def answered(self, task: str) -> None:
        """A task got an answer from one of its models."""
        self._refused.pop(task, None)

    def back_in_seconds(self, task: str) -> float | None:
        """When a task that has no answer may try once more; None where it lacks none."""
        if task not in self._refused:
            return None
        model, again_at = self._refused[task]
        circuit = self.of(model)
        return circuit.rest_seconds if circuit.open is not None else max(0.0, again_at - self.clock())
