"""How the tasks of earlier runs went, read from the journal: what `check` makes its forecast of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agents.model import Usage
from agents.step_events import HANDOVER
from orchestrator.journal.chain import Recorded
from orchestrator.journal.clock import between
from orchestrator.journal.store import JournalStore

MOST_RUNS = 20
"""The newest say most of the next one."""

MOST_ANSWERS = 5_000
"""Where the runs are long fewer of them will do: the reading stays quick however large the journal is."""

_TRIED = {"landed", "ready", "failed", "refused"}
"""How a task ends that went all its way; one that waits or was skipped tells nothing of what it takes."""


@dataclass(slots=True, kw_only=True)
class Share:
    """What the agents of one role used for one task; `cost` is None where a part of it had no price."""

    model: str = ""
    steps: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0


@dataclass(slots=True, kw_only=True)
class PastTask:
    """A task that came to its end, parts included: what each role took for it, and for how long it was at work."""

    run: str
    plan: str
    role: str
    seconds: float = 0.0
    shares: dict[str, Share] = field(default_factory=dict)


def past_tasks(store: JournalStore) -> list[PastTask]:
    """Those of the newest runs, newest run first; raises sqlite3.Error, ValueError."""
    found: list[PastTask] = []
    answers = 0
    begun = sorted(store.all_of_kind("run started"), key=lambda recorded: (recorded.time, recorded.run), reverse=True)
    for started in begun[:MOST_RUNS]:
        history = _Run(store, started)
        found += history.tasks()
        answers += history.answers
        if answers >= MOST_ANSWERS:
            break
    return found


class _Run:
    """One run of the past."""

    def __init__(self, store: JournalStore, started: Recorded) -> None:
        self._store = store
        self._run = started.run
        begun = json.loads(started.payload)
        self._plan = str(begun["plan"].get("name", ""))
        forked = begun.get("forked_from")
        # What a fork went on with was begun in another run: what it took here would pass for all of it.
        self._cut = forked["task"] if forked is not None and forked["checkpoint"] else None
        self._roles: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        self.answers = 0

    def tasks(self) -> list[PastTask]:
        """Its tasks that were tried to the end."""
        self._read_tasks()
        ended = self._seconds()
        if not ended:
            return []
        tasks = {
            task: PastTask(run=self._run, plan=self._plan, role=self._roles[task], seconds=seconds)
            for task, seconds in ended.items()
        }
        for task, event, _ in self._of_kind("model answered"):
            self.answers += 1
            whole = self._whole_of(task)
            if whole in tasks:
                _add(tasks[whole].shares.setdefault(event["role"], Share()), event)
        return [task for task in tasks.values() if task.shares]

    def _read_tasks(self) -> None:
        for _, made, _ in self._of_kind("plan made"):
            self._roles |= {task["id"]: task["role"] for task in made["tasks"]}
        for task, made, _ in self._of_kind("decision made"):
            self._whole |= {part["id"]: str(task) for part in made.get("parts", ())}

    def _seconds(self) -> dict[str, float]:
        """How long each task was at work that was tried to the end, over all processes of the run."""
        began: dict[str, float] = {}
        total: defaultdict[str, float] = defaultdict(float)
        tried = set()
        marks = [
            (when, kind, task, event)
            for kind in ("task started", "change merged", "task ended")
            for task, event, when in self._of_kind(kind)
            if task in self._roles
        ]
        for when, kind, task, event in sorted(marks, key=lambda mark: mark[0]):
            if kind == "task started":
                began[task] = when
            else:
                total[task] += between(began.pop(task, when), when)
                tried |= {task} if kind == "change merged" or event["state"] in _TRIED else set()
        return {task: total[task] for task in self._roles if task in tried and task != self._cut}

    def _whole_of(self, task: str | None) -> str:
        name = str(task)
        while name in self._whole:
            name = self._whole[name]
        return name

    def _of_kind(self, kind: str) -> Iterator[tuple[str, dict[str, Any], float]]:
        for recorded in self._store.of_kind(self._run, kind):
            yield str(recorded.task), json.loads(recorded.payload), recorded.time


def _add(share: Share, answered: dict[str, Any]) -> None:
    usage, before = answered["usage"], share.usage
    share.model = answered["model"]
    share.steps += not answered["agent"].endswith(f".{HANDOVER}")
    share.usage = Usage(
        prompt=before.prompt + usage.get("prompt", 0),
        completion=before.completion + usage.get("completion", 0),
        cached=before.cached + usage.get("cached", 0),
        cache_written=before.cache_written + usage.get("cache_written", 0),
    )
    cost = answered["cost"]
    share.cost = None if share.cost is None or cost is None else share.cost + cost
