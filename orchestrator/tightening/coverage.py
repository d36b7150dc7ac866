"""How often each rule of a policy decides about what past runs did, and which never does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from orchestrator.tightening.judged import JudgedAct, JudgedRun
from orchestrator.tightening.landed import LandedChange
from orchestrator.tightening.replay import judged_text
from policies.engine.judge import findings_in
from policies.inventory import CHANGES, ListedRule, RuleKey, key_of, listed_rules
from policies.paths import WORKSPACE
from policies.policy import Policy
from policies.rules import BUILT_IN, Finding
from policies.verdict import Part, Verdict, strictest

_Act: TypeAlias = JudgedAct | LandedChange
_Deciding: TypeAlias = Sequence[Finding | Part]
_Ruled: TypeAlias = tuple[RuleKey, Verdict]

_NO_RULE = frozenset({"nothing", CHANGES})
"""What the program calls it where it allows something that no rule is about."""


@dataclass(slots=True, kw_only=True)
class Use:
    """How often a rule decided: about parts of acts, and about whole ones that got their verdict by it."""

    parts: int = 0
    wholes: int = 0
    tasks: set[tuple[str, str]] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    last: float | None = None
    """When it did so last."""

    def add(self, run: str, act: _Act, *, parts: int, whole: bool) -> None:
        """Count an act of which the rule decided so many parts."""
        self.parts += parts
        self.wholes += whole
        self.runs.add(run)
        if act.task is not None:
            self.tasks.add((run, act.task))
        self.last = max(act.at, self.last or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedRule:
    """A rule with its use."""

    rule: ListedRule
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The rules of each layer with their uses, nearest layer first; what stands in no file comes last."""

    runs: tuple[str, ...]
    acts: int
    diffs: int
    layers: tuple[tuple[str, tuple[UsedRule, ...]], ...]


def coverage(policy: Policy, runs: Iterable[JudgedRun]) -> Coverage:
    """Judge what runs did by a policy, and count which of its rules decide."""
    counting = _Counting(policy=policy)
    names, acts, diffs = [], 0, 0
    for run in runs:
        there = [diff for diff in run.diffs if diff.files is not None]
        names.append(run.run)
        acts, diffs = acts + len(run.acts), diffs + len(there)
        for act in run.acts:
            counting.count(run.run, act)
        for diff in there:
            counting.count(run.run, diff)
    return Coverage(runs=tuple(names), acts=acts, diffs=diffs, layers=tuple(counting.layers()))


@dataclass(slots=True, kw_only=True)
class _Counting:
    policy: Policy
    uses: defaultdict[_Ruled, Use] = field(default_factory=lambda: defaultdict(Use))
    known: dict[tuple[str, str, str, tuple[str, ...]], Sequence[_Deciding]] = field(default_factory=dict)

    def count(self, run: str, act: _Act) -> None:
        """Count the rules that decide about an act."""
        parts = self._parts(act)
        whole = strictest(part[0].verdict for part in parts)
        ruled: Counter[_Ruled] = Counter()
        for part in parts:
            ruled.update({(key_of(by.rule, by.file, by.line), by.verdict) for by in part if not _is_none(by)})
        for key, times in ruled.items():
            self.uses[key].add(run, act, parts=times, whole=key[1] is whole)

    def _parts(self, act: _Act) -> Sequence[_Deciding]:
        """Of each part of an act all that decides about it; agents repeat themselves, so it is remembered."""
        if isinstance(act, LandedChange):
            return [(part,) for part in self.policy.judge_changes(act.files or (), role=act.role).parts]
        key = (act.tool, act.role, act.subject, act.paths)
        if key not in self.known:
            self.known[key] = self._edited(act) if act.tool == "edit" else self._run(act)
        return self.known[key]

    def _edited(self, act: JudgedAct) -> Sequence[_Deciding]:
        policy = self.policy.for_task(act.paths)
        return [(part,) for part in policy.judge_edit(judged_text(act), role=act.role).parts]

    def _run(self, act: JudgedAct) -> Sequence[_Deciding]:
        policy, text = self.policy.for_task(act.paths), judged_text(act)
        found = [each for each in findings_in(policy.book, text, role=act.role, cwd=WORKSPACE) if each]
        if not found:
            return [(part,) for part in policy.judge_command(text, role=act.role).parts]
        # Each of the strictest: a command and the path that it writes are allowed by a rule each, and need both.
        stricts = [(findings, strictest(finding.verdict for finding in findings)) for findings in found]
        return [[finding for finding in findings if finding.verdict is verdict] for findings, verdict in stricts]

    def layers(self) -> Iterable[tuple[str, tuple[UsedRule, ...]]]:
        """All rules of files; then those of the program itself that decided, the most frequent first."""
        for name, rules in listed_rules(self.policy):
            yield name, tuple(UsedRule(rule=rule, use=self.uses.get((rule.key, rule.verdict), Use())) for rule in rules)
        own = [
            UsedRule(rule=ListedRule(section=BUILT_IN, verdict=verdict, text=key[2], key=key), use=use)
            for (key, verdict), use in self.uses.items()
            if key[0] == BUILT_IN
        ]
        if own:
            yield BUILT_IN, tuple(sorted(own, key=lambda used: -used.use.parts))


def _is_none(by: Finding | Part) -> bool:
    return by.verdict is Verdict.ALLOW and by.file == BUILT_IN and by.rule in _NO_RULE
