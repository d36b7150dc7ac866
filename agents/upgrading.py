"""Events of older shapes become those of today: a table of steps, each from one version of a kind to the next.

A field that is new with a default needs no step, and no new version. To change a shape otherwise: raise the version of
its class, and add the step here and a journal of the old shape to `tests/journal/golden`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from agents.events import Event

Payload = dict[str, Any]


class MadeByNewer(ValueError):
    """An event of a kind, or of a version of it, that this program does not know; `by` made it, where that is known."""

    def __init__(self, kind: str, version: int, *, by: str | None = None) -> None:
        self.kind = kind
        self.version = version
        self.by = by
        super().__init__(f"{kind!r} of version {version} was written by a newer program")


def _tasks_of_a_file(payload: Payload) -> Payload:
    """Before coordinators made plans, every plan came from a file."""
    return {"source": "file", "why": None, **payload}


def _bound_to_its_text(payload: Payload) -> Payload:
    """Before an answer was bound to a directory and to scripts, it held for the text alone."""
    return {"cwd": None, "bound": {}, **payload}


_STEPS: Mapping[tuple[str, int], Callable[[Payload], Payload]] = {
    ("plan made", 1): _tasks_of_a_file,
    ("question asked", 1): _bound_to_its_text,
}
"""From each older version of a kind to the next."""

TODAY: Mapping[str, int] = {
    event.model_fields["kind"].default: event.model_fields["v"].default for event in get_args(get_args(Event)[0])
}
"""The version of each kind that is written now."""


def upgraded(kind: str, payload: Payload) -> Payload:
    """The payload in today's shape; raises MadeByNewer."""
    version = payload.get("v", 1)
    if not isinstance(version, int) or version > TODAY.get(kind, 0):
        raise MadeByNewer(kind, version)
    while version < TODAY[kind]:
        payload = {**_STEPS[kind, version](payload), "v": version + 1}
        version += 1
    return payload
