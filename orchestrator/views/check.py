"""What a plan would do, before anything runs: order, overlaps, policy, sandbox, models, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.plan.graph import overlaps, waves
from orchestrator.plan.models import Plan, Task
from orchestrator.plan.units import format_duration, format_size
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, FAINT, HEADING, style_of
from orchestrator.views.words import count, dollars, one_line, plural, short

_OVERLAPS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """One layer of the policy: how many rules of each verdict it has on commands."""

    name: str
    rules: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that is known of a run before it begins. `backend` is None where none works: `backend_why` says why."""

    plan: Plan
    base_branch: str
    base_commit: str
    layers: tuple[LayerSummary, ...]
    default: str
    policy_hash: str
    backend: str | None
    backend_why: str | None
    image: str | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_view(survey: Survey) -> Iterator[RenderableType]:
    """A page for the terminal."""
    plan = survey.plan
    yield Text.assemble((plan.name, HEADING), "  ", one_line(plan.goal))
    yield one_line(f"from {survey.base_branch} at {short(survey.base_commit)}", FAINT)
    for warning in survey.warnings:
        yield Text.assemble(("warning: ", style_of("ask")), one_line(warning))
    for note in survey.notes:
        yield Text.assemble(("note: ", FAINT), one_line(note))
    yield from _section(f"Order, at most {plan.limits.parallel} at once", _order(plan))
    yield from _section("Tasks that may run at once and change the same path", _overlaps(plan))
    yield from _section("Landing", _landing(plan))
    yield from _section("Policy", _policy(survey))
    yield from _section("Sandbox", _sandbox(survey))
    yield from _section("Models", _models(plan))
    yield from _section("Limits", _limits(plan))


def check_json(survey: Survey) -> dict[str, Any]:
    """The same for programs; `estimate` is null, for nobody can know it."""
    plan = survey.plan
    return {
        "name": plan.name,
        "base": {"branch": survey.base_branch, "commit": survey.base_commit},
        "waves": [list(wave) for wave in waves(plan.tasks)],
        "overlaps": [
            {"tasks": [overlap.first, overlap.second], "example": overlap.example} for overlap in overlaps(plan.tasks)
        ],
        "policy": {
            "layers": [{"name": layer.name, "rules": layer.rules} for layer in survey.layers],
            "default": survey.default,
            "hash": survey.policy_hash,
        },
        "sandbox": {"backend": survey.backend, "why_not": survey.backend_why, "image": survey.image},
        "models": {role: list(plan.models_of(role)) for role in plan.roles},
        "limits": plan.dumped()["limits"],
        "estimate": None,
        "notes": list(survey.notes),
        "warnings": list(survey.warnings),
        "plan": plan.dumped(),
    }


def _section(title: str, body: Iterator[RenderableType]) -> Iterator[RenderableType]:
    parts = list(body)
    if parts:
        yield Text(f"\n{title}", style=HEADING)
        yield from (Indented(part) for part in parts)


def _order(plan: Plan) -> Iterator[RenderableType]:
    for number, wave in enumerate(waves(plan.tasks), start=1):
        for position, task_id in enumerate(wave):
            head = Text(f"{number}." if position == 0 else "")
            yield Indented(_task(plan.task(task_id)), 4, head)


def _task(task: Task) -> Text:
    facts: list[str] = [task.role]
    if task.needs:
        facts.append(f"needs {', '.join(task.needs)}")
    if task.writes:
        facts.append(f"changes {', '.join(task.paths)}" if task.paths else "may change anything")
    if task.effective_gates:
        facts.append(f"then {', '.join(task.effective_gates)}")
    if task.verify:
        facts.append(f"must pass {', '.join(task.verify)}")
    return Text.assemble((task.id, HEADING), "  ", one_line("; ".join(facts)))


def _overlaps(plan: Plan) -> Iterator[RenderableType]:
    found = overlaps(plan.tasks)
    for overlap in found[:_OVERLAPS_SHOWN]:
        yield one_line(f"{overlap.first} and {overlap.second}, for example {overlap.example}", style_of("ask"))
    if len(found) > _OVERLAPS_SHOWN:
        yield Text(f"and {len(found) - _OVERLAPS_SHOWN} more pairs", style=style_of("ask"))


def _landing(plan: Plan) -> Iterator[RenderableType]:
    tests = ", ".join(plan.verify)
    yield one_line(
        f"must pass on the merged tree: {tests}" if tests else "nothing is tested on the merged tree: no verify"
    )
    what = "one commit a task" if plan.merge.style == "squash" else "a merge commit a task"
    yield Text(f"{what}, {'held until you merge' if plan.merge.mode == 'hold' else 'then the base branch is moved'}")


def _policy(survey: Survey) -> Iterator[RenderableType]:
    for layer in survey.layers:
        rules = ", ".join(f"{number} {verdict}" for verdict, number in layer.rules.items() if number)
        yield one_line(f"{layer.name}: {rules or 'no'} rules on commands")
    yield Text.assemble("what no rule matches: ", (survey.default, style_of(survey.default)))


def _sandbox(survey: Survey) -> Iterator[RenderableType]:
    settings = survey.plan.sandbox
    if survey.backend is None:
        yield Text.assemble(("none works here: ", BAD), one_line(survey.backend_why or ""))
    else:
        yield one_line(f"{survey.backend}, {survey.image}")
    yield Text(
        f"{settings.cpus:g} CPUs, {format_size(settings.memory_bytes)} memory, {settings.pids} processes, "
        f"{format_duration(settings.timeout_seconds)} a command, no network",
        style=FAINT,
    )


def _models(plan: Plan) -> Iterator[RenderableType]:
    for role in plan.roles:
        chain = plan.models_of(role)
        yield Text.assemble(f"{role}: ", one_line(", then ".join(chain)) if chain else Text("none", style=BAD))


def _limits(plan: Plan) -> Iterator[RenderableType]:
    limits = plan.limits
    tries = f"{plural(limits.attempts, 'attempt')} of {plural(limits.rounds, 'round')} a task"
    yield Text(
        f"{plural(limits.steps, 'step')}, {count(limits.tokens)} tokens, {dollars(limits.cost)}, "
        f"{format_duration(limits.wall_seconds)}; {tries}"
    )
    yield Text(f"no estimate of the cost: the run stops at {dollars(limits.cost)} of priced tokens", style=FAINT)
