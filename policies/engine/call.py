"""A command as the judge sees it, and the services that checks of single programs may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from policies.engine.arguments import Arguments
from policies.engine.catalogue import Program
from policies.engine.pathjudge import PathJudge
from policies.rules import Finding, RuleBook
from policies.shell.items import Context
from policies.shell.words import Word


class Services(Protocol):
    """What the check of a program may ask the judge."""

    book: RuleBook
    paths: PathJudge
    role: str

    def command(self, words: Sequence[Word], context: Context, depth: int) -> list[Finding]:
        """Judge another command that this one runs."""
        ...

    def nested(self, script: str, context: Context, depth: int) -> None:
        """Judge a script that this command runs; its parts join the decision."""
        ...

    def variable(self, name: str, values: Sequence[Word], context: Context) -> list[Finding]:
        """Judge a variable that is set."""
        ...

    def arguments(self, program: Program, words: Sequence[Word], context: Context, depth: int) -> list[Finding]:
        """Judge what a program's arguments do, without the rules on its name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command: the name it was found by, its program's entry, and its arguments."""

    name: str
    program: Program
    words: tuple[Word, ...]
    parsed: Arguments
    context: Context
    depth: int
