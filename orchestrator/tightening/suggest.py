"""A policy as tight as what landed tasks needed: rules out of what was run, each with its evidence and its bounds."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.tightening.evidence import PLANNING, UNHELD, Left, Needs, Use, by_task, held_back, needs_of
from orchestrator.tightening.examples import accepted, rejected
from orchestrator.tightening.judged import JudgedRun
from orchestrator.tightening.policy_file import FILE
from orchestrator.tightening.rule_text import COLUMNS, RuleText, lines_of
from orchestrator.tightening.splice import allows_of, with_allows
from policies.file import CommandRule
from policies.generalise import narrowed
from policies.layer import Layer, Rule
from policies.loader import PRESETS, load_policy
from policies.pattern import alternatives
from policies.policy import Policy
from policies.shape import Shape, merged, split
from policies.verdict import Verdict

MOST_TASKS = 3
"""Tasks that evidence names; of the others it gives the number."""

LONGEST_PATTERN = COLUMNS - 16
_INHERITED = "what {} denies or asks about holds, what it allows does not"
MOST_LEFT = 5
"""Commands that the suggestion does not hold, as it names them."""


@dataclass(slots=True, kw_only=True)
class Suggested:
    """One rule, the shapes it is made of with the uses of each, and what it comes from."""

    verdict: Verdict
    uses: dict[Shape, list[Use]]
    entry: CommandRule | None = None
    dropped: list[str] = field(default_factory=list)
    roles: tuple[str, ...] = ()

    @property
    def all_uses(self) -> list[Use]:
        """Each use once."""
        return list(dict.fromkeys(use for uses in self.uses.values() for use in uses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A policy file's text, what it is made of, and what it could not take in."""

    text: str
    before: str
    instead_of: str
    policy: Policy
    rules: Sequence[tuple[Suggested, RuleText]]
    left: Sequence[Left]
    runs: int
    tasks: int
    commands: int


def suggestion(present: Policy, runs: Sequence[JudgedRun]) -> Suggestion:
    """What to put in the place of a policy; raises UsageProblem where its text can't be worked on."""
    needs = needs_of(present, runs)
    rules = [*_by_rule(present, needs), *_by_leave(needs)]
    draft = _policy(_composed(present, [_written(rule) for rule in rules], needs), present)
    needs.left += held_back(needs, draft)
    written = [(rule, _with_examples(_written(rule), rule, draft)) for rule in rules]
    text = _composed(present, [rule for _, rule in written], needs)
    return Suggestion(
        text=text,
        before=_before(present),
        instead_of=present.compiled[0].name,
        policy=_policy(text, present),
        rules=written,
        left=needs.left,
        runs=needs.runs,
        tasks=len(needs.tasks),
        commands=needs.commands,
    )


def _by_rule(present: Policy, needs: Needs) -> Iterator[Suggested]:
    """What is left of each rule that allows, in the order in which they stand."""
    for layer in present.compiled:
        for at, entry in enumerate(layer.file.commands):
            if entry.allow is None:
                continue
            suggested = Suggested(verdict=Verdict.ALLOW, uses={}, entry=entry, roles=tuple(entry.roles or ()))
            for rule in _rules_of(layer, at, entry):
                _narrow(suggested, rule, needs.by_rule.get(rule, []), needs)
            if suggested.uses:
                yield suggested


def _rules_of(layer: Layer, at: int, entry: CommandRule) -> Iterator[Rule]:
    wanted = set(entry.allow or ())
    first = layer.document.key_place(("commands", at)).line
    later = layer.document.key_place(("commands", at + 1)).line if at + 1 < len(layer.file.commands) else 1 << 30
    for rule in dict.fromkeys(layer.each_rule()):
        if rule.verdict is Verdict.ALLOW and rule.pattern.text in wanted and first <= rule.line < later:
            yield rule


def _narrow(suggested: Suggested, rule: Rule, uses: Sequence[Use], needs: Needs) -> None:
    lookups = list(dict.fromkeys(use.lookup for use in uses))
    shapes, left = narrowed(rule.pattern, lookups)
    needs.left.extend(Left(act=use.act, why=UNHELD, unheld=True) for use in uses if use.lookup in left)
    alone = {lookup: narrowed(rule.pattern, [lookup])[0] for lookup in lookups}
    for shape in merged(shapes):
        covered = {lookup for lookup, forms in alone.items() if any(map(shape.covers, forms))}
        suggested.uses.setdefault(shape, []).extend(use for use in uses if use.lookup in covered)
    if uses and rule.pattern.rest:
        suggested.dropped += _siblings(rule, shapes)


def _siblings(rule: Rule, shapes: Sequence[Shape]) -> list[str]:
    """A command that the rule allowed beside what is left of it, where one word is another."""
    words = shlex.split(rule.pattern.text.removesuffix(" $"))
    kept = {shape.words[: len(words)] for shape in shapes}
    for place in range(len(words) - 1, 0, -1):
        there = {word for shape in kept for word in shape[place]}
        for word in alternatives(words[place]):
            if kept and word not in there and "*" not in word:
                return [shlex.join([*(options[0] for options in min(kept)[:place]), word])]
    return []


