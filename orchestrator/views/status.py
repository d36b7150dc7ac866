"""One run: its tasks and their states, what it used, what waits for a human, and at the end what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.journal.state import InterruptedState, QuestionState, RunState, TaskState
from orchestrator.plan.numbers import number
from orchestrator.run.owners import to_grant
from orchestrator.run.result import result
from orchestrator.run.usage import used_of_limits
from orchestrator.views.bound import bound_view
from orchestrator.views.fitting import Fitting
from orchestrator.views.indent import Indented
from orchestrator.views.states import ORDER, REVERTED, forked, state_word
from orchestrator.views.styles import BAD, FAINT, HEADING, style_of
from orchestrator.views.task_rows import folded_tasks, whole_tasks
from orchestrator.views.typed import Labelled, Typed, typed
from orchestrator.views.used import own_limits
from orchestrator.views.words import block, count, dollars, duration, moment, one_line, plural, short

_LONGEST = 2000


def status_view(state: RunState, *, now: float | None = None, log: str | None = None) -> Iterator[RenderableType]:
    """A page for the terminal; `now` is the time that running clocks are read at, else that of the last event.

    `log` says where the log is, where that is to be shown.

    What is needed first stands last, next to the prompt; where the screen is too short for a line a task, tasks of
    which there is nothing to tell are folded into one for their state.
    """
    if now is None or state.status != "running":
        now = state.updated_at
    head, end = list(_head(state)), list(_end(state, now, log))
    yield Fitting([*head, *whole_tasks(state, now), *end], [*head, *folded_tasks(state, now), *end])


def status_json(state: RunState, *, log: str | None = None) -> dict[str, Any]:
    """The result object of `run --json` as it stands now, with what that object has no room for; `log` is a path."""
    told = result(state)
    for page in told["tasks"]:
        page.update(_task_json(state, page["id"]))
    return {
        **told,
        "goal": state.goal,
        "why": state.why,
        "planned": state.planned,
        "forked_from": state.forked_from,
        "backend": state.backend,
        "image": state.image,
        "policy_hash": state.policy_hash,
        "started_at": state.started_at,
        "updated_at": state.updated_at,
        "limits": limits_of(state),
        "limits_reached": list(state.limits_reached),
        "used": [asdict(each) for each in used_of_limits(state, now=state.updated_at)],
        "doing": {task.id: task.doing for task in state.tasks.values() if task.doing},
        "questions": [_question_json(question) for question in state.waiting],
        "faults": list(state.faults),
        "log": log,
        "interrupted": [asdict(command) for command in state.interrupted],
        "next": [str(command) for command in next_commands(state)],
    }


def _task_json(state: RunState, task_id: str) -> dict[str, Any]:
    task = state.tasks[task_id]
    return {
        "progress": task.state.value,
        "goal": task.goal,
        "needs": task.needs,
        "round": task.rounds,
        "reverted": task.reverted,
        "taken_over": task.taken_over,
        "doing": task.doing,
        "doing_since": task.doing_since if task.doing else None,
        "started_at": task.started_at,
        "part_of": task.part_of,
        "parts": task.parts,
        "decisions": [asdict(made) for made in task.decisions],
    }


def _question_json(question: QuestionState) -> dict[str, Any]:
    return {
        "id": question.id,
        "task": question.task,
        "about": question.about,
        "subject": question.subject,
        "parts": question.parts,
        "bound": question.bound,
    }


def next_commands(state: RunState) -> list[Typed]:
    """What a user would type next, first to last; nothing where there is nothing to do."""
    answers = [typed("approve", state.run, question.id) for question in state.waiting]
    if state.options.get("draft"):
        return answers  # it is made anew, never gone on with
    if state.status in {"stopped", "interrupted"}:
        # Without more of each the run would stop at the same limits again.
        more = [f"{limit}=MORE" for limit in to_grant(state.reached)]
        return [*answers, typed("resume", state.run, *(word for limit in more for word in ("--limit", limit)))]
    if answers:
        return answers
    if state.status == "running":
        return [typed("log", state.run, "--follow")]
    review = typed("review", state.run)
    held = any(task.state in {TaskState.READY, TaskState.MERGED} for task in state.tasks.values())
    return [review, typed("merge", state.run)] if held else [review]


def limits_of(state: RunState) -> dict[str, Any]:
    """The run's limits as its plan has them, with what was granted since."""
    granted = (text.partition("=") for text in state.options.get("limits", ()))
    return {**state.plan.get("limits", {}), **{key: number(value) for key, _, value in granted if "." not in key}}


def _head(state: RunState) -> Iterator[RenderableType]:
    yield Text(state.run, style=HEADING)
    yield Indented(one_line(state.goal))
    where = state.backend if state.image is None else f"{state.backend} {state.image}"
    base = f"from {state.base_branch} at {short(state.base_before)}, commands in {where}"
    yield Indented(one_line(base, FAINT))
    if state.forked_from is not None:
        yield Indented(one_line(forked(state.forked_from), FAINT))
    yield Text()


