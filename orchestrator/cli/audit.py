"""`mimo-orchestrate audit`: whether the journal of a run is as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption, RunArgument
from orchestrator.cli.selection import choose_run, whole_journal
from orchestrator.cli.state import HUB, here, open_journal, state_of
from orchestrator.cli.tail import cut_tail
from orchestrator.cli.terminal import print_json, print_page, printable

if TYPE_CHECKING:
    from orchestrator.journal.chain import ChainReport, Recorded
    from orchestrator.journal.store import JournalStore


app = typer.Typer(name="audit", help="Check what the journal holds.")


@app.command()
def verify(run: RunArgument, *, json: JsonOption = False) -> None:
    """Check that no event of a run was changed or is missing."""
    repository = here()
    with open_journal(repository) as store:
        name = choose_run(store.runs(), run)
        report, snapshot = _report(store, name, state_of(repository) / HUB)
    if json:
        print_json(_as_json(name, report, snapshot))
    else:
        from rich.text import Text

        from orchestrator.views.indent import Indented

        print_page([Indented(Text(printable(_in_words(name, report, snapshot))), 0)])
    if report.broken_at is not None or snapshot is not None:
        raise typer.Exit(ExitCode.PARTIAL)


def _report(store: JournalStore, run: str, hub: Path) -> tuple[ChainReport, Path | None]:
    """What the chain is like, and the snapshot that says otherwise than the events of a chain that is whole."""
    from orchestrator.journal.chain import verify_chain
    from orchestrator.journal.fold import fold
    from orchestrator.journal.snapshots import snapshot_differs, snapshot_path

    events = list(store.events(run))
    report = verify_chain(events)
    if report.broken_at is not None:
        return report, None
    with whole_journal(run):
        before = [fold(events[:1]).base_before, *_landed_before(events)]
        differs = snapshot_differs(store, run, events)
    # A chain that was cut short is whole in itself, so what landed is asked as well.
    why = cut_tail(hub, run=run, before=before, hashes={event.hash for event in events})
    if why is not None:
        report = replace(report, broken_at=report.events + 1, why=why)
    return report, snapshot_path(store, run) if differs else None


def _landed_before(events: Iterable[Recorded]) -> Iterator[str]:
    """The commits that a fork took over: they carry the heads of the run in which they landed."""
    from agents.events import TaskTakenOver
    from orchestrator.journal.fold import event_of

    for row in events:
        if row.kind == "task taken over":
            event = event_of(row)
            if isinstance(event, TaskTakenOver) and event.landed is not None:
                yield event.landed


def _as_json(run: str, report: ChainReport, snapshot: Path | None) -> dict[str, Any]:
    return {
        "run": run,
        "intact": report.broken_at is None,
        "events": report.events,
        "head": report.head,
        "closed": report.closed,
        "broken_at": report.broken_at,
        "why": report.why,
        "wrong_snapshot": None if snapshot is None else str(snapshot),
    }


def _in_words(run: str, report: ChainReport, snapshot: Path | None) -> str:
    if report.broken_at is not None:
        return f"{run}: broken at event {report.broken_at}: {report.why}"
    end = "closed by its end" if report.closed else "not ended: what was cut off since its last landing does not show"
    whole = f"{run}: {report.events} events, each as it was written; {end}; head {report.head}"
    if snapshot is None:
        return whole
    return f"{whole}\nbut the snapshot of its state is not what they say, and status shows it: remove {snapshot}"
