"""What each agent of a task is told: goals, findings of the tasks it needs, and what a gate has to look at."""

from __future__ import annotations

from typing import Any

from agents.assignment import Assignment, Inspection, Note
from agents.events import Role
from orchestrator.plan.models import Task
from orchestrator.run.context import RunContext
from orchestrator.run.reachable import reachable
from orchestrator.run.split import leaves


def assignment(
    ctx: RunContext,
    task: Task,
    role: Role,
    *,
    attempt: int,
    round: int = 1,
    reasons: tuple[Note, ...] = (),
    advice: str = "",
    inspection: Inspection | None = None,
) -> Assignment:
    """The assignment of `role` for a task: its own role, or that of a gate."""
    own = role == task.role
    context = task.limits.context or ctx.plan.limits.context
    return Assignment(
        role=role,
        agent=f"{role}.{attempt}",
        task=task.id,
        run_goal=ctx.plan.goal,
        task_goal=task.goal,
        attempt=attempt,
        round=round,
        paths=task.paths or () if own and task.writes else (),
        findings=findings(ctx, task),
        instructions=ctx.memory.instructions,
        memory=ctx.memory.notes(task.goal, task.paths or ()),
        reasons=reasons,
        advice=advice,
        inspection=inspection,
        hosts=hosts(ctx),
        max_steps=max(1, ctx.plan.limits.steps),
        context=context,
    )


def hosts(ctx: RunContext) -> tuple[str, ...]:
    """The hosts that the run's sandboxes may reach."""
    return tuple(map(str, reachable(ctx.plan.sandbox.network, ctx.policy).entries))


def findings(ctx: RunContext, task: Task) -> tuple[Note, ...]:
    """What the needed tasks handed over, in the order in which the task names them."""
    notes = []
    for need in leaves(ctx.state, task.needs):
        result = ctx.state.tasks[need].result
        if result:
            notes.append(Note(source=need, text=handed_over(result)))
    return tuple(notes)


def handed_over(result: dict[str, Any]) -> str:
    """The result of any role as text."""
    if "findings" in result:
        return str(result["findings"])
    if "summary" in result:
        return "\n\n".join(part for part in (str(result["summary"]), str(result.get("notes") or "")) if part)
    return "\n".join([f"verdict: {result['verdict']}", *evidence_lines(result)])


def evidence_lines(result: dict[str, Any]) -> list[str]:
    """A tester's evidence or a reviewer's comments, a line each."""
    tried = [f"$ {entry['command']}\n  {entry['what_happened']}" for entry in result.get("evidence", ())]
    said = [f"{entry['file']}:{entry['line']}: {entry['text']}" for entry in result.get("comments", ())]
    return tried + said
