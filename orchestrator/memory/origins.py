"""Where a forked run comes from: the runs in which its task was worked on before, each up to its checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from agents.events import RunStarted
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import JournalStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkPoint:
    """A checkpoint of a task that a run was forked at: `last` is the number of the event that tells of it."""

    run: str
    task: str
    last: int


def origins(store: JournalStore, forked_from: Mapping[str, Any] | None) -> Iterator[ForkPoint]:
    """All checkpoints on the way to a run, the newest first, as far as the journal has them."""
    seen: set[str] = set()
    while forked_from is not None and forked_from["run"] not in seen:
        run = str(forked_from["run"])
        seen.add(run)
        last = store.number_of(run, str(forked_from["head"]))
        if last is None:
            return
        yield ForkPoint(run=run, task=str(forked_from["task"]), last=last)
        started = event_of(next(store.events(run)))
        forked = started.forked_from if isinstance(started, RunStarted) else None
        forked_from = forked.model_dump() if forked is not None else None


def before(origins: Iterable[ForkPoint], task: str) -> tuple[tuple[str, int], ...]:
    """The runs in which a task was worked on before, oldest first: a fork of another task begins it anew."""
    same = list(takewhile(lambda origin: origin.task == task, origins))
    return tuple((origin.run, origin.last) for origin in reversed(same))
