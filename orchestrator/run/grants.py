"""Limits by name: whose each is, as the command line, the journal and every view write it.

`steps` is the run's, `port.steps` the task's of that id, `reviewer.tokens` all reviewers'. Where a task has a role's
name, `tasks.reviewer.tokens` and `roles.reviewer.tokens` tell them apart; these always do.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from orchestrator.errors import UsageProblem
from orchestrator.plan.models import Bounds, Limits, Plan, TaskLimits
from orchestrator.plan.numbers import number
from orchestrator.run.owners import OF_ROLES, OF_TASKS, ROLES
from policies.problems import did_you_mean


def _keys(limits: type[Bounds]) -> set[str]:
    return {spec.alias or name for name, spec in limits.model_fields.items()} - {OF_ROLES}


_TAKES = {
    "steps": ("a whole number, 0 for none", "400"),
    "tokens": ("a whole number, 0 for none", "8000000"),
    "cost": ("a number of US dollars, 0 for none", "20"),
    "wall": ("a time, a number and a unit (ms, s, m, h, d), 0s for none", "1h30m"),
    "cpu": ("a time, a number and a unit (ms, s, m, h, d), 0s for none", "10m"),
    "parallel": ("a whole number from 1 up", "4"),
    "attempts": ("a whole number from 1 up", "3"),
    "rounds": ("a whole number from 1 up", "6"),
    "context": ("a whole number of tokens from 1 up", "200000"),
}
"""What each limit may be, and an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A limit that somebody sets: the run's where neither a task nor a role is named; `value` is as it was written."""

    key: str
    value: str
    task: str | None = None
    role: str | None = None


def read_grant(text: str, plan: Plan) -> Grant:
    """What `KEY=VALUE` after `--limit` says; raises UsageProblem for what the plan has no place for."""
    name, equals, value = text.partition("=")
    owner, dot, key = name.rpartition(".")
    kind, inner, whose = owner.partition(".")
    tasks = [task.id for task in plan.tasks]
    if inner and kind in {OF_TASKS, OF_ROLES}:
        task, role = (whose, None) if kind == OF_TASKS else (None, whose)
    elif owner in ROLES and owner in tasks:
        raise UsageProblem(
            f"--limit {text}: {owner} is a role, and a task of the plan",
            hint=f"write {OF_TASKS}.{name} or {OF_ROLES}.{name}",
        )
    else:
        task, role = (None, owner) if owner in ROLES else (owner if dot else None, None)
    known = _keys(Limits) if not dot else _keys(Bounds) if role is not None else _keys(TaskLimits)
    if not equals or not value or key not in known:
        raise UsageProblem(
            f"--limit {text}: write KEY=VALUE, TASK.KEY=VALUE or ROLE.KEY=VALUE, where KEY is one of "
            f"{', '.join(sorted(known))}",
            hint=did_you_mean(key, known),
        )
    if task is not None and task not in tasks:
        what = f"the plan has no task {task}" + ("" if inner else ", and there is no such role")
        raise UsageProblem(f"--limit {text}: {what}", hint=did_you_mean(task, [*tasks, *ROLES]))
    if role is not None and role not in ROLES:
        raise UsageProblem(f"--limit {text}: there is no role {role}", hint=did_you_mean(role, ROLES))
    return Grant(key=key, value=value, task=task, role=role)


def readable(grant: Grant, text: str) -> int | float | str:
    """The value of `--limit TEXT` as a plan has it; raises UsageProblem for one that no limit of that name can have."""
    value = number(grant.value)
    try:
        Limits.model_validate({grant.key: value})
    except ValidationError:
        what, example = _TAKES[grant.key]
        name = text.partition("=")[0]
        raise UsageProblem(
            f"--limit {text}: {grant.key} takes {what}", hint=f"write for example --limit {name}={example}"
        ) from None
    return value