def _by_leave(needs: Needs) -> Iterator[Suggested]:
    """What humans said yes to, and what was asked and stays so."""
    grouped: dict[tuple[Verdict, tuple[str, ...]], dict[Shape, list[Use]]] = {}
    shapes = {(verdict, shape) for verdict, shape, _ in needs.by_leave}
    for verdict, shape in sorted(shapes, key=lambda one: (one[0].strictness, one[1].words)):
        found = {role: needs.by_leave[v, s, role] for v, s, role in needs.by_leave if (v, s) == (verdict, shape)}
        uses = [use for listed in found.values() for use in listed]
        grouped.setdefault((verdict, tuple(sorted(found))), {})[shape] = uses
    for (verdict, roles), by_shape in grouped.items():
        uses_of = {
            shape: [use for one, uses in by_shape.items() if shape.covers(one) for use in uses]
            for shape in merged(by_shape)
        }
        yield Suggested(verdict=verdict, uses=uses_of, roles=roles)


def _written(rule: Suggested) -> RuleText:
    entry = rule.entry
    several = len(rule.uses) > 1
    patterns = [
        (part.text, _evidence(uses) if several and at == 0 else "")
        for shape, uses in rule.uses.items()
        for at, part in enumerate(split(shape, columns=LONGEST_PATTERN))
    ]
    leave = "a human said yes each time" if rule.verdict is Verdict.ALLOW else "a human decides, as before"
    return RuleText(
        verdict=rule.verdict,
        patterns=patterns,
        comment=[_evidence(rule.all_uses)],
        unless=entry.unless if entry is not None else (),
        roles=rule.roles,
        why=(entry.why or "landed tasks needed it") if entry is not None else leave,
    )


def _evidence(uses: Sequence[Use]) -> str:
    counts = list(by_task(uses).items())
    shown = counts if len(counts) <= MOST_TASKS + 1 else counts[:MOST_TASKS]
    named = ", ".join(f"{task} {count}" if len(counts) > 1 else task for task, count in shown)
    more = f", {len(counts) - len(shown)} more" if len(counts) > len(shown) else ""
    return f"{_several(len(uses), 'use')}: {named}{more}"


def _with_examples(text: RuleText, rule: Suggested, policy: Policy) -> RuleText:
    role = rule.roles[0] if rule.roles else "editor"
    written = rule.entry.rejects if rule.entry is not None else ()
    shapes = list(rule.uses)
    return replace(
        text,
        accepts=accepted(policy, rule.uses, rule.verdict, role),
        rejects=rejected(policy, shapes, rule.verdict, role, written=written, dropped=rule.dropped),
    )


def _composed(present: Policy, rules: Sequence[RuleText], needs: Needs) -> str:
    """The file: the present one with other allows, or one of its own on a preset."""
    own = present.compiled[0]
    lines = [line for rule in rules for line in lines_of(rule)]
    head = [f"# {line}" for line in _heading(needs)]
    # What no rule can hold goes on to be asked about, as everything else then does that no rule is about.
    asks = present.book.default is Verdict.ASK and any(left.unheld for left in needs.left)
    keys = [("inherit", "restrictions"), ("default", "ask" if asks else "deny")]
    if own.name in PRESETS:
        inherit, default = (f"{key}: {value}" for key, value in keys)
        begin = [*head, "version: 1", f"extends: {own.name}", f"{inherit}  # {_INHERITED.format(own.name)}", default]
        return "\n".join([*begin, *(["commands:", *(f"  {line}" for line in lines)] if lines else [])]) + "\n"
    if own.file.extends is None:
        keys = keys[1:]
    return with_allows(own.text, [*head, *lines], file=own.name, keys=keys)


def _heading(needs: Needs) -> Iterator[str]:
    """What the file is made of, and what it does not hold."""
    yield (
        f"What {_several(len(needs.tasks), 'task')} that landed needed in {_several(needs.runs, 'run')} "
        f"({_several(needs.commands, 'command')}), and no more."
    )
    for left in needs.left[:MOST_LEFT]:
        yield f"Not in it: {_one_line(left.act.subject)}"
        yield f"  {left.act.task or PLANNING}: {_one_line(left.why)}"
    if len(needs.left) > MOST_LEFT:
        yield f"and {len(needs.left) - MOST_LEFT} more"


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return json.dumps(joined if len(joined) <= COLUMNS else f"{joined[:COLUMNS]}...")[1:-1].replace('\\"', '"')


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _policy(text: str, present: Policy) -> Policy:
    """The suggestion in force, its examples checked, on the layers that the present policy stands on."""
    own = present.compiled[0].name
    file = FILE if own in PRESETS else own
    texts = {**present.layers, file: text}
    return load_policy(file, reader=lambda name: texts[name].encode())


def _before(present: Policy) -> str:
    """The present policy's text, to hold the suggestion against; of a preset, with what it allows."""
    own = present.compiled[0]
    if own.name not in PRESETS:
        return own.text
    allows = [line for layer in present.compiled for line in allows_of(layer.text, file=layer.name)]
    begin = ["version: 1", f"extends: {own.name}", f"default: {present.book.default}", "commands:"]
    return "\n".join([*begin, *allows]) + "\n"
