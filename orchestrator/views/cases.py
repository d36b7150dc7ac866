"""How the outcome of `policy test` looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.indent import Indented
from orchestrator.views.remarks import remarks_view
from orchestrator.views.styles import FAINT, style_of
from orchestrator.views.words import one_line

_LONGEST = 10_000
"""Commands are what the page is about, so hardly any is cut."""


def results_view(outcome: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Each case that did not pass with the rule that decided, what is odd about the policy, and how many passed."""
    for case in outcome["failed"]:
        place = f"{case['case_file']}:{case['case_line']}" if case["case_line"] else ""
        name = ": ".join(part for part in (place, case["id"]) if part)
        yield Indented(one_line(f"{name}: {case['command']}" if name else case["command"], limit=_LONGEST), 0)
        part = f" for {case['part']}" if case["part"] != case["command"] else ""
        yield Indented(
            Text.assemble(
                "expected ",
                one_line(case["expect"], style_of(case["expect"])),
                ", got ",
                one_line(case["got"], style_of(case["got"])),
                one_line(f"{part} as {case['role']}", limit=_LONGEST),
            )
        )
        rule = f"{case['file']}:{case['line']}" if case["line"] else case["file"]
        yield Indented(one_line(f"{case['rule']} ({rule}): {case['why']}", FAINT))
    yield from remarks_view(outcome.get("warnings", ()))
    yield Text(f"{outcome['passed']} passed, {len(outcome['failed'])} failed")
