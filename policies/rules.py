"""The verdict algebra: what several layers of rules, nearest first, say about a command, a path or a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from policies.instead import instead_of
from policies.layer import OUTSIDE_TASK, GlobRule, Layer, Rule
from policies.verdict import Part, Verdict

BUILT_IN = "built-in"

MOST_KNOWN = 4096
"""How many answers of the globs are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict on one aspect of a command, with what decided it."""

    verdict: Verdict
    rule: str
    why: str
    file: str = BUILT_IN
    line: int = 0
    instead: str | None = None

    def part(self, text: str) -> Part:
        """The finding as a part of a decision."""
        return Part(
            text=text,
            verdict=self.verdict,
            rule=self.rule,
            file=self.file,
            line=self.line,
            why=self.why,
            instead=self.instead or instead_of(self.rule, self.verdict),
        )


def fixed(verdict: Verdict, rule: str, why: str, *, instead: str | None = None) -> Finding:
    """A verdict that is the same in every policy."""
    return Finding(verdict=verdict, rule=rule, why=why, instead=instead)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All layers of a policy, nearest first, and its default."""

    layers: tuple[Layer, ...]
    default: Verdict
    default_file: str
    default_line: int
    task: tuple[re.Pattern[str], ...] = ()
    """What the task at hand may change, if it is bound to something."""
    known: dict[tuple[str, str], Finding | None] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What the globs were found to say: the same paths come up again and again."""

    def command(self, names: Collection[str], candidates: Sequence[Sequence[str]], role: str) -> Finding:
        """A deny in any layer; else the nearest layer where a rule matches, ask before allow; else the default."""
        decided = self.decide(names, candidates, role)
        return _found(decided) if decided is not None else self._default(names, role)

    def decide(self, names: Collection[str], candidates: Sequence[Sequence[str]], role: str) -> Rule | None:
        """The rule that decides about a command; None where none is about it."""
        decided: Rule | None = None
        restricted = False
        for layer in self.layers:
            matching = [rule for rule in layer.rules_for(sorted(names)) if rule.matches(names, candidates, role)]
            strictest = max(matching, key=lambda rule: rule.verdict.strictness, default=None)
            if strictest is not None and strictest.verdict is Verdict.DENY:
                return strictest
            # Beyond a layer that inherits restrictions there are only these, and they bind what it allows.
            decided = strictest or decided if restricted else decided or strictest
            restricted = restricted or layer.file.inherit == "restrictions"
        return decided

    def glob(self, section: str, value: str) -> Finding | None:
        """The same for a resolved path or a name; None where no glob matches."""
        try:
            return self.known[section, value]
        except KeyError:
            found = self._glob(section, value)
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        self.known[section, value] = found
        return found

    def _glob(self, section: str, value: str) -> Finding | None:
        for layer in self.layers:
            if (matched := layer.matched_glob(section, Verdict.DENY, value)) is not None:
                return Finding(verdict=Verdict.DENY, rule=matched.name, file=matched.file, line=matched.line, why="")
        for layer in self.layers:
            for verdict in (Verdict.ASK, Verdict.ALLOW):
                if (matched := layer.matched_glob(section, verdict, value)) is not None:
                    return Finding(verdict=verdict, rule=matched.name, file=matched.file, line=matched.line, why="")
        return None

    def outside_task(self, path: str) -> Finding | None:
        """What the layers say of writing to a resolved path of the workspace that is not among the task's."""
        if all(matcher.fullmatch(path) for matcher in self.task):
            return None
        for verdict in (Verdict.DENY, Verdict.ASK):
            for layer in self.layers:
                for _, rule in layer.globs["paths.write", verdict]:
                    if rule.glob == OUTSIDE_TASK:
                        return Finding(verdict=verdict, rule=rule.name, file=rule.file, line=rule.line, why="")
        return None

    def denied_globs(self, section: str) -> list[GlobRule]:
        """The globs that any layer denies in a list such as `paths.read`."""
        return [rule for layer in self.layers for rule in layer.denied_globs(section)]

    def names(self, name: str, role: str) -> bool:
        """Whether a rule denies a program by its name alone."""
        for layer in self.layers:
            for rule in layer.rules_for((name,)):
                if rule.verdict is Verdict.DENY and not rule.pattern.rest and rule.matches((name,), [()], role):
                    return True
        return False

    def _default(self, names: Collection[str], role: str) -> Finding:
        rules = (rule for layer in self.layers for rule in layer.rules_for(sorted(names)))
        allowed = next((rule.pattern.text for rule in rules if _allows(rule, role)), None)
        return Finding(
            verdict=self.default,
            rule=f"default: {self.default}",
            file=self.default_file,
            line=self.default_line,
            why="no rule is about this command",
            instead=f"what is allowed of it: {allowed}" if allowed is not None else None,
        )


def _allows(rule: Rule, role: str) -> bool:
    named = bool(rule.pattern.names) and (rule.roles is None or role in rule.roles)
    return named and rule.verdict is Verdict.ALLOW


def _found(rule: Rule) -> Finding:
    why = rule.why or {"allow": "it is allowed", "ask": "a human decides", "deny": "it is denied"}[rule.verdict]
    return Finding(verdict=rule.verdict, rule=rule.name, file=rule.file, line=rule.line, why=why, instead=rule.instead)
