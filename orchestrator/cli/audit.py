"""`mimo-orchestrate audit`: whether the journal of a run is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption, RunArgument
from orchestrator.cli.selection import choose_run
from orchestrator.cli.state import here, open_journal
from orchestrator.cli.terminal import print_json, printable, results_console

if TYPE_CHECKING:
    from orchestrator.journal.chain import ChainReport


def verify(run: RunArgument, *, json: JsonOption = False) -> None:
    """Check that no event of a run was changed or is missing.

    The first one that was is named.
    """
    from orchestrator.journal.chain import verify_chain

    with open_journal(here()) as store:
        name = choose_run(store.runs(), run)
        report = verify_chain(store.events(name))
    if json:
        print_json(_as_json(name, report))
    else:
        results_console().print(printable(_in_words(name, report)))
    if report.broken_at is not None:
        raise typer.Exit(ExitCode.PARTIAL)


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
    end = "closed by its end" if report.closed else "not ended: a cut tail would not show"
    return f"{run}: {report.events} events, each as it was written; {end}; head {report.head}"
