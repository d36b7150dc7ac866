"""How a policy looks: its rules in the order in which they are asked, all layers together, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.pattern import Alternatives
from orchestrator.views.remarks import remarks_view
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line
from policies.file import KINDS

_LONGEST = 10_000
"""Patterns are what the page is about, so hardly any is cut."""

_SECTIONS = (
    ("paths.write", "Paths that a command may write", "deny"),
    ("paths.read", "Paths that a command may read", "allow"),
    ("env", "Variables that a command may set", "allow"),
)
"""The sections of globs, with what holds where none of them matches."""

Rule = Mapping[str, Any]


def policy_view(policy: Mapping[str, Any], *, program: str | None = None) -> Iterator[RenderableType]:
    """What is odd about it, then the rules: a deny of any layer first, then layer by layer, the nearest first."""
    yield one_line(f"layers: {', then '.join(_named(layer) for layer in policy['layers'])}")
    yield one_line(f"hash: {policy['hash']}", FAINT)
    if policy["warnings"]:
        yield Text()
        yield from remarks_view(policy["warnings"])
    yield from _commands(policy, program)
    if program is None:
        for section, title, otherwise in _SECTIONS:
            yield from _globs(policy, section, title, otherwise)
        yield from _titled("Hosts")
        yield Indented(one_line(", ".join(policy["network"]) or "none"))
        yield from _changes(policy)


def _named(layer: Mapping[str, Any]) -> str:
    """A layer's name, and what it takes from those behind it where that is not everything."""
    return f"{layer['name']} (inherits {layer['inherit']})" if layer["inherit"] != "everything" else str(layer["name"])


def _commands(policy: Mapping[str, Any], program: str | None) -> Iterator[RenderableType]:
    rules = [{**rule, "file": layer["name"]} for layer in policy["layers"] for rule in layer["commands"]]
    about = f"Commands of {program}" if program is not None else "Commands"
    yield from _titled(f"{about}, denied by any layer")
    yield from _groups([rule for rule in rules if rule["verdict"] == "deny"])
    for layer in policy["layers"]:
        rest = [rule for rule in rules if rule["file"] == layer["name"] and rule["verdict"] != "deny"]
        if rest:
            yield from _titled(f"{about}, then by {layer['name']}")
            # Within a layer an ask goes before an allow.
            yield from _groups(sorted(rest, key=lambda rule: rule["verdict"] != "ask"))
    yield from _titled(f"{about}, by no rule")
    place = f"{policy['default_file']}:{policy['default_line']}" if policy["default_line"] else policy["default_file"]
    yield Indented(Grid(names=("", ""), rows=[Row((one_line(place, FAINT), _verdict(policy["default"])))]))


def _groups(rules: Sequence[Rule]) -> Iterator[RenderableType]:
    """Rules, those of one entry together under its reason."""
    if not rules:
        yield Indented(Text("none", FAINT))
    entries = groupby(rules, key=lambda rule: (rule["why"], rule["roles"], rule["instead"], rule["file"]))
    for number, ((why, roles, instead, _), entry) in enumerate(entries):
        if number:
            yield Text()
        said = [f"for {', '.join(roles)}" if roles else "", why, f"instead: {instead}" if instead else ""]
        if any(said):
            yield Indented(one_line("; ".join(word for word in said if word), FAINT))
        yield Indented(Grid(names=("", ""), rows=[_row(rule, _pattern(rule)) for rule in entry]))


def _pattern(rule: Rule) -> str:
    return f"{rule['pattern']} unless {' '.join(rule['unless'])}" if rule["unless"] else str(rule["pattern"])


def _globs(policy: Mapping[str, Any], section: str, title: str, otherwise: str) -> Iterator[RenderableType]:
    rules = [
        {**glob, "file": layer["name"], "asked": (glob["verdict"] != "deny" and 1 + at, glob["verdict"] != "ask")}
        for at, layer in enumerate(policy["layers"])
        for glob in layer["globs"]
        if glob["section"] == section
    ]
    entries = groupby(
        sorted(rules, key=lambda rule: rule["asked"]),
        key=lambda rule: (rule["file"], rule["line"], rule["verdict"], rule["overruled"]),
    )
    rows = [_row(same[0], ", ".join(map(_glob, same))) for same in (list(entry) for _, entry in entries)]
    yield from _titled(title)
    yield Indented(Grid(names=("", ""), rows=[*rows, Row((one_line("by no rule", FAINT), _verdict(otherwise)))]))


def _glob(glob: Rule) -> str:
    # As it is called in a decision, its name begins with what stands in the title and the row.
    return str(glob["glob"]).removeprefix(f"{glob['section']} {glob['verdict']}: ")


def _changes(policy: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield from _titled("Changes before they land, the strictest of all rules")
    rows = 0
    for layer in policy["layers"]:
        for change in layer["changes"]:
            verdict, what = _change(change)
            what += f" unless {' '.join(change['unless'])}" if change.get("unless") else ""
            said = [f"for {', '.join(change['roles'])}" if change.get("roles") else "", change.get("why") or ""]
            if any(said):
                yield Indented(one_line("; ".join(word for word in said if word), FAINT))
            row = _row({"file": layer["name"], "line": change["line"], "verdict": verdict}, what)
            yield Indented(Grid(names=("", ""), rows=[row]))
            rows += 1
    if not rows:
        yield Indented(Text("none", FAINT))


def _change(change: Rule) -> tuple[str, str]:
    """The verdict of a rule on changes, and on what; above a maximum it is asked."""
    for verdict in ("ask", "deny"):
        if change.get(verdict):
            return verdict, ", ".join(change[verdict])
    if change.get("max"):
        return "ask", f"more than {' or '.join(f'{number} {what}' for what, number in change['max'].items())}"
    return next((str(change[kind]), kind) for kind in KINDS if change.get(kind))


def _row(rule: Rule, what: str) -> Row:
    place = one_line(f"{rule['file']}:{rule['line']}", FAINT)
    never = f" [never decides: {rule['overruled']}]" if rule.get("overruled") else ""
    return Row((place, _verdict(rule["verdict"])), Alternatives(one_line(f"{what}{never}", limit=_LONGEST).plain))


def _titled(title: str) -> Iterator[RenderableType]:
    yield Text.assemble("\n", one_line(title, HEADING))


def _verdict(verdict: str) -> Text:
    return one_line(verdict, style_of(verdict))
