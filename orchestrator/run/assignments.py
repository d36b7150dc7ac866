"""What each agent of a task is told: goals, findings of the tasks it needs, and what a gate has to look at."""

from __future__ import annotations

from textwrap import indent
from typing import Any

from agents.assignment import Assignment, Inspection, Note
from agents.events import NoteKind, Role
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
        context=context,
    )


def hosts(ctx: RunContext) -> tuple[str, ...]:
    """The hosts that the run's sandboxes may reach."""
    return tuple(map(str, reachable(ctx.plan.sandbox.network, ctx.policy).entries))


def findings(ctx: RunContext, task: Task) -> tuple[Note, ...]:
    """What the needed tasks handed over, in the order in which the task names them; nothing of those behind them.

    A task that was split hands over what its parts did, a part is handed what the whole needed and the parts before it.
    """
    notes = []
    for need in leaves(ctx.state, task.needs):
        result = ctx.state.tasks[need].result
        if result:
            notes.append(Note(source=need, kind=_kind(result), text=handed_over(result)))
    return tuple(notes)


def _kind(result: dict[str, Any]) -> NoteKind:
    return "findings" if "findings" in result else "summary" if "summary" in result else "verdict"


def handed_over(result: dict[str, Any]) -> str:
    """The result of any role as text."""
    if "findings" in result:
        return str(result["findings"])
    if "summary" in result:
        return "\n\n".join(part for part in (str(result["summary"]), str(result.get("notes") or "")) if part)
    return "\n".join([f"verdict: {result['verdict']}", *evidence_lines(result)])


def evidence_lines(result: dict[str, Any]) -> list[str]:
    """A tester's evidence, each command with what happened; a reviewer's comments, each with its file and line."""
    tried = [f"$ {entry['command']}\n{indent(entry['what_happened'], '  ')}" for entry in result.get("evidence", ())]
    said = [f"{_place(entry)}: {entry['text']}" for entry in result.get("comments", ())]
    return tried + said


def _place(comment: dict[str, Any]) -> str:
    return f"{comment['file']}:{comment['line']}" if comment["line"] else str(comment["file"])
