"""What the command line says over the plan: one value for each option, laid over the plan's document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import ValidationError

from orchestrator.errors import UsageProblem
from orchestrator.plan.models import Plan, SandboxSettings
from orchestrator.run.grants import Grant, read_grant, readable

AskMode = Literal["prompt", "deny", "wait"]

_BACKENDS: tuple[str, ...] = get_args(SandboxSettings.model_fields["backend"].annotation)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `run` and `resume`; None and empty where the command line says nothing."""

    backend: str | None = None
    model: str | None = None
    parallel: int | None = None
    hold: bool | None = None
    ask: AskMode = "deny"
    limits: tuple[str, ...] = ()
    allow_red_base: bool = False
    strict_policy: bool = False
    draft: bool = False
    """Only a plan is to be made: the run ends with it, and there is nothing to go on with."""

    def journalled(self) -> dict[str, Any]:
        """What the journal keeps of them."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) not in (None, (), False)}


def overlay(plan: Plan, options: RunOptions) -> Plan:
    """The plan with the command line's word over it; raises UsageProblem for an option that doesn't fit it."""
    document = plan.dumped()
    if options.backend is not None:
        _require_backend(options.backend)
        document["sandbox"]["backend"] = options.backend
    if options.model is not None:
        document["model"] = options.model
        document["models"] = {}
    if options.parallel is not None:
        document["limits"]["parallel"] = options.parallel
    if options.hold is not None:
        document["merge"]["mode"] = "hold" if options.hold else "auto"
    for text in options.limits:
        grant = read_grant(text, plan)
        _limits_of(document, grant)[grant.key] = readable(grant, text)
    try:
        return Plan.rebuilt(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageProblem(f"{where}: {first['msg']}") from error


def _require_backend(name: str) -> None:
    """See that a backend has that name; raises UsageProblem."""
    if name not in _BACKENDS:
        raise UsageProblem(f"--backend {name}: there is none of that name", hint=f"it is one of {', '.join(_BACKENDS)}")


def _limits_of(document: dict[str, Any], grant: Grant) -> dict[str, Any]:
    holder = document
    if grant.task is not None:
        holder = next(entry for entry in document["tasks"] if entry["id"] == grant.task)
    limits: dict[str, Any] = holder.setdefault("limits", {})
    if grant.role is not None:
        limits = limits.setdefault("roles", {}).setdefault(grant.role, {})
    return limits
