"""States of runs kept beside the journal, so that a long run need not be folded again to be looked at.

Each is derived: bound to the event after which it was taken and to the code that folded it, ignored where anything of
that does not fit, and written anew. Deleting them costs time and nothing else; `audit verify` compares them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from orchestrator.journal.chain import Recorded
from orchestrator.journal.plain import of_plain, to_plain
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore

DIRECTORY = "snapshots"
"""Where, beside the journal, they are: a file for each run."""

EVERY = 1000
"""After so many events the next one is taken: a fold of as many is not noticed by whoever looks."""

_FOLDING = (
    "chain.py",
    "clock.py",
    "fold.py",
    "proposals.py",
    "reading.py",
    "state.py",
    "taken_over.py",
    "tallies.py",
    "../../agents/events.py",
    "../../agents/fork_events.py",
    "../../agents/model.py",
    "../../agents/publish_events.py",
    "../../agents/resuming_events.py",
    "../../agents/step_events.py",
    "../../agents/upgrading.py",
)
"""What gives events their meaning: a snapshot that another text of these made is not looked at."""


def state_now(store: JournalStore, run: str) -> RunState:
    """The state of a run as a fold of all its events gives it, with the help of its snapshot.

    Raises ValueError where there are no events, or one can't be read.
    """
    snapshot = read_snapshot(store, run)
    if snapshot is not None and store.hash_of(run, snapshot.events + 1) is None:
        return snapshot
    # Late: reading events takes as long to be imported as everything else that `status` does.
    from orchestrator.journal.fold import fold

    seen = 0 if snapshot is None else snapshot.events
    state = fold(store.events(run, after=seen), snapshot)
    if state.events - seen >= EVERY:
        write_snapshot(store, state)
    return state


def keeping(store: JournalStore, state: RunState) -> Callable[[Recorded], None]:
    """A watcher of a run that keeps snapshots of its `state`, to be called after that was moved on."""
    last, whole = state.events, True

    def watch(recorded: Recorded) -> None:
        nonlocal last, whole
        # What another process wrote, such as a human's answer, is in no state that this one moves on.
        last, whole = recorded.seq, whole and recorded.seq == last + 1
        if recorded.seq % EVERY == 0 or recorded.kind == "run ended":
            write_snapshot(store, state if whole else state_now(store, state.run))

    return watch


def read_snapshot(store: JournalStore, run: str) -> RunState | None:
    """The kept state of a run, if there is one that the journal vouches for and that this program made."""
    try:
        head, _, body = snapshot_path(store, run).read_bytes().partition(b"\n")
        if head.decode() != _head(body):
            return None
        state = of_plain(RunState, json.loads(body))
    except (OSError, ValueError, RecursionError):
        return None
    if state.run != run or state.head != store.hash_of(run, state.events):
        return None
    return state


def snapshot_differs(store: JournalStore, run: str, events: Iterable[Recorded]) -> bool:
    """Whether there is a snapshot that would be used and is not what a run's events say; raises as `state_now`."""
    from orchestrator.journal.fold import fold

    kept = read_snapshot(store, run)
    return kept is not None and kept != fold(event for event in events if event.seq <= kept.events)


def snapshot_path(store: JournalStore, run: str) -> Path:
    """Where the snapshot of a run is, if there is one."""
    return store.path.with_name(DIRECTORY) / f"{run}.json"


def write_snapshot(store: JournalStore, state: RunState) -> None:
    """Keep a state; where it can't be written there is none."""
    path = snapshot_path(store, state.run)
    body = json.dumps(to_plain(state)).encode()
    beside = path.with_name(f".{path.name}.{uuid4().hex[:12]}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside.touch(mode=0o600)
        beside.write_bytes(_head(body).encode() + b"\n" + body)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()


def _head(body: bytes) -> str:
    return json.dumps({"made by": _maker(), "sha256": hashlib.sha256(body).hexdigest()})


@cache
def _maker() -> str:
    """A word for the code that folds: no number that somebody has to remember to raise."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in _FOLDING:
        digest.update((here / name).read_bytes())
    return digest.hexdigest()[:16]
