"""What came of the attack: a line for each escape, group by group, and what the lines together say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.attack.assault import Assault
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, GOOD, HEADING, style_of
from orchestrator.views.words import one_line, plural
from sandbox.attacks.escape import Outcome, Verdict

_STYLES = {Verdict.HELD: GOOD, Verdict.BROKEN: BAD, Verdict.NOT_TRIED: style_of("ask")}
_VERDICT_COLUMN, _NAME_COLUMN = 9, 28
_LONGEST = 300


def attack_view(assaults: Sequence[Assault]) -> Iterator[RenderableType]:
    """A page for the terminal: a table for each backend, then a line on each."""
    for assault in assaults:
        for group, outcomes in groupby(assault.outcomes, key=lambda outcome: outcome.group):
            yield Text.assemble((f"{assault.backend}: {group.value}", HEADING))
            yield Grid(names=("", ""), rows=[_row(outcome) for outcome in outcomes])
            yield Text()
    for assault in assaults:
        yield from _sum(assault)


def _row(outcome: Outcome) -> Row:
    verdict = Text(outcome.verdict.value, _STYLES[outcome.verdict])
    verdict.pad_right(_VERDICT_COLUMN - verdict.cell_len)
    name = Text(outcome.name)
    name.pad_right(max(0, _NAME_COLUMN - name.cell_len))
    reason = one_line(outcome.reason, limit=_LONGEST)
    if outcome.verdict is Verdict.BROKEN:
        reason = Text.assemble("to ", one_line(outcome.tries), ": ", reason)
    return Row((verdict, name), reason)


def _sum(assault: Assault) -> Iterator[RenderableType]:
    if assault.why_not is not None:
        yield Indented(one_line(f"not attacked: {assault.why_not}"), 12, Text(f"{assault.backend}:"))
        return
    counts = Counter(outcome.verdict for outcome in assault.outcomes)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    line = Text(f"{assault.backend}: {plural(len(assault.outcomes), 'escape')}, {told}")
    line.stylize(BAD if assault.broken else GOOD if assault.was_tried else style_of("ask"))
    yield line
    for outcome in assault.broken:
        yield Indented(Text.assemble((outcome.name, BAD), " (", outcome.group.value, ")"), 4)


def is_held(assaults: Sequence[Assault]) -> bool:
    """Whether something was tried, and nothing got through."""
    return any(assault.was_tried for assault in assaults) and not any(assault.broken for assault in assaults)


def attack_json(assaults: Sequence[Assault]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "held": is_held(assaults),
        "backends": [
            {
                "backend": assault.backend,
                "why_not": assault.why_not,
                "escapes": [
                    {
                        "name": outcome.name,
                        "group": outcome.group.value,
                        "tries": outcome.tries,
                        "verdict": outcome.verdict.value,
                        "reason": outcome.reason,
                    }
                    for outcome in assault.outcomes
                ],
            }
            for assault in assaults
        ],
    }
