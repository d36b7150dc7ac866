"""What a plan would do, before anything runs: order, overlaps, policy, sandbox, models, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.plan.graph import overlaps, waves
from orchestrator.plan.models import Plan
from orchestrator.plan.units import format_duration, format_size
from orchestrator.run.forecast import Forecast
from orchestrator.views.forecast import forecast_json, limits_view
from orchestrator.views.graph import order_of, overlaps_of
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.typed import Labelled, typed
from orchestrator.views.words import one_line, plural, short


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
    hosts: tuple[str, ...] = ()
    setup_hosts: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    setup_from: str = ""
    path: str | None = None
    forecast: Forecast | None = None
    unpriced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_view(survey: Survey) -> Iterator[RenderableType]:
    """A page for the terminal. What needs a decision stands last, next to the prompt."""
    plan = survey.plan
    yield Text(plan.name, style=HEADING)
    yield Indented(one_line(plan.goal))
    yield Indented(one_line(f"from {survey.base_branch} at {short(survey.base_commit)}", FAINT))
    yield from _section(f"Tasks in their order, at most {plan.limits.parallel} at once", order_of(plan))
    yield from _section("Tasks that may run at once and change the same path", overlaps_of(plan))
    yield from _section("Landing", _landing(plan))
    yield from _section("Policy", _policy(survey))
    yield from _section("Sandbox", _sandbox(survey))
    yield from _section("Models", _models(plan))
    yield from _section("Limits", limits_view(plan.limits, survey.forecast, made=bool(plan.tasks)))
    yield Text()
    for note in survey.notes:
        yield Indented(one_line(note), 6, Text("note: ", style=FAINT))
    for warning in survey.warnings:
        yield Indented(one_line(warning), 9, Text("warning: ", style=style_of("ask")))
    yield from _verdict(survey)


def check_json(survey: Survey) -> dict[str, Any]:
    """The same for programs; `estimate` is null where nothing like it was done yet."""
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
        "sandbox": {
            "backend": survey.backend,
            "why_not": survey.backend_why,
            "image": survey.image,
            "network": list(survey.hosts),
            "setup_network": list(survey.setup_hosts),
            "setup": list(survey.setup),
            "setup_from": survey.setup_from if survey.setup else None,
        },
        "models": {role: list(plan.models_of(role)) for role in plan.roles},
        "limits": plan.dumped()["limits"],
        "estimate": forecast_json(survey.forecast),
        "unpriced": list(survey.unpriced),
        "notes": list(survey.notes),
        "warnings": list(survey.warnings),
        "plan": plan.dumped(),
    }


def _section(title: str, body: Iterator[RenderableType]) -> Iterator[RenderableType]:
    parts = list(body)
    if parts:
        yield Text(f"\n{title}", style=HEADING)
        yield from (Indented(part) for part in parts)


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
    nearest = next((layer.name for layer in survey.layers), None)
    if nearest is not None:
        yield Labelled(Text("each rule with its place:", style=FAINT), typed("policy", "show", "--policy", nearest))


def _sandbox(survey: Survey) -> Iterator[RenderableType]:
    settings = survey.plan.sandbox
    yield one_line(f"{survey.backend}, {survey.image}") if survey.backend else Text("none works here", style=BAD)
    yield Text(
        f"{settings.cpus:g} CPUs, {format_size(settings.memory_bytes)} memory, {settings.pids} processes, "
        f"{format_duration(settings.timeout_seconds)} a command, "
        f"no network{' but these hosts' if survey.hosts else ''}",
        style=FAINT,
    )
    if survey.hosts:
        yield one_line(f"may be reached: {', '.join(survey.hosts)}")
    if survey.setup_hosts:
        yield one_line(f"may be reached by the setup: {', '.join(survey.setup_hosts)}")
    if survey.setup:
        yield one_line(f"setup of {survey.setup_from}, once, then kept: {'; '.join(survey.setup)}")


def _models(plan: Plan) -> Iterator[RenderableType]:
    for role in plan.roles:
        chain = plan.models_of(role)
        yield Text.assemble(f"{role}: ", one_line(", then ".join(chain)) if chain else Text("none", style=BAD))
    asked = plan.models_of("coordinator")
    attempts = [task.limits.attempts or plan.limits.attempts for task in plan.tasks]
    if asked and max(attempts, default=1) > 1:
        yield Text.assemble("coordinator, where an attempt fails: ", one_line(", then ".join(asked)))


def _verdict(survey: Survey) -> Iterator[RenderableType]:
    plan = survey.plan
    silent = [role for role in plan.roles if not plan.models_of(role)]
    if survey.backend is None:
        yield Indented(Text.assemble(("it can't run here: ", BAD), one_line(survey.backend_why or "")), 0)
    elif silent:
        yield Indented(Text.assemble(("it can't run: ", BAD), f"the plan names no model for {', '.join(silent)}"), 0)
    else:
        tasks = plural(len(plan.tasks), "task") if plan.tasks else "its tasks are still to be made"
        yield Indented(Text.assemble(("valid", GOOD), f": {tasks}; nothing was run"), 0)
        if survey.path is not None:
            yield Labelled(Text("next:", style=HEADING), typed("run", survey.path))
