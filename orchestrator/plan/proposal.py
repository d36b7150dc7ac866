"""Tasks that a coordinator proposes, held to the rules of a plan file and to the policy before they are the run's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from agents.results import ProposedTask
from orchestrator.plan.graph import ordered
from orchestrator.plan.loader import read_plan
from orchestrator.plan.models import Plan, Task
from orchestrator.plan.writing import with_tasks
from policies.policy import Policy
from policies.problems import DocumentError
from policies.verdict import Verdict

FILE = "tasks"
"""The name that mistakes of a proposal carry."""

MOST_PARTS = 10
"""A task that needs more pieces than that was no task."""

_BARE = "version: 1\nname: proposal\ngoal: to be held against the rules\n"


class ProposalRefused(Exception):
    """A proposal that can't be taken; the message is for the coordinator."""


def planned(proposed: Sequence[ProposedTask], policy: Policy, *, own: Collection[str]) -> tuple[Task, ...]:
    """The tasks of a plan, whose user wrote the commands `own`; raises ProposalRefused with every mistake."""
    tasks = _read(proposed)
    _require_allowed(tasks, policy, own)
    return tasks


def parts_of(
    task: Task, proposed: Sequence[ProposedTask], policy: Policy, *, attempts: int, taken: Collection[str]
) -> tuple[Task, ...]:
    """The parts that take a task's place, one after the other; raises ProposalRefused with every mistake.

    Each may change what the task may, passes the gates that the task has, and has `attempts`; the last that changes
    files passes the task's own checks as well. No id may be one of `taken`. `policy` is that of the task.
    """
    parts = tuple(ordered(_read(proposed)))
    problems = list(_misfits(task, parts, taken))
    if problems:
        raise ProposalRefused("\n".join(problems))
    _require_allowed(parts, policy.acting_for(task.role), frozenset(task.verify))
    closing = next((part.id for part in reversed(parts) if part.writes), None)
    needs = list(task.needs)
    made = []
    for part in parts:
        made.append(_part(task, part, needs=needs, closing=part.id == closing, attempts=attempts))
        needs = [*needs, part.id]
    return tuple(made)


def users_commands(plan: Plan) -> frozenset[str]:
    """The `verify` commands that a user wrote: these alone run without being judged."""
    return frozenset([*plan.verify, *(command for task in plan.tasks for command in task.verify)])


def _read(proposed: Sequence[ProposedTask]) -> tuple[Task, ...]:
    documents = [task.model_dump(mode="json") for task in proposed]
    try:
        return read_plan(with_tasks(_BARE, documents), file=FILE).tasks
    except DocumentError as error:
        raise ProposalRefused(str(error)) from None


def _require_allowed(tasks: Sequence[Task], policy: Policy, own: Collection[str]) -> None:
    refused = [said for task in tasks for said in _refused_commands(task, policy, own)]
    if refused:
        raise ProposalRefused("\n".join(refused))


def _refused_commands(task: Task, policy: Policy, own: Collection[str]) -> Iterator[str]:
    for command in task.verify:
        decision = policy.judge_command(command, role=task.role)
        if command not in own and decision.verdict is not Verdict.ALLOW:
            part = decision.deciding
            instead = f"; instead: {part.instead}" if part.instead else ""
            yield f"verify of {task.id}: {command!r} is not allowed by rule {part.rule}: {part.why}{instead}"


def _misfits(task: Task, parts: Sequence[Task], taken: Collection[str]) -> Iterator[str]:
    if len(parts) > MOST_PARTS:
        yield f"a task is split into at most {MOST_PARTS} parts"
    for part in parts:
        if part.id in taken:
            yield f"there is a task {part.id!r} already"
        if part.writes and part.role != task.role:
            yield f"{part.id}: a part that changes files has the role of the task, {task.role}"
    if task.writes and not any(part.writes for part in parts):
        yield f"none of the parts changes files, as {task.id} was to do"


def _part(task: Task, part: Task, *, needs: Sequence[str], closing: bool, attempts: int) -> Task:
    limits = {"attempts": attempts, "rounds": task.limits.rounds, "context": task.limits.context}
    document: dict[str, Any] = {
        "id": part.id,
        "role": part.role,
        "goal": part.goal,
        "needs": list(needs),
        "verify": list(dict.fromkeys([*part.verify, *(task.verify if closing else ())])),
        "limits": {key: value for key, value in limits.items() if value is not None},
    }
    paths = (part.paths or task.paths) if part.writes else None
    if paths is not None:
        document["paths"] = list(paths)
    if part.writes:
        document["gates"] = list(task.effective_gates)
    return Task.model_validate(document)
