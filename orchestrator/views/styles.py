"""The one palette of all views: a state has the same colour wherever it is shown."""

from __future__ import annotations

_STYLES = {
    "landed": "green",
    "done": "green",
    "ready": "cyan",
    "merged": "cyan",
    "working": "blue",
    "gated": "blue",
    "queued": "blue",
    "running": "blue",
    "waiting": "yellow",
    "partial": "yellow",
    "stopped": "yellow",
    "interrupted": "yellow",
    "reverted": "yellow",
    "refused": "red",
    "failed": "red",
    "allow": "green",
    "ask": "yellow",
    "deny": "red",
}

HEADING = "bold"
FAINT = "dim"
BAD = "red"
GOOD = "green"


def style_of(state: str) -> str:
    """The style of a state of a run or a task, or of a verdict; none for those that just wait their turn."""
    return _STYLES.get(state, "")
