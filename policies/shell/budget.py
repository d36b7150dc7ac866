"""Bounds on the work that a script may cause, by counts and not by a clock: its verdict is the same on any machine."""

from __future__ import annotations

from dataclasses import dataclass

from policies.shell.refusal import too_much

MAX_WORDS = 8000
MAX_STEPS = 10000
MAX_FUNCTIONS = 50


@dataclass(slots=True)
class Budget:
    """What was spent of it so far."""

    words: int = 0
    steps: int = 0
    functions: int = 0

    def word(self, count: int = 1) -> None:
        """Build so many words."""
        self.words += count
        if self.words > MAX_WORDS:
            raise too_much(f"it has more than {MAX_WORDS} words")

    def step(self) -> None:
        """Follow one statement."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise too_much(f"following it takes more than {MAX_STEPS} steps")

    def function(self) -> None:
        """Define a function, whose body is followed at each call."""
        self.functions += 1
        if self.functions > MAX_FUNCTIONS:
            raise too_much(f"it defines more than {MAX_FUNCTIONS} functions")
