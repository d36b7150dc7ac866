"""What `doctor` found, a line for each: how it is, what it is, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.doctor.finding import Condition, Finding, can_start
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, GOOD, HEADING, style_of
from orchestrator.views.words import one_line

_STYLES = {"ok": GOOD, "missing": BAD, "note": style_of("ask")}
_NAME_COLUMN = 9
_COLUMNS = 22


def doctor_view(findings: Sequence[Finding], backend: str | None) -> Iterator[RenderableType]:
    """A page for the terminal."""
    before = None
    for finding in findings:
        head = Text.assemble((finding.condition.value, _STYLES[finding.condition.value]))
        head.pad_right(_NAME_COLUMN - head.cell_len)
        head.append("" if finding.name == before else finding.name, style=HEADING)
        yield Indented(one_line(finding.found), _COLUMNS, head)
        if finding.remedy is not None:
            yield Indented(Text.assemble("-> ", one_line(finding.remedy)), _COLUMNS)
        before = finding.name
    yield Text("\n").append_text(_outcome(findings, backend))


def _outcome(findings: Sequence[Finding], backend: str | None) -> Text:
    if not can_start(findings):
        return Text("a run can't start here yet: see what is missing", style=BAD)
    lacking = [finding.name for finding in findings if finding.condition is Condition.MISSING]
    but = f"; missing: {', '.join(lacking)}" if lacking else ""
    return Text(f"a run can start here, in {backend}{but}" if backend else f"a run can start here{but}", style=GOOD)


def doctor_json(findings: Sequence[Finding], backend: str | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "can_start": can_start(findings),
        "backend": backend,
        "findings": [
            {
                "name": finding.name,
                "condition": finding.condition.value,
                "found": finding.found,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }
