"""An agent's past as the journal has it: read when it is asked for, row by row, off the event loop."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import to_thread

from agents.events import CommandRun, Event, ModelAnswered
from agents.looking_back import deeds, words_of
from agents.past import Deed, Found, named
from agents.ranking import Ranking
from agents.work_done import FOLDED, WorkDone, work_done
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import recorded

_SEARCHED = ("model answered", "command run")

END = 2**63 - 1
"""Behind every event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPast:
    """The `Past` of one agent; `task` is the one that its events stand under in the journal, None for the run itself.

    `told` are the texts that it may see besides, by name: what needed tasks handed over, the memory, kept notes.
    `before` are the runs in which a forked task was worked on before, oldest first, each up to an event's number.
    """

    journal: Path
    run: str
    task: str | None
    agent: str
    told: Mapping[str, str] = field(default_factory=dict)
    before: tuple[tuple[str, int], ...] = ()

    async def step(self, agent: str, number: int) -> tuple[Deed, ...]:
        """What a step did; of another agent of the task only where it has the same role."""
        return await to_thread.run_sync(partial(self._step, agent, number)) if self._may_see(agent) else ()

    async def text(self, name: str) -> str | None:
        """A text that it was told of."""
        return named(self.told, name)

    async def search(self, words: Sequence[str], *, before: int) -> Found:
        """What it was told, then the steps, newest first; where two are as good, that is their order."""
        return await to_thread.run_sync(partial(self._search, tuple(words), before))

    async def work_done(self) -> WorkDone:
        """Folded row by row."""
        return await to_thread.run_sync(self._work_done)

    def _work_done(self) -> WorkDone:
        kinds = ", ".join("?" * len(FOLDED))
        return work_done(self._events(f"kind IN ({kinds})", sorted(FOLDED), order="seq"), agent=self.agent)

    def _may_see(self, agent: str) -> bool:
        return agent.split(".")[0] == self.agent.split(".")[0]

    def _step(self, agent: str, number: int) -> tuple[Deed, ...]:
        where = (
            "kind IN ('model answered', 'command run') AND payload LIKE ? OR kind = 'model asked' AND payload LIKE ?"
        )
        steps = (f'%"step":{number},%', f'%"step":{number + 1},%')
        return deeds(self._events(where, steps, order="seq"), agent, number)

    def _search(self, words: tuple[str, ...], before: int) -> Found:
        ranking = Ranking(words)
        for name, text in self.told.items():
            ranking.look(name, text, named=True)
        patterns = [pattern for word in words for pattern in _patterns(word)]
        where = " OR ".join(["payload LIKE ? ESCAPE '!'"] * len(patterns))
        for kind in _SEARCHED:
            for event in self._events(f"kind = '{kind}' AND ({where})", patterns, order="seq DESC"):
                place = self._place(event, before)
                if place is not None:
                    ranking.look(place, words_of(event))
        return ranking.found()

    def _place(self, event: Event, before: int) -> str | None:
        if not isinstance(event, ModelAnswered | CommandRun) or event.agent is None or event.step is None:
            return None
        if event.agent == self.agent:
            return f"step {event.step}" if event.step < before else None
        return f"{event.agent} step {event.step}" if self._may_see(event.agent) else None

    def _events(self, where: str, values: Sequence[str], *, order: str) -> Iterator[Event]:
        """Rows one at a time: what a long run put out is never in memory together."""
        query = (
            f"SELECT run, seq, task, time, kind, payload, hash FROM events "  # noqa: S608 - our own words; values are bound
            f"WHERE run = ? AND seq <= ? AND task IS ? AND ({where}) ORDER BY {order}"
        )
        runs = [*self.before, (self.run, END)]
        with closing(sqlite3.connect(f"{self.journal.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            for run, last in reversed(runs) if order.endswith("DESC") else runs:
                for row in connection.execute(query, (run, last, self.task, *values)):
                    yield event_of(recorded(row))


def _patterns(word: str) -> tuple[str, ...]:
    """What a payload that has the word is like; a call's arguments are JSON within the JSON."""
    once = _in_json(word)
    return tuple(f"%{_like(text)}%" for text in dict.fromkeys((once, _in_json(once))))


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _like(text: str) -> str:
    """A pattern for a text; a letter that LIKE does not know the cases of stands for anything."""
    return "".join(f"!{char}" if char in "%_!" else char if char.isascii() else "%" for char in text)
