"""How events are chained: each one's hash covers its content and the hash before it, run by run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

GENESIS = "0" * 64
"""What the first event of a run is chained to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it stands in the journal: `payload` is the exact JSON text that was hashed; `time` Unix seconds."""

    run: str
    seq: int
    task: str | None
    time: float
    kind: str
    payload: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of one run's chain found; `broken_at` is the first sequence number that is wrong or missing."""

    events: int
    head: str
    closed: bool
    broken_at: int | None = None
    why: str | None = None


def link(before: str, *, run: str, seq: int, task: str | None, time: float, kind: str, payload: str) -> str:
    """The hash of an event that follows the event with hash `before`: hexadecimal SHA-256."""
    content = json.dumps([before, run, seq, task, time, kind, payload], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def verify_chain(events: Iterable[Recorded]) -> ChainReport:
    """Check one run's events, oldest first, and name the first that was changed or is missing."""
    before, expected, last_kind = GENESIS, 1, ""
    for event in events:
        why = _fault(event, before, expected)
        if why is not None:
            return ChainReport(events=expected - 1, head=before, closed=False, broken_at=expected, why=why)
        before, expected, last_kind = event.hash, expected + 1, event.kind
    return ChainReport(events=expected - 1, head=before, closed=last_kind == "run ended")


def _fault(event: Recorded, before: str, expected: int) -> str | None:
    if event.seq != expected:
        return f"event {expected} is missing: the next one is number {event.seq}"
    right = link(
        before,
        run=event.run,
        seq=event.seq,
        task=event.task,
        time=event.time,
        kind=event.kind,
        payload=event.payload,
    )
    return None if event.hash == right else f"event {event.seq} ({event.kind}) was changed after it was written"
