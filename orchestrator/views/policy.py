"""How decisions and policies look on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

_STYLES = {"allow": "green", "ask": "yellow", "deny": "bold red"}


def decision_view(decision: Mapping[str, Any]) -> RenderableType:
    """A decision as a tree: the verdict, and under it each part with its rule, place, reason and alternative."""
    tree = Tree(_verdict(decision["verdict"]))
    for part in decision["parts"]:
        branch = tree.add(Text.assemble(_verdict(part["verdict"]), " ", part["text"]))
        branch.add(Text(f"{part['rule']} ({_place(part)}): {part['why']}", style="dim"))
        if part["instead"]:
            branch.add(Text(f"instead: {part['instead']}"))
    return tree


def results_view(outcome: Mapping[str, Any]) -> RenderableType:
    """How many cases passed, and each that did not."""
    lines = [
        Text(f"{case['id']}: expected {case['expect']}, got {case['got']} by {case['rule']}: {case['command']}")
        for case in outcome["failed"]
    ]
    return Text("\n").join([*lines, Text(f"{outcome['passed']} passed, {len(outcome['failed'])} failed")])


def policy_view(policy: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Each layer as a tree, nearest first."""
    yield Text(f"default: {policy['default']}   hash: {policy['hash'][:16]}")
    for layer in policy["layers"]:
        tree = Tree(Text(layer["name"], style="bold"))
        for rule in layer["commands"]:
            who = f" for {', '.join(rule['roles'])}" if rule["roles"] else ""
            unless = f" unless {' '.join(rule['unless'])}" if rule["unless"] else ""
            tree.add(
                Text.assemble(f"{rule['line']:>4}  ", _verdict(rule["verdict"]), f" {rule['pattern']}{unless}{who}")
            )
        for glob in layer["globs"]:
            tree.add(Text(f"{glob['line']:>4}  {glob['glob']}"))
        for change in layer["changes"]:
            said = ", ".join(f"{key}: {value}" for key, value in change.items() if key not in ("line", "why"))
            tree.add(Text(f"{change['line']:>4}  changes {said}"))
        yield tree


def _verdict(verdict: str) -> Text:
    return Text(verdict, style=_STYLES[verdict])


def _place(part: Mapping[str, Any]) -> str:
    return f"{part['file']}:{part['line']}" if part["line"] else str(part["file"])
