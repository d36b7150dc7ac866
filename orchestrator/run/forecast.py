"""What a plan will take, as far as earlier tasks of this repository tell: a pure function of what they took."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from agents.prices import Price
from orchestrator.plan.graph import ordered
from orchestrator.plan.models import Plan, Task
from orchestrator.run.history import PastTask, Share

DRAWS = 200
"""Enough for the ninth of ten to stand still; a plan of 500 tasks is done in a fraction of a second."""

ENOUGH = 3
"""So few tasks of a kind are better than more of another kind."""

PriceOfModel = Callable[[str], Price | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Half of the draws stay within `median`, nine of ten within `high`."""

    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The ranges by dimension, and what they stand on; without a `cost` where a model has no price.

    `like` says what those tasks have in common with the plan's: the same `plan`, else the same `model`, else the `role`
    alone. `unknown` are roles that never worked here: what they take comes on top.
    """

    ranges: Mapping[str, Range]
    runs: int
    tasks: int
    like: str
    unknown: tuple[str, ...] = ()


def forecast(plan: Plan, past: Sequence[PastTask], price_of: PriceOfModel) -> Forecast | None:
    """What the tasks of `plan` will take together; None where nothing is known of any, or there are none yet."""
    casts = [_Cast(plan, task, past, price_of) for task in ordered(plan.tasks)]
    known = [cast for cast in casts if cast.like]
    if not known:
        return None
    random = Random(0)  # noqa: S311 - the same plan on the same history is told the same
    draws = [_drawn(casts, plan.limits.parallel, random) for _ in range(DRAWS)]
    ranges = {key: _range([draw[key] for draw in draws]) for key in draws[0] if all(key in draw for draw in draws)}
    used = {id(task): task for cast in known for task in cast.like}
    return Forecast(
        ranges=ranges,
        runs=len({task.run for task in used.values()}),
        tasks=len(used),
        like=max((cast.kind for cast in known), key=("plan", "model", "role").index),
        unknown=tuple(dict.fromkeys(role for cast in casts for role in cast.unknown)),
    )


def too_low(plan: Plan, cast: Forecast) -> list[str]:
    """What to say of each limit of the run that is below the forecast."""
    said = []
    for key, limit in plan.limits.amounts().items():
        found = cast.ranges.get(key)
        if found is not None and found.high > limit:
            how = "half of what is forecast or more is" if found.median > limit else "one in ten of what is forecast is"
            said.append(f"the limit on {key} may be too low: {how} above it")
    return said


class _Cast:
    """One task of a plan: the past tasks that are most like it, and what is drawn of them."""

    def __init__(self, plan: Plan, task: Task, past: Sequence[PastTask], price_of: PriceOfModel) -> None:
        self.task = task
        self._plan = plan
        self._past = past
        self._price_of = price_of
        self.kind, self.like = self._most_alike()
        self._others = {role: [each.shares[role] for each in past if role in each.shares] for role in self._roles()}
        self.unknown = tuple(role for role in self._roles() if not self._others[role])

    def _roles(self) -> tuple[str, ...]:
        return (self.task.role, *self.task.effective_gates)

    def _most_alike(self) -> tuple[str, list[PastTask]]:
        role = self.task.role
        model = self._model(role)
        same_role = [each for each in self._past if each.role == role]
        same_model = [each for each in same_role if role in each.shares and each.shares[role].model == model]
        same_plan = [each for each in same_model if each.plan == self._plan.name]
        kinds = (("plan", same_plan), ("model", same_model), ("role", same_role))
        found = next(((kind, tasks) for kind, tasks in kinds if len(tasks) >= ENOUGH), None)
        return found or max(kinds, key=lambda each: len(each[1]))

    def draw(self, random: Random) -> dict[str, float]:
        """What it might take: one of those tasks, and of a gate that this one had not, another's."""
        total = dict.fromkeys(("steps", "tokens", "cost", "wall"), 0.0)
        if not self.like:
            return total
        chosen = random.choice(self.like)
        total["wall"] = chosen.seconds
        for role in (*self._roles(), "coordinator"):
            share = chosen.shares.get(role)
            if share is None and self._others.get(role):
                share = random.choice(self._others[role])
            if share is not None:
                self._take(total, role, share)
        return total

    def _take(self, total: dict[str, float], role: str, share: Share) -> None:
        total["steps"] += share.steps
        total["tokens"] += share.usage.prompt + share.usage.completion
        cost = self._cost(role, share)
        if cost is None:
            total.pop("cost", None)
        elif "cost" in total:
            total["cost"] += cost

    def _cost(self, role: str, share: Share) -> float | None:
        """What it cost then, or what the tokens would cost now with another model."""
        model = self._model(role)
        if share.model == model:
            return share.cost
        price = self._price_of(model) if model is not None else None
        return price.cost(share.usage) if price is not None else None

    def _model(self, role: str) -> str | None:
        chain = self._plan.models_of(role)
        return chain[0] if chain else None


def _drawn(casts: Sequence[_Cast], parallel: int, random: Random) -> dict[str, float]:
    drawn = {cast.task.id: cast.draw(random) for cast in casts}
    keys = [key for key in ("steps", "tokens", "cost") if all(key in draw for draw in drawn.values())]
    total = {key: sum(draw[key] for draw in drawn.values()) for key in keys}
    seconds = {task: draw["wall"] for task, draw in drawn.items()}
    return {**total, "wall": _side_by_side([cast.task for cast in casts], seconds, parallel)}


def _side_by_side(tasks: Sequence[Task], seconds: Mapping[str, float], parallel: int) -> float:
    """When the last of them ends, so many at once, each once its needs have ended; `tasks` are in order."""
    ends: dict[str, float] = {}
    places = [0.0] * max(1, min(parallel, len(tasks)))
    for task in tasks:
        start = max([heapq.heappop(places), *(ends[need] for need in task.needs)])
        ends[task.id] = start + seconds[task.id]
        heapq.heappush(places, ends[task.id])
    return max(ends.values(), default=0.0)


def _range(values: list[float]) -> Range:
    values = sorted(values)
    return Range(median=values[len(values) // 2], high=values[len(values) * 9 // 10])
