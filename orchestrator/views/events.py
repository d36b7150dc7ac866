"""An event for programs: what `run --events` and `log --json` print."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.journal.chain import Recorded


def event_json(recorded: Recorded) -> dict[str, Any]:
    """The event as one JSON object: where it stands in the journal, and what it holds as `payload`."""
    return {
        "run": recorded.run,
        "seq": recorded.seq,
        "task": recorded.task,
        "time": recorded.time,
        "kind": recorded.kind,
        "payload": json.loads(recorded.payload),
        "hash": recorded.hash,
    }
