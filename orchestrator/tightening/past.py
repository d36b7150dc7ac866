"""What was judged in the past runs of a repository, without the rest that their journals hold."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.journal.store import JournalStore
from orchestrator.tightening.judged import JudgedRun, judged_run

MOST_RUNS = 50
"""Who is asked a question waits for as many runs to be read, and does not look at more."""

_KINDS = frozenset({"run started", "plan made", "command proposed", "command judged", "command run"})


def past_runs(store: JournalStore) -> Iterator[JudgedRun]:
    """The newest runs, the newest first; one that can't be read is passed over. What landed is not known of them."""
    for run in store.runs()[:MOST_RUNS]:
        try:
            yield judged_run(run, (recorded for recorded in store.events(run) if recorded.kind in _KINDS))
        except (ValueError, KeyError):
            continue
