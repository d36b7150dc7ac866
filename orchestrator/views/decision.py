"""How the judgement of a command looks: the verdict, then the script as a tree of what was judged in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.fitting import Fitting
from orchestrator.views.forest import Branch, branches
from orchestrator.views.indent import Hanging
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line

DEEPEST = 8
"""Levels of a script that are drawn; what is deeper stands at the last of them, so that there is room for its text."""

_VERDICT = 7
"""The column of a part's text, behind its verdict."""

_BECAUSE = "because of: "

_LONGEST = 10_000
"""Commands are what the page is about, so hardly any is cut."""

Part = Mapping[str, Any]


def decision_view(decision: Mapping[str, Any], *, scrolled: bool = False) -> Iterator[RenderableType]:
    """The verdict on the whole, then each part in its place, with the rule and its place, the reason, and instead.

    Where a long page is `scrolled`, so that its end is what is seen, the verdict stands there as well.
    """
    verdict, tree = list(_outcome(decision)), list(_parts(decision["parts"]))
    page = [*verdict, Text(), *tree]
    yield from [Fitting(page, [*page, Text(), *verdict])] if scrolled else page


def _outcome(decision: Mapping[str, Any]) -> Iterator[RenderableType]:
    verdict, parts = decision["verdict"], decision["parts"]
    yield Text.assemble(("verdict: ", HEADING), _verdict(verdict))
    decisive = [part["text"] for part in parts if part["verdict"] == verdict]
    if len(parts) > 1 and verdict != "allow":
        more = f", and {len(decisive) - 1} more" if len(decisive) > 1 else ""
        yield Hanging(one_line(f"{decisive[0]}{more}", limit=_LONGEST), Text(_BECAUSE), Text(" " * len(_BECAUSE)))


def _parts(parts: Sequence[Part]) -> Iterator[RenderableType]:
    nodes, children = _tree(parts)
    for branch in branches(children, deepest=DEEPEST):
        node = nodes[branch.task]
        yield from _judged(node, branch) if not isinstance(node, str) else _compound(node, branch)


def _tree(parts: Sequence[Part]) -> tuple[Mapping[str, Part | str], Mapping[str | None, list[str]]]:
    """All that is drawn by name: parts by their number, and the loops and the like around them by how they begin."""
    nodes: dict[str, Part | str] = {}
    children: defaultdict[str | None, list[str]] = defaultdict(list)
    for number, part in enumerate(parts):
        above = None if part["within"] is None else str(part["within"])
        for head in part["under"]:
            last = next(reversed(children[above]), None)
            if last is None or nodes[last] != head:
                last = f"{number} {above} {head}"
                nodes[last] = head
                children[above].append(last)
            above = last
        nodes[str(number)] = part
        children[above].append(str(number))
    return nodes, children


def _compound(head: str, branch: Branch) -> Iterator[RenderableType]:
    below = branch.below[: len(branch.guide)]
    yield Hanging(one_line(head, FAINT), Text(branch.guide, FAINT), Text(below, FAINT))


def _judged(part: Part, branch: Branch) -> Iterator[RenderableType]:
    verdict = Text.assemble((branch.guide, FAINT), _verdict(part["verdict"]))
    verdict.pad_right(len(branch.guide) + _VERDICT - verdict.cell_len)
    below = Text(branch.below.ljust(len(branch.guide) + _VERDICT), FAINT)
    text = one_line(f"{'| ' if part['piped'] else ''}{part['text']}", limit=_LONGEST)
    yield Hanging(text, verdict, below)
    place = f"{part['file']}:{part['line']}" if part["line"] else str(part["file"])
    said = f"{part['rule']} ({place}): {part['why']}" if part["rule"] != "nothing" else f"{part['why']} ({place})"
    yield Hanging(one_line(said, FAINT), below, below)
    if part["instead"]:
        yield Hanging(one_line(f"instead: {part['instead']}"), below, below)


def _verdict(verdict: str) -> Text:
    return one_line(verdict, style_of(verdict))
