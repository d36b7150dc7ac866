"""Rules that never decide: whatever one of them is about, another rule decides first, or says the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from policies.covers import glob_covers, rule_covers, word_covers, words_of
from policies.engine.catalogue import find_program
from policies.engine.checks import SELF_JUDGED
from policies.layer import GlobRule, Layer, Rule
from policies.pattern import alternatives
from policies.policy import Policy
from policies.rules import BUILT_IN
from policies.verdict import Verdict


class By(NamedTuple):
    """What decides in place of a rule; of what holds in every policy there is no line."""

    rule: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruled:
    """A rule that never decides; with `names`, only about these alternatives of its first word."""

    layer: Layer
    rule: Rule | GlobRule
    by: By
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A rule with what says who is asked first: its layer's number, then its number in the layer.

    `binds`: its layer stands beyond one that inherits restrictions, and so before those that are nearer.
    """

    layer: int
    number: int
    rule: Rule
    binds: bool


def overruled(policy: Policy, layers: Sequence[Layer] | None = None) -> Iterator[Overruled]:
    """All rules of a policy, or of some of its layers, that never decide.

    That one could decide is not said of any other.
    """
    layers = policy.compiled if layers is None else layers
    placed = [
        _Placed(at, number, rule, binds=any(each.file.inherit == "restrictions" for each in policy.compiled[:at]))
        for at, layer in enumerate(policy.compiled)
        for number, rule in enumerate(layer.each_rule())
    ]
    strictest_first = sorted(placed, key=lambda each: -each.rule.verdict.strictness)
    for one in placed:
        if policy.compiled[one.layer] in layers:
            yield from _command_rule(policy.compiled[one.layer], one, strictest_first)
    for at, layer in enumerate(policy.compiled):
        if layer in layers:
            yield from _globs(policy.compiled, at, layer)


def _command_rule(layer: Layer, one: _Placed, others: Sequence[_Placed]) -> Iterator[Overruled]:
    names = alternatives(words_of(one.rule.pattern.text)[0])
    found: dict[By, list[str]] = {}
    for name in names:
        if (by := _decided_by(one, name, others)) is not None:
            found.setdefault(by, []).append(name)
    for decides, which in found.items():
        some = tuple(which) if len(which) < len(names) else ()
        yield Overruled(layer=layer, rule=one.rule, by=decides, names=some)


def _decided_by(one: _Placed, name: str, others: Sequence[_Placed]) -> By | None:
    if one.rule.verdict is not Verdict.DENY and (program := find_program(name)) is not None:
        # What the catalogue says of a program holds whatever its rules are.
        if program.at_least.startswith("deny") and program.check not in SELF_JUDGED:
            return By(program.at_least, BUILT_IN, 0)
    for other in others:
        if other is not one and _goes_first(other, one, name) and rule_covers(other.rule, one.rule, name):
            return By(other.rule.name, other.rule.file, other.rule.line)
    return None


def _goes_first(other: _Placed, one: _Placed, name: str) -> bool:
    """Whether a rule decides before another where both match, or makes it needless."""
    verdict, same = other.rule.verdict, other.rule.verdict is one.rule.verdict
    if verdict is Verdict.DENY and not same:
        return True
    if one.rule.verdict is Verdict.DENY and not same:
        return False
    if other.layer != one.layer:
        farther = max(other, one, key=lambda each: each.layer)
        binds = farther.binds and verdict is not Verdict.DENY
        return (other is farther) is binds
    if not same:
        return verdict.strictness > one.rule.verdict.strictness
    # Of two that say the same about the same, the first stands; else the wider one.
    equal = any(rule_covers(one.rule, other.rule, each) for each in alternatives(words_of(other.rule.pattern.text)[0]))
    return other.number < one.number or not equal


def _globs(layers: Sequence[Layer], at: int, layer: Layer) -> Iterator[Overruled]:
    for (section, verdict), listed in layer.globs.items():
        for number, (_, rule) in enumerate(listed):
            by = next(_glob_rules(layers, at, section, (verdict, number), _text(rule)), None)
            if by is not None:
                yield Overruled(layer=layer, rule=rule, by=By(by.name, by.file, by.line))


def _glob_rules(
    layers: Sequence[Layer], at: int, section: str, own: tuple[Verdict, int], glob: str
) -> Iterator[GlobRule]:
    """The rules on paths or variables that decide whenever the one at a place would."""
    verdict, number = own
    for other_at, layer in enumerate(layers):
        for other_verdict in Verdict:
            for other_number, (_, other) in enumerate(layer.globs[section, other_verdict]):
                if _glob_goes_first((other_at, other_verdict, other_number), (at, verdict, number)) and _glob_covers(
                    section, (_text(other), glob), (other_verdict, verdict)
                ):
                    yield other


def _glob_goes_first(other: tuple[int, Verdict, int], own: tuple[int, Verdict, int]) -> bool:
    # To inherit restrictions alone is about commands: of globs, the nearer layer's go first in any case.
    if Verdict.DENY in (other[1], own[1]) and other[1] is not own[1]:
        return other[1] is Verdict.DENY
    if other[0] != own[0]:
        return other[0] < own[0]
    return other[1].strictness > own[1].strictness or (other[1] is own[1] and other[2] < own[2])


def _glob_covers(section: str, globs: tuple[str, str], verdicts: tuple[Verdict, Verdict]) -> bool:
    if section == "env":
        return word_covers(*globs)
    return glob_covers(*globs, verdicts=verdicts)


def _text(rule: GlobRule) -> str:
    return rule.name.partition(": ")[2]
