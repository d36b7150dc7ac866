"""How decisions and policies look on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.pattern import Alternatives
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line, plural

_LONGEST = 10_000
"""Patterns and commands are what the page is about, so hardly any is cut."""


def policy_view(policy: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Each layer, nearest first, its rules as they stand in its file, each with its place."""
    yield Text.assemble("what no rule matches: ", _verdict(policy["default"]))
    yield one_line(f"network: {', '.join(policy['network']) or 'none'}")
    layers = ", then ".join(layer["name"] for layer in policy["layers"])
    yield Indented(one_line(f"layers: {layers}; a deny in any of them wins, else the first with a rule decides"), 0)
    yield one_line(f"hash: {policy['hash']}", FAINT)
    for layer in policy["layers"]:
        sections = [*_commands(layer), *_globs(layer), *_changes(layer)]
        count = plural(sum(len(rows) for _, rows in sections), "rule")
        yield Text.assemble("\n", (one_line(layer["name"]).plain, HEADING), f": {count}")
        for title, rows in sections:
            yield Text()
            yield Indented(one_line(title, FAINT))
            yield Indented(Grid(names=("", ""), rows=rows))


def _commands(layer: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    """The rules on commands, those of one entry together under its reason."""
    for key, rules in groupby(layer["commands"], key=lambda rule: (rule["why"], rule["roles"], rule["instead"])):
        why, roles, instead = key
        who = f" for {', '.join(roles)}" if roles else ""
        title = f"commands{who}{f': {why}' if why else ''}{f'; instead: {instead}' if instead else ''}"
        yield title, [_row(layer, rule, _pattern(rule)) for rule in rules]


def _pattern(rule: Mapping[str, Any]) -> str:
    return f"{rule['pattern']} unless {' '.join(rule['unless'])}" if rule["unless"] else str(rule["pattern"])


def _globs(layer: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    for section, globs in groupby(layer["globs"], key=lambda glob: glob["section"]):
        by_line = groupby(globs, key=lambda glob: (glob["line"], glob["verdict"]))
        rows = [
            _row(layer, {"line": line, "verdict": verdict}, ", ".join(map(_glob, same)))
            for (line, verdict), same in by_line
        ]
        yield section, rows


def _glob(glob: Mapping[str, Any]) -> str:
    # As it is called in a decision, its name begins with what stands in the title and the row.
    return str(glob["glob"]).removeprefix(f"{glob['section']} {glob['verdict']}: ")


def _changes(layer: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    for change in layer["changes"]:
        verdict, what = _change(change)
        who = f" for {', '.join(change['roles'])}" if change.get("roles") else ""
        why = f": {change['why']}" if change.get("why") else ""
        yield f"changes{who}{why}", [_row(layer, {"line": change["line"], "verdict": verdict}, what)]


def _change(change: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict of a rule on changes, and on what; above a maximum it is asked."""
    for verdict in ("ask", "deny"):
        if change.get(verdict):
            return verdict, ", ".join(change[verdict])
    if change.get("max"):
        return "ask", f"more than {' or '.join(f'{number} {what}' for what, number in change['max'].items())}"
    return str(change.get("secrets", "")), "secrets"


def _row(layer: Mapping[str, Any], rule: Mapping[str, Any], what: str) -> Row:
    place = one_line(f"{layer['name']}:{rule['line']}", FAINT)
    return Row((place, _verdict(rule["verdict"])), Alternatives(one_line(what, limit=_LONGEST).plain))


def _verdict(verdict: str) -> Text:
    return one_line(verdict, style_of(verdict))