def _end(state: RunState, now: float, log: str | None) -> Iterator[RenderableType]:
    yield Text()
    yield from _trouble(state)
    yield Indented(_verdict(state, now), 0)
    yield Indented(_counts(state))
    yield Indented(_used(state))
    yield from map(Indented, own_limits(used_of_limits(state, now=now)))
    if log is not None:
        yield Indented(one_line(f"log: {log}", FAINT, limit=_LONGEST))
    yield from _questions(state)
    # Those that answer stand with their questions.
    for place, command in enumerate(next_commands(state)):
        if command.words[0] != "approve":
            yield Labelled(Text("next:" if place == 0 else "then:", style=HEADING), command)


def _trouble(state: RunState) -> Iterator[RenderableType]:
    if state.faults and state.status != "done":
        before = f" (and {len(state.faults) - 1} before it)" if len(state.faults) > 1 else ""
        yield Indented(one_line(f"fault{before}: {state.faults[-1]}", BAD), 0)
    if state.interrupted:
        yield Indented(_interrupted(state.interrupted), 0)
    # A task's own limit is told with the task, the limit that ended the run with the verdict.
    unsaid = [
        limit
        for limit in state.limits_reached
        if limit.partition(".")[0] not in state.tasks and limit not in (state.why or "")
    ]
    if unsaid:
        yield Indented(one_line(f"limit reached: {'; '.join(unsaid)}", style_of("stopped")), 0)


def _interrupted(commands: list[InterruptedState]) -> Text:
    last = commands[-1]
    who = f"{last.task} {last.agent} step {last.step}" if last.agent else last.task or "the run"
    before = f" (and {len(commands) - 1} before it)" if len(commands) > 1 else ""
    return one_line(f"interrupted{before}: {who}: $ {last.command}: {last.why}", style_of("interrupted"))


def _verdict(state: RunState, now: float) -> Text:
    running = state.status == "running"
    seconds = state.seconds + (now - state.session_started_at if running else 0.0)
    took = f" {'for' if running else 'after'} {duration(seconds)}, started {moment(state.started_at)}"
    told = Text.assemble((state.status, f"{HEADING} {style_of(state.status)}"), took)
    if state.why:
        told.append_text(one_line(f": {state.why}"))
    if state.moved:
        told.append(f"; {one_line(state.base_branch)} moved to {short(state.base_after)}")
    elif state.why_not:
        told.append_text(one_line(f"; {state.base_branch} was not moved: {state.why_not}", style_of("partial")))
    return told


def _counts(state: RunState) -> Text:
    counted = Counter(state_word(task) for task in state.tasks.values())
    words = [*(each.value for each in ORDER), REVERTED]
    parts = [Text(f"{counted[word]} {word}", style=style_of(word)) for word in words if counted[word]]
    return Text(f"{plural(len(state.tasks), 'task')}: ") + Text(", ").join(parts)


def _used(state: RunState) -> Text:
    total, limits = state.total, limits_of(state)
    tokens, most = total.prompt + total.completion, limits.get("tokens")
    used = [
        f"{total.steps}{_of(limits.get('steps'))} steps",
        f"{count(tokens)}{_of(count(int(most)) if most is not None else None)} tokens",
        dollars(total.cost, unpriced_tokens=total.unpriced_tokens)
        + _of(dollars(float(limits["cost"])) if "cost" in limits else None),
    ]
    if total.cpu_seconds:
        used.append(f"{duration(total.cpu_seconds)}{_of(limits.get('cpu'))} of CPU")
    if total.unpriced_tokens:
        used.append(f"{count(total.unpriced_tokens)} tokens are of models without a known price")
    return one_line(", ".join(used), FAINT)


def _of(limit: Any) -> str:
    return "" if limit is None else f" of {limit}"


def _reasons(question: QuestionState) -> Iterator[Text]:
    """Why each part has to be asked about; which it is, is said where it is not the only one."""
    asking = [part for part in question.parts if part.get("verdict") == "ask"]
    for part in asking:
        what = f"{part.get('text')}: " if len(question.parts) > 1 else ""
        where = f"{part.get('file')}:{part.get('line')}"
        yield one_line(f"{what}{part.get('why')} ({part.get('rule')}, {where})", FAINT, limit=_LONGEST)


def _questions(state: RunState) -> Iterator[RenderableType]:
    # Nothing of a question is ever cut: nobody should have to answer what they can't read.
    for question in state.waiting:
        yield Text()
        label = one_line(f"{question.task or 'the run'} waits for you:", style_of("ask"))
        yield Labelled(label, block(question.subject))
        yield from map(Indented, _reasons(question))
        yield from map(Indented, bound_view(question.bound))
        if question.about == "change" and question.task is not None:
            yield Indented(typed("review", state.run, question.task))
        yield Indented(typed("approve", state.run, question.id))
    if state.waiting:
        yield Text('\nto refuse: deny in place of approve, and --why "..."', style=FAINT)
