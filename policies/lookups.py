"""Which commands of a script the rules were asked about, however deep they stand, and which rule decided each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from policies.engine.catalogue import find_program
from policies.engine.judge import judge_script
from policies.layer import Rule
from policies.paths import WORKSPACE
from policies.policy import Policy
from policies.rules import RuleBook
from policies.verdict import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One command as the rules saw it: its names, the readings of its arguments, and the rule, if any, that decided."""

    names: frozenset[str]
    candidates: tuple[tuple[str, ...], ...]
    rule: Rule | None

    @property
    def name(self) -> str:
        """What a rule would best call the program by."""
        return called(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A decision on a script, and each command of it that the rules were asked about."""

    decision: Decision
    lookups: tuple[Lookup, ...]


@dataclass(frozen=True, kw_only=True)
class _Listening(RuleBook):
    heard: dict[Lookup, None] = field(default_factory=dict)

    def decide(self, names: Collection[str], candidates: Sequence[Sequence[str]], role: str) -> Rule | None:
        rule = RuleBook.decide(self, names, candidates, role)
        given = tuple(tuple(words) for words in candidates)
        self.heard[Lookup(names=frozenset(names), candidates=given, rule=rule)] = None
        return rule


def called(names: Collection[str]) -> str:
    """The name that a rule would best call a program by."""
    local = [name for name in names if name.startswith("./")]
    if local:
        return local[0]
    # Beside the own name of a version, such as python3.12, stands that of its family.
    return next((name for name in sorted(names) if not _is_entry(name)), min(names))


def _is_entry(name: str) -> bool:
    program = find_program(name) if "/" not in name else None
    return program is not None and program.name == name


def examine(policy: Policy, script: str, *, role: str, cwd: str = WORKSPACE) -> Examined:
    """Judge a script, and tell what the rules were asked meanwhile. Never raises."""
    book = policy.book
    listening = _Listening(
        layers=book.layers,
        default=book.default,
        default_file=book.default_file,
        default_line=book.default_line,
        task=book.task,
    )
    decision = judge_script(listening, script, role=role, cwd=cwd)
    return Examined(decision=decision, lookups=tuple(listening.heard))
