"""`mimo-orchestrate audit`: whether the journal of a run is as it was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption, RunArgument
from orchestrator.cli.selection import choose_run, folded
from orchestrator.cli.state import HUB, here, open_journal, state_of
from orchestrator.cli.tail import cut_tail
from orchestrator.cli.terminal import print_json, print_page, printable

if TYPE_CHECKING:
    from orchestrator.journal.chain import ChainReport
    from orchestrator.journal.store import JournalStore


app = typer.Typer(name="audit", help="Check what the journal holds.")


@app.command()
def verify(run: RunArgument, *, json: JsonOption = False) -> None:
    """Check that no event of a run was changed or is missing."""
    repository = here()
    with open_journal(repository) as store:
        name = choose_run(store.runs(), run)
        report = _report(store, name, state_of(repository) / HUB)
    if json:
        print_json(_as_json(name, report))
    else:
        from rich.text import Text

        from orchestrator.views.indent import Indented

        print_page([Indented(Text(printable(_in_words(name, report))), 0)])
    if report.broken_at is not None:
        raise typer.Exit(ExitCode.PARTIAL)


def _report(store: JournalStore, run: str, hub: Path) -> ChainReport:
    from orchestrator.journal.chain import verify_chain

    events = list(store.events(run))
    report = verify_chain(events)
    if report.broken_at is not None:
        return report
    # A chain that was cut short is whole in itself, so what landed is asked as well.
    why = cut_tail(hub, run=run, base=folded(store, run).base_before, hashes={event.hash for event in events})
    return report if why is None else replace(report, broken_at=report.events + 1, why=why)


def _as_json(run: str, report: ChainReport) -> dict[str, Any]:
    return {
        "run": run,
        "intact": report.broken_at is None,
        "events": report.events,
        "head": report.head,
        "closed": report.closed,
        "broken_at": report.broken_at,
        "why": report.why,
    }


def _in_words(run: str, report: ChainReport) -> str:
    if report.broken_at is not None:
        return f"{run}: broken at event {report.broken_at}: {report.why}"
    end = "closed by its end" if report.closed else "not ended: what was cut off since its last landing does not show"
    return f"{run}: {report.events} events, each as it was written; {end}; head {report.head}"
