"""Trees as they are drawn; and tasks as one, each under the task that it is a part of or the last of its needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.journal.state import TaskProgress

DEEPEST = 4
"""Levels below the first. What stands deeper is drawn at the last one, so that long chains leave room for names."""

Children = Mapping[str | None, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The place of a task, or of what else is drawn: what stands before its name, and before what is beneath it."""

    task: str
    guide: str
    below: str


def forest(tasks: Mapping[str, TaskProgress], shown: Collection[str]) -> Iterator[Branch]:
    """The places of the tasks that are shown, from top to bottom; siblings keep the order of `tasks`."""
    above = _parents(tasks)
    children: dict[str | None, list[str]] = defaultdict(list)
    for task in tasks:
        if task in shown:
            parent = above[task]
            while parent is not None and parent not in shown:
                parent = above[parent]
            children[parent].append(task)
    yield from branches(children)


def branches(children: Children, *, deepest: int = DEEPEST) -> Iterator[Branch]:
    """The places of all that is below None, from top to bottom."""
    for root in children.get(None, ()):
        below = children.get(root, ())
        yield Branch(task=root, guide="", below=_stem(below))
        yield from _branches(below, children, "", left=deepest)


def _parents(tasks: Mapping[str, TaskProgress]) -> dict[str, str | None]:
    order = {task: number for number, task in enumerate(tasks)}

    def parent(task: TaskProgress) -> str | None:
        needs = [need for need in task.needs if need in order]
        return task.part_of or max(needs, key=order.__getitem__, default=None)

    return {task.id: parent(task) for task in tasks.values()}


def _branches(tasks: Sequence[str], children: Children, lead: str, *, left: int) -> Iterator[Branch]:
    last = left == 1
    here = list(_flat(tasks, children)) if last else tasks
    for number, task in enumerate(here, start=1):
        below = [] if last else children.get(task, [])
        stem = lead + _stem(number < len(here))
        yield Branch(task=task, guide=lead + ("├─ " if number < len(here) else "└─ "), below=stem + _stem(below))
        yield from _branches(below, children, stem, left=left - 1)


def _flat(tasks: Sequence[str], children: Children) -> Iterator[str]:
    """The tasks, each followed by all below it."""
    left = list(reversed(tasks))
    while left:
        task = left.pop()
        yield task
        left.extend(reversed(children.get(task, [])))


def _stem(goes_on: object) -> str:
    return "│  " if goes_on else "   "
