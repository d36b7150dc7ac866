"""Which entries of a log are wanted: those of some steps, those of some kinds, the last few."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from orchestrator.journal.chain import Recorded
    from orchestrator.views.entries import Entry
    from orchestrator.views.kinds import Kind

_STEPS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def steps_of(text: str | None) -> range | None:
    """Steps as they are typed, `12` or `12-20`; raises UsageProblem."""
    if text is None:
        return None
    match = _STEPS.fullmatch(text)
    if match is None:
        raise UsageProblem(f"--step {text}: write a step's number, as in 12, or the first and the last, as in 12-20")
    first, last = match.groups()
    return range(int(first), int(last or first) + 1)


def require_alone(pages: Mapping[str, object], narrowing: Mapping[str, object]) -> None:
    """Raises UsageProblem where an option that shows a page of its own stands beside another, or what narrows a log."""
    given = [name for name, value in pages.items() if value]
    beside = [*given[1:], *(name for name, value in narrowing.items() if value)]
    if given and beside:
        raise UsageProblem(f"{given[0]} shows a page of its own: leave out {', '.join(beside)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What the options of `log` leave; `last` counts after the others."""

    steps: range | None = None
    only: frozenset[Kind] = frozenset()
    last: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether everything is wanted."""
        return self.steps is None and not self.only and self.last is None

    def wants(self, entry: Entry) -> bool:
        """Whether an entry is wanted, unless there are too many after it."""
        if self.steps is not None and entry.step not in self.steps:
            return False
        return not self.only or not self.only.isdisjoint(entry.kinds())

    def of(self, entries: Sequence[Entry]) -> list[Entry]:
        """The wanted ones of what there is."""
        wanted = [entry for entry in entries if self.wants(entry)]
        return wanted if self.last is None else wanted[len(wanted) - min(self.last, len(wanted)) :]


@dataclass(frozen=True, slots=True)
class Rows:
    """The events that are `there`, and where a run is followed those that come `later`."""

    there: Sequence[Recorded]
    later: Iterator[Recorded] | None = None

    def of_task(self, task: str | None) -> Self:
        """Those of one task, or all of them."""
        if task is None:
            return self
        later = (row for row in self.later if row.task == task) if self.later is not None else None
        return type(self)([row for row in self.there if row.task == task], later)

    def all(self) -> Iterator[Recorded]:
        """One after the other."""
        return chain(self.there, self.later or ())

    def entries(self, narrowing: Narrowing) -> Iterator[Entry]:
        """The wanted entries; raises UsageProblem for steps that are not there."""
        from orchestrator.views.entries import Grouping, entries

        grouping = Grouping()
        past = entries(self.there, grouping if self.later is not None else None)
        _require_steps(past, narrowing)
        yield from narrowing.of(past)
        for row in self.later or ():
            yield from (entry for entry in grouping.feed(row) if narrowing.wants(entry))
        yield from (entry for entry in grouping.rest() if narrowing.wants(entry))


def _require_steps(entries: Sequence[Entry], narrowing: Narrowing) -> None:
    if narrowing.steps is None:
        return
    last = {entry.task: entry.step for entry in entries if entry.step is not None}
    if len(last) > 1:
        raise UsageProblem("--step: each task has steps of its own", hint="name the task: log RUN TASK --step N")
    if not any(entry.step in narrowing.steps for entry in entries):
        number = max((entry.step or 0 for entry in entries), default=0)
        raise UsageProblem("--step: there is none of that number", hint=f"the last is {number}" if number else None)
