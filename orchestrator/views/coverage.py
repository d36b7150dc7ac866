"""How often the rules of a policy decided: layer by layer as they stand in their files, with what never did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.tightening.coverage import Coverage, UsedRule
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.pattern import Alternatives
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import age, one_line, plural
from policies.inventory import COMMANDS, DEFAULT
from policies.policy import Policy
from policies.printable import printable
from policies.rules import BUILT_IN

_LONGEST = 10_000
"""Patterns are what the page is about, so hardly any is cut."""

_NAMES = ("LINE", "", "USES", "TASKS", "RUNS", "LAST")


def coverage_view(found: Coverage, *, now: float) -> Iterator[RenderableType]:
    """A row for each rule of each layer, nearest first; at the end what was judged, and how many never decided."""
    for name, rules in found.layers:
        own = "what the program says itself" if name == BUILT_IN else _never(rules)
        yield Text.assemble((one_line(name).plain, HEADING), f": {own}")
        rows = [_row(used, now) for used in rules]
        yield Indented(Grid(names=_NAMES, rows=rows, right={0, 2, 3, 4, 5}, text_name="RULE"))
        yield Text()
    every = _never([used for name, rules in found.layers if name != BUILT_IN for used in rules])
    judged = f"{plural(found.acts, 'act')} and {plural(found.diffs, 'diff')} of {plural(len(found.runs), 'run')} judged"
    yield Indented(Text(f"{judged}; {every}"), 0)


def _never(rules: Sequence[UsedRule]) -> str:
    never = sum(not used.use.parts for used in rules)
    return f"{plural(len(rules), 'rule')}, {never or 'none'} of which never decided"


def _row(used: UsedRule, now: float) -> Row:
    rule, use = used.rule, used.use
    cells = [str(use.parts), str(len(use.tasks)), str(len(use.runs)), age(now - use.last) if use.last else ""]
    if not use.parts:
        cells = ["never", "", "", ""]
    what = rule.text if rule.section in {COMMANDS, BUILT_IN, DEFAULT} else f"{rule.section}: {rule.text}"
    return Row(
        (
            Text(str(rule.line) if rule.line else "", FAINT),
            Text(rule.verdict, style_of(rule.verdict)),
            *(Text(cell, FAINT if cell == "never" else "") for cell in cells),
        ),
        Alternatives(one_line(what, limit=_LONGEST).plain),
    )


def coverage_json(policy: Policy, found: Coverage) -> dict[str, Any]:
    """The same for programs."""
    return {
        "policy": list(map(printable, policy.layers)),
        "policy_hash": policy.hash,
        "runs": list(found.runs),
        "acts": found.acts,
        "diffs": found.diffs,
        "layers": [
            {"name": printable(name), "rules": [_rule_json(used) for used in rules]} for name, rules in found.layers
        ],
    }


def _rule_json(used: UsedRule) -> dict[str, Any]:
    rule, use = used.rule, used.use
    return {
        "section": rule.section,
        "verdict": rule.verdict.value,
        "text": printable(rule.text),
        "file": printable(rule.key[0]),
        "line": rule.line,
        "parts": use.parts,
        "wholes": use.wholes,
        "tasks": len(use.tasks),
        "runs": len(use.runs),
        "last": use.last,
    }
