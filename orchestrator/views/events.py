"""An event for programs: what `run --events` and `log --json` print."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.journal.chain import Recorded


def event_json(recorded: Recorded) -> dict[str, Any]:
    """The event as one JSON object: where it stands in the journal, then its payload, with `kind` to tell it by."""
    place = {
        "run": recorded.run,
        "seq": recorded.seq,
        "time": recorded.time,
        "task": recorded.task,
        "kind": recorded.kind,
        "hash": recorded.hash,
    }
    # A payload never gets to overwrite where it stands.
    return {**json.loads(recorded.payload), **place}
