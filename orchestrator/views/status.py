"""One run: its tasks and their states, what it used, what waits for a human, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.journal.state import QuestionState, RunState, TaskProgress, TaskState
from orchestrator.run.result import result
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, FAINT, HEADING, style_of
from orchestrator.views.words import count, dollars, duration, moment, one_line, short

_FAULTS_SHOWN = 3


def status_view(state: RunState, *, now: float | None = None) -> Iterator[RenderableType]:
    """A page for the terminal; `now` is the time that running clocks are read at, else that of the last event."""
    now = state.updated_at if now is None else now
    yield from _head(state, now)
    yield Text()
    yield _tasks(state, now)
    yield from _reasons(state)
    yield from _questions(state)
    for fault in state.faults[-_FAULTS_SHOWN:]:
        yield one_line(f"fault: {fault}", BAD)
    next_step = next_command(state)
    if next_step is not None:
        yield Text.assemble("\n", ("next: ", HEADING), next_step)


def status_json(state: RunState) -> dict[str, Any]:
    """The result object of `run --json` as it stands now, with what that object has no room for."""
    return {
        **result(state),
        "goal": state.goal,
        "why": state.why,
        "backend": state.backend,
        "image": state.image,
        "policy_hash": state.policy_hash,
        "started_at": state.started_at,
        "updated_at": state.updated_at,
        "doing": {task.id: task.doing for task in state.tasks.values() if task.doing},
        "questions": [_question_json(question) for question in state.waiting],
        "limits_reached": list(state.limits_reached),
        "faults": list(state.faults),
    }


def next_command(state: RunState) -> str | None:
    """What a user would type next; None where there is nothing to do."""
    if state.waiting:
        return f"mimo-orchestrate approve {state.run} {state.waiting[0].id}"
    if state.status in {"stopped", "interrupted"}:
        # Without more of it the run would stop at the same limit again.
        more = "".join(f" --limit {limit.partition(':')[0]}=MORE" for limit in state.limits_reached[:1])
        return f"mimo-orchestrate resume {state.run}{more}"
    if state.status == "running":
        return f"mimo-orchestrate log {state.run} --follow"
    if any(task.state in {TaskState.READY, TaskState.MERGED} for task in state.tasks.values()):
        return f"mimo-orchestrate review {state.run}, then mimo-orchestrate merge {state.run}"
    return f"mimo-orchestrate review {state.run}" if state.status in {"partial", "failed"} else None


def _head(state: RunState, now: float) -> Iterator[Text]:
    yield Text.assemble((state.run, HEADING), "  ", (state.status, style_of(state.status)))
    yield one_line(state.goal)
    if state.why:
        yield one_line(state.why, style_of(state.status))
    moved = f"{short(state.base_before)} -> {short(state.base_after)}" if state.moved else short(state.base_before)
    where = "bubblewrap" if state.backend == "bubblewrap" else f"{state.backend} {state.image or ''}".strip()
    yield one_line(f"base {state.base_branch} {moved}, commands in {where}", FAINT)
    if state.why_not:
        yield one_line(f"the base was not moved: {state.why_not}", style_of("partial"))
    total = state.total
    seconds = state.seconds + (now - state.session_started_at if state.status == "running" else 0.0)
    used = f"{total.steps} steps, {count(total.prompt + total.completion)} tokens"
    cost = dollars(total.cost, unpriced_tokens=total.unpriced_tokens)
    yield Text(f"started {moment(state.started_at)}, {duration(seconds)}, {used}, {cost}", style=FAINT)
    if total.unpriced_tokens:
        yield Text(f"{count(total.unpriced_tokens)} tokens are of models without a known price", style=FAINT)


def _tasks(state: RunState, now: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style=HEADING)
    table.add_column("TASK", overflow="fold")
    table.add_column("ROLE", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    for name in ("STEPS", "COST", "TIME"):
        table.add_column(name, no_wrap=True, justify="right")
    for task in state.tasks.values():
        seconds = task.seconds + (now - task.started_at if task.started_at is not None else 0.0)
        table.add_row(
            one_line(task.id),
            task.role,
            Text(_state(task), style=style_of(task.state.value)),
            str(task.used.steps),
            dollars(task.used.cost, unpriced_tokens=task.used.unpriced_tokens),
            duration(seconds),
        )
    return table


def _state(task: TaskProgress) -> str:
    tries = f" (attempt {task.attempts})" if task.attempts > 1 else ""
    return f"{task.state.value}, reverted" if task.reverted else f"{task.state.value}{tries}"


def _reasons(state: RunState) -> Iterator[RenderableType]:
    lines = []
    for task in state.tasks.values():
        if task.why and task.state is not TaskState.LANDED:
            lines.append(Text.assemble((f"{task.id}: ", style_of(task.state.value)), one_line(task.why)))
        elif task.doing:
            lines.append(Text.assemble((f"{task.id}: ", style_of("running")), one_line(task.doing, FAINT, limit=200)))
    lines += [
        Text.assemble(("limit reached: ", style_of("stopped")), one_line(limit)) for limit in state.limits_reached
    ]
    if lines:
        yield Text()
        yield from lines


def _questions(state: RunState) -> Iterator[RenderableType]:
    for question in state.waiting:
        yield Text.assemble("\n", ("waits for you: ", style_of("ask")), one_line(question.subject))
        for part in question.parts:
            where = f"{part.get('file')}:{part.get('line')}"
            yield Indented(one_line(f"{part.get('why')} ({part.get('rule')}, {where})", FAINT))
        answer = f"{state.run} {question.id}"
        yield Indented(Text(f"mimo-orchestrate approve {answer}"))
        yield Indented(Text(f'mimo-orchestrate deny {answer} --why "..."'))


def _question_json(question: QuestionState) -> dict[str, Any]:
    return {
        "id": question.id,
        "task": question.task,
        "about": question.about,
        "subject": question.subject,
        "parts": question.parts,
    }
