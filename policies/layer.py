"""One policy file, compiled into the form in which commands, paths and names are matched against it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from policies.document import Document
from policies.file import CommandRule, PolicyFile
from policies.paths import glob_regex
from policies.pattern import Pattern, compile_pattern, voids, word_matcher
from policies.problems import DocumentError, Problem
from policies.shell.words import UNKNOWN
from policies.validation import validate
from policies.verdict import Verdict

SECTIONS = ("paths.write", "paths.read", "env")

OUTSIDE_TASK = "<outside task>"
"""Stands in a list of `paths.write` for all of the workspace but the `paths` of the task at hand."""

LONGEST_NAME = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One pattern of a rule on commands, with its place."""

    verdict: Verdict
    pattern: Pattern
    unless: tuple[str, ...]
    roles: frozenset[str] | None
    why: str
    instead: str | None
    file: str
    line: int

    @property
    def name(self) -> str:
        """How the rule is called in a decision; a long pattern is cut, since its file and line stand beside it."""
        text = self.pattern.text
        return f"{self.verdict}: {text if len(text) <= LONGEST_NAME else f'{text[: LONGEST_NAME - 3]}...'}"

    def matches(self, names: Collection[str], candidates: Sequence[Sequence[str]], role: str) -> bool:
        """Whether the rule is about a command, given its names, the readings of its arguments, and who issues it."""
        if self.roles is not None and role not in self.roles:
            return False
        if not self.pattern.names_program(names):
            return False
        if self.verdict is Verdict.ALLOW:
            return any(self.pattern.matches(given) for given in candidates) and not self._voided(candidates)
        matched = any(self.pattern.matches(given) or self.pattern.matches_loosely(given) for given in candidates)
        return matched and not self._excepted(candidates)

    def _voided(self, candidates: Sequence[Sequence[str]]) -> bool:
        if not self.unless:
            return False
        unknown = any(UNKNOWN in word for given in candidates for word in given)
        return unknown or any(voids(option, given) for option in self.unless for given in candidates)

    def _excepted(self, candidates: Sequence[Sequence[str]]) -> bool:
        # What restricts is lifted only by an argument that surely is the named one.
        return any(word_matcher(option).fullmatch(word) for option in self.unless for word in candidates[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobRule:
    """A glob that matched, with its place."""

    name: str
    glob: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A compiled policy file."""

    name: str
    text: str
    document: Document
    file: PolicyFile
    rules: dict[str, list[Rule]]
    wild_rules: list[Rule]
    globs: dict[tuple[str, Verdict], list[tuple[re.Pattern[str], GlobRule]]]
    any_glob: dict[tuple[str, Verdict], re.Pattern[str]]

    def rules_for(self, names: Collection[str]) -> Iterator[Rule]:
        """The rules whose first word may match one of these names."""
        for name in names:
            yield from self.rules.get(name, ())
        yield from self.wild_rules

    def each_rule(self) -> list[Rule]:
        """The rules on commands in the order of the file; one that may begin with several names stands here once."""
        rules = {id(rule): rule for listed in [*self.rules.values(), self.wild_rules] for rule in listed}
        return sorted(rules.values(), key=lambda rule: rule.line)

    def restrictions(self) -> Layer:
        """The layer without its rules that allow commands; that they had these names is kept."""
        return replace(
            self,
            rules={name: _restricting(rules) for name, rules in self.rules.items()},
            wild_rules=_restricting(self.wild_rules),
        )

    def matched_glob(self, section: str, verdict: Verdict, value: str) -> GlobRule | None:
        """The first glob that matches a resolved path or a name, in a list such as `paths.write` / deny."""
        combined = self.any_glob.get((section, verdict))
        if combined is None or combined.fullmatch(value) is None:
            return None
        return next((rule for matcher, rule in self.globs[section, verdict] if matcher.fullmatch(value)), None)

    def denied_globs(self, section: str) -> list[GlobRule]:
        """The globs of a list that are denied."""
        return [rule for _, rule in self.globs.get((section, Verdict.DENY), ())]


@dataclass(slots=True)
class _Compiler:
    document: Document
    problems: list[Problem] = field(default_factory=list)

    def rules(self, file: PolicyFile) -> list[Rule]:
        return [rule for at, written in enumerate(file.commands) for rule in self._rules_of(at, written)]

    def _rules_of(self, at: int, written: CommandRule) -> Iterator[Rule]:
        for verdict in Verdict:
            patterns: list[str] = getattr(written, verdict.value) or []
            single = isinstance(self.document.data["commands"][at].get(verdict.value), str)
            for place, text in enumerate(patterns):
                path = ("commands", at, verdict.value) if single else ("commands", at, verdict.value, place)
                try:
                    pattern = compile_pattern(text)
                except ValueError as error:
                    self.problems.append(self.document.problem(path, str(error)))
                    continue
                yield Rule(
                    verdict=verdict,
                    pattern=pattern,
                    unless=tuple(written.unless),
                    roles=frozenset(written.roles) if written.roles is not None else None,
                    why=written.why or "",
                    instead=written.instead,
                    file=self.document.file,
                    line=self.document.value_place(path).line,
                )

    def globs(self, file: PolicyFile) -> dict[tuple[str, Verdict], list[tuple[re.Pattern[str], GlobRule]]]:
        lists = {"paths.write": file.paths.write, "paths.read": file.paths.read, "env": file.env}
        return {
            (section, verdict): [
                self._glob(section, verdict, glob, at) for at, glob in enumerate(getattr(lists[section], verdict))
            ]
            for section in SECTIONS
            for verdict in Verdict
        }

    def _glob(self, section: str, verdict: Verdict, glob: str, at: int) -> tuple[re.Pattern[str], GlobRule]:
        path = (*section.split("."), verdict.value, at)
        line = self.document.value_place(path).line
        rule = GlobRule(name=f"{section} {verdict}: {glob}", glob=glob, file=self.document.file, line=line)
        if glob.startswith("<") and (section != "paths.write" or verdict is Verdict.ALLOW or glob != OUTSIDE_TASK):
            message = (
                f"{glob!r} is no glob; only {OUTSIDE_TASK!r} is known, among what `paths.write` denies or asks about"
            )
            self.problems.append(self.document.problem(path, message))
        if section == "env":
            return word_matcher(glob), rule
        if glob == OUTSIDE_TASK:
            # What that is differs from task to task: RuleBook.outside_task knows.
            return re.compile("(?!)"), rule
        strict = verdict is not Verdict.ALLOW
        matcher = glob_regex([glob], with_directory=strict)
        # Restrictions hold in any case: a file system may ignore it.
        return (re.compile(matcher.pattern, re.IGNORECASE) if strict else matcher), rule


def compile_layer(document: Document) -> Layer:
    """Compile a policy file.

    Raises:
        DocumentError: it does not fit the format, or a pattern is none.

    """
    file = validate(document, PolicyFile)
    compiler = _Compiler(document)
    by_name: dict[str, list[Rule]] = {}
    wild: list[Rule] = []
    for rule in compiler.rules(file):
        for name in rule.pattern.names:
            by_name.setdefault(name, []).append(rule)
        if not rule.pattern.names:
            wild.append(rule)
    globs = compiler.globs(file)
    if compiler.problems:
        raise DocumentError(compiler.problems, document.text)
    return Layer(
        name=document.file,
        text=document.text,
        document=document,
        file=file,
        rules=by_name,
        wild_rules=wild,
        globs=globs,
        any_glob={key: _combined([matcher for matcher, _ in listed]) for key, listed in globs.items() if listed},
    )


def in_force(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Layers, nearest first, as they hold together: beyond one that inherits restrictions no rule allows a command."""
    ends = (at for at, layer in enumerate(layers, start=1) if layer.file.inherit == "restrictions")
    end = next(ends, len(layers))
    return (*layers[:end], *(layer.restrictions() for layer in layers[end:]))


def _restricting(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.verdict is not Verdict.ALLOW]


def _combined(matchers: list[re.Pattern[str]]) -> re.Pattern[str]:
    """One expression for a whole list, which tells quickly that none of it matches."""
    return re.compile("|".join(f"(?:{matcher.pattern})" for matcher in matchers), matchers[0].flags)
