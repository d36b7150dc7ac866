"""The graph of a plan: in which order its tasks run, what runs beside what, and a cycle where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from orchestrator.plan.globs import overlap_example
from orchestrator.plan.models import Task

ANYTHING = "**"
"""What a task without `paths` may change, as a glob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two tasks that may run at once and may change the same path; `example` is one such path."""

    first: str
    second: str
    example: str


def waves(tasks: Sequence[Task]) -> tuple[tuple[str, ...], ...]:
    """Task ids in order of execution: each wave needs only earlier ones, its own tasks run in parallel.

    The graph must have no cycle and no unknown needs, which the loader sees to.
    """
    depth: dict[str, int] = {}
    for task in ordered(tasks):
        depth[task.id] = max((depth[need] + 1 for need in task.needs), default=0)
    last = max(depth.values(), default=-1)
    return tuple(tuple(task.id for task in tasks if depth[task.id] == level) for level in range(last + 1))


def ordered(tasks: Sequence[Task]) -> Iterator[Task]:
    """The tasks, each after all that it needs, otherwise as they stand in the plan."""
    waiting = list(tasks)
    done: set[str] = set()
    while waiting:
        ready = [task for task in waiting if done.issuperset(task.needs)]
        if not ready:
            msg = "a plan with a cycle or an unknown need has no order"
            raise ValueError(msg)
        yield from ready
        done.update(task.id for task in ready)
        waiting = [task for task in waiting if task.id not in done]


def overlaps(tasks: Sequence[Task]) -> tuple[Overlap, ...]:
    """The pairs of tasks that may run at once although both may change one path."""
    earlier = _all_needs(tasks)
    found = []
    for one, other in combinations([task for task in tasks if task.writes], 2):
        if one.id in earlier[other.id] or other.id in earlier[one.id]:
            continue
        example = _shared_path(one, other)
        if example is not None:
            found.append(Overlap(first=one.id, second=other.id, example=example))
    return tuple(found)


def _shared_path(one: Task, other: Task) -> str | None:
    for first in one.paths or (ANYTHING,):
        for second in other.paths or (ANYTHING,):
            example = overlap_example(first, second)
            if example is not None:
                return example
    return None


def _all_needs(tasks: Sequence[Task]) -> dict[str, frozenset[str]]:
    everything: dict[str, frozenset[str]] = {}
    for task in ordered(tasks):
        everything[task.id] = frozenset(task.needs).union(*(everything[need] for need in task.needs))
    return everything


def cycles(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Cycles that share no task, each from a task back to the same task; needs that are unknown are passed over."""
    left = {task: [need for need in wanted if need in needs] for task, wanted in needs.items()}
    found = []
    while left := _blocked(left):
        cycle = _walk(left)
        found.append(cycle)
        left = {task: wanted for task, wanted in left.items() if task not in cycle}
    return found


def _blocked(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What is left when tasks that need nothing more are taken away, again and again."""
    left = {task: [need for need in wanted if need in needs] for task, wanted in needs.items()}
    while done := {task for task, wanted in left.items() if not wanted}:
        left = {
            task: [need for need in wanted if need not in done] for task, wanted in left.items() if task not in done
        }
    return left


def _walk(needs: Mapping[str, Sequence[str]]) -> list[str]:
    # Every task left needs another that is left, so walking on must come back to where it has been.
    path = [next(iter(needs))]
    while (following := needs[path[-1]][0]) not in path:
        path.append(following)
    return [*path[path.index(following) :], following]
