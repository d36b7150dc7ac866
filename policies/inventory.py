"""Every rule of a policy in the order of its files, and the key by which a decision names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from policies.file import ChangeRule
from policies.layer import SECTIONS, Layer
from policies.policy import Policy
from policies.verdict import Verdict

RuleKey: TypeAlias = tuple[str, int, str]
"""File, line and name; a rule on changes has many names, and one place."""

COMMANDS, CHANGES, DEFAULT = "commands", "changes", "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """One pattern or glob of a policy, or one rule on changes, as `text`; `key` is how decisions name it."""

    section: str
    verdict: Verdict
    text: str
    key: RuleKey

    @property
    def line(self) -> int:
        """Where it stands in its file."""
        return self.key[1]


def key_of(rule: str, file: str, line: int) -> RuleKey:
    """The key of the rule that a part or a finding names."""
    return (file, line, CHANGES if rule.startswith(f"{CHANGES} ") else rule)


def listed_rules(policy: Policy) -> list[tuple[str, list[ListedRule]]]:
    """The rules of each layer by its name, nearest layer first, in the order of the file."""
    return [(layer.name, sorted(_of_layer(policy, layer), key=lambda rule: rule.line)) for layer in policy.compiled]


def _of_layer(policy: Policy, layer: Layer) -> Iterator[ListedRule]:
    book = policy.book
    if book.default_file == layer.name:
        key = (layer.name, book.default_line, f"default: {book.default}")
        yield ListedRule(section=DEFAULT, verdict=book.default, text="what no rule is about", key=key)
    yield from _commands(layer)
    for section in SECTIONS:
        for verdict in Verdict:
            for _, rule in layer.globs[section, verdict]:
                text = rule.name.removeprefix(f"{section} {verdict}: ")
                key = (layer.name, rule.line, rule.name)
                yield ListedRule(section=section, verdict=verdict, text=text, key=key)
    for at, change in enumerate(layer.file.changes):
        key = (layer.name, layer.document.value_place(("changes", at)).line, CHANGES)
        verdict, text = _change(change)
        yield ListedRule(section=CHANGES, verdict=verdict, text=text, key=key)


def _commands(layer: Layer) -> Iterator[ListedRule]:
    for rule in layer.each_rule():
        unless = f" unless {' '.join(rule.unless)}" if rule.unless else ""
        who = f" for {', '.join(sorted(rule.roles))}" if rule.roles is not None else ""
        key = (layer.name, rule.line, rule.name)
        yield ListedRule(section=COMMANDS, verdict=rule.verdict, text=f"{rule.pattern.text}{unless}{who}", key=key)


def _change(rule: ChangeRule) -> tuple[Verdict, str]:
    """What a rule on changes is about, the one key that it has; above a maximum it is asked."""
    said: dict[str, Any] = rule.model_dump(exclude={"roles", "why", "unless"}, exclude_none=True)
    (kind, value), *_ = said.items()
    if kind in set(Verdict):
        return Verdict(kind), ", ".join(value)
    if isinstance(value, dict):
        return Verdict.ASK, f"more than {' or '.join(f'{most} {unit}' for unit, most in value.items())}"
    return Verdict(value), kind
