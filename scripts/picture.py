"""A picture of a run: its events played through the live view up to a moment, and what the terminal shows then."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from orchestrator.cli.selection import LAST, choose_run
from orchestrator.cli.state import here, open_journal
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import apply, fold
from orchestrator.journal.state import RunState
from orchestrator.plan.models import Plan
from orchestrator.views.live import live_view
from orchestrator.views.progress import kept_line
from orchestrator.views.styles import GOOD, HEADING

COLUMNS = 100
LINES = 40
"""More than the demo needs."""

FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""rich's own fetches its font from a host; this one takes what the reader's machine has."""


def picture(events: Sequence[Recorded], *, typed: str, columns: int, at: int | None = None) -> str:
    """The terminal after event `at`, or at the moment that shows most, as an SVG."""
    shown = events[: at or most_telling(events)]
    console = Console(
        file=io.StringIO(), record=True, width=columns, force_terminal=True, color_system="standard", highlight=False
    )
    console.print(Text.assemble(("$ ", GOOD), (typed, HEADING)))
    for recorded in shown:
        kept = kept_line(recorded, columns=columns - 1)
        if kept is not None:
            console.print(Text(*kept))
    state = fold(shown)
    # As late as it can be: the clocks show what the next event ended.
    now = events[min(len(shown), len(events) - 1)].time
    console.print(live_view(state, Plan.rebuilt(state.plan).limits, now=now, width=columns, height=LINES))
    return console.export_svg(title="", code_format=FORMAT, unique_id="run")


def most_telling(events: Sequence[Recorded]) -> int:
    """How many events there are at the last moment with most commands under way, after a gate refused if one did."""
    state = RunState(run=events[0].run)
    best, number = (False, 0), len(events)
    for count, recorded in enumerate(events, start=1):
        apply(state, recorded)
        tasks = state.tasks.values()
        refused = any(gate.passed is False for task in tasks for gate in task.gates)
        busy = sum(task.activity is not None and task.activity.tool is not None for task in tasks)
        if (refused, busy) >= best:
            best, number = (refused, busy), count
    return number


def main() -> None:
    """Draw the picture that the command line asks for."""
    parser = argparse.ArgumentParser(prog="scripts/picture", description="Draw a run as the live view shows it.")
    parser.add_argument("--repository", type=Path, required=True, metavar="DIR", help="where it was run")
    parser.add_argument("--run", default=LAST, help="which run; default: the newest")
    parser.add_argument("--at", type=int, metavar="N", help="after so many events; default: where most is to be seen")
    parser.add_argument("--columns", type=int, default=COLUMNS, metavar="N", help="how wide; default: %(default)s")
    parser.add_argument("--typed", default="mimo-orchestrate plan.yaml", metavar="TEXT", help="the command above it")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    given = parser.parse_args()
    output = given.output.absolute()
    os.chdir(given.repository)
    with open_journal(here()) as store:
        events = list(store.events(choose_run(store.runs(), given.run)))
    output.write_text(picture(events, typed=given.typed, columns=given.columns, at=given.at), encoding="utf-8")


if __name__ == "__main__":
    main()
