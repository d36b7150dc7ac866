"""What no single field of a plan can tell: ids used twice, needs that lead nowhere or in a circle, gates out of place.

All of it looks at plain data that may still be wrong in shape, so that one look finds every mistake of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from orchestrator.plan.graph import cycles
from orchestrator.plan.models import EDITOR_GATES, MAIN, WRITING_ROLES
from policies.document import Document, KeyPath
from policies.problems import Problem, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One item of `tasks` that is a mapping with a text for an id."""

    id: str
    path: KeyPath
    data: Mapping[str, Any]

    def texts(self, key: str) -> Iterator[tuple[KeyPath, str]]:
        """The texts of a list, with their paths."""
        items = self.data.get(key)
        for number, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, str):
                yield (*self.path, key, number), item


def reference_problems(document: Document) -> list[Problem]:
    """Every such mistake in a plan's document, each with its place."""
    entries = list(_entries(document.data))
    return [
        *_id_problems(document, entries),
        *_need_problems(document, entries),
        *_cycle_problems(document, entries),
        *_repeated(document, entries, "needs"),
        *_repeated(document, entries, "gates"),
        *_gate_problems(document, entries),
        *_image_problems(document),
    ]


def _entries(data: Any) -> Iterator[_Entry]:
    tasks = data.get("tasks") if isinstance(data, dict) else None
    for number, task in enumerate(tasks if isinstance(tasks, list) else []):
        if isinstance(task, dict) and isinstance(task.get("id"), str):
            yield _Entry(id=task["id"], path=("tasks", number), data=task)


def _id_problems(document: Document, entries: list[_Entry]) -> Iterator[Problem]:
    first: dict[str, _Entry] = {}
    for entry in entries:
        at = (*entry.path, "id")
        if entry.id == MAIN:
            yield document.problem(at, f"the id {MAIN!r} is reserved: mimo/RUN/{MAIN} is where tasks land")
        if entry.id in first:
            line = document.value_place((*first[entry.id].path, "id")).line
            yield document.problem(at, f"duplicate id {entry.id!r}: line {line} has it already")
        first.setdefault(entry.id, entry)


def _need_problems(document: Document, entries: list[_Entry]) -> Iterator[Problem]:
    known = dict.fromkeys(entry.id for entry in entries)
    for entry in entries:
        for at, need in entry.texts("needs"):
            if need not in known:
                hint = did_you_mean(need, known)
                yield document.problem(at, f"needs {need!r}, but no task has this id", hint=hint)


def _cycle_problems(document: Document, entries: list[_Entry]) -> Iterator[Problem]:
    needs = {entry.id: [need for _, need in entry.texts("needs")] for entry in entries}
    at = {(entry.id, need): path for entry in entries for path, need in entry.texts("needs")}
    for cycle in cycles(needs):
        closing = list(pairwise(cycle))[-1]
        yield document.problem(at[closing], f"a cycle, none of these could ever start: {' needs '.join(cycle)}")


def _repeated(document: Document, entries: list[_Entry], key: str) -> Iterator[Problem]:
    for entry in entries:
        seen = set()
        for at, item in entry.texts(key):
            if item in seen:
                yield document.problem(at, f"{item!r} stands twice in {key}")
            seen.add(item)


def _gate_problems(document: Document, entries: list[_Entry]) -> Iterator[Problem]:
    for entry in entries:
        gates = [at for at, gate in entry.texts("gates") if gate in EDITOR_GATES]
        role = entry.data.get("role")
        if gates and isinstance(role, str) and role not in WRITING_ROLES:
            yield document.problem(gates[0], f"a task of the role {role!r} changes nothing that a gate could look at")


def _image_problems(document: Document) -> Iterator[Problem]:
    settings = document.data.get("sandbox") if isinstance(document.data, dict) else None
    if isinstance(settings, dict) and {"image", "dockerfile"} <= settings.keys():
        at = ("sandbox", "dockerfile")
        yield document.problem(at, "image and dockerfile exclude each other: keep one of them", at_key=True)
