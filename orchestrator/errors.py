"""What ends a command of the program, apart from faults of its parts; `cli.boundary` gives each its exit code.

OrchestratorError
├── UsageProblem   what was asked for can't be done as it was written
└── CannotRun      this machine, repository or account lacks something: what, and how to get it
"""

from __future__ import annotations


class OrchestratorError(Exception):
    """Base of the errors that are meant for the user; the message is for them."""


class UsageProblem(OrchestratorError):
    """A command line that can't be followed; `hint` says what would be."""

    def __init__(self, problem: str, *, hint: str | None = None) -> None:
        self.problem = problem
        self.hint = hint
        super().__init__(f"{problem}; {hint}" if hint else problem)


class CannotRun(OrchestratorError):
    """`what` is missing or in the way here; `remedy` says how to get it or past it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}")
