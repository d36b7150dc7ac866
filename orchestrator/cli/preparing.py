"""Everything that can be known to be wrong before a run begins: plan, repository, base, models, policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.notes import notes
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.cli.asking import confirm
from orchestrator.cli.state import here, state_of
from orchestrator.cli.terminal import say
from orchestrator.errors import UsageProblem
from orchestrator.plan.loader import load_plan
from orchestrator.plan.models import Plan
from orchestrator.run.options import RunOptions, overlay
from orchestrator.run.policy_source import policy_of_plan
from orchestrator.run.pricing import unpriced, unpriced_note
from orchestrator.run.reachable import warnings as unreachable
from orchestrator.run.trust import require_trust
from policies.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan that can be run here, with the command line's word over it."""

    plan: Plan
    source: str
    repository: UserRepository
    base: Base
    policy: Policy
    unpriced: Sequence[str] = ()
    """Models of which it was said that no price is known."""


def prepared_plan(path: Path, options: RunOptions) -> Prepared:
    """Load and check a plan; raises DocumentError, UsageProblem, RepositoryUnusable, GitUnusable."""
    return prepared(load_plan(path), path.read_text(encoding="utf-8"), options)


def prepared(written: Plan, source: str, options: RunOptions) -> Prepared:
    """Check a plan, whose file has the text `source`, against where it is to run; raises as `prepared_plan`."""
    plan = overlay(written, options)
    _require_models(plan, ("coordinator",) if options.draft else plan.roles)
    repository = here()
    base = repository.base(plan.base)
    policy = policy_of_plan(repository, base.commit, plan)
    for note in notes(repository, base.commit):
        say(f"note: {note}")
    for warning in unreachable(plan, policy):
        say(f"warning: {warning}")
    unknown = unpriced(plan)
    for model in unknown:
        say(f"warning: {unpriced_note(model)}")
    require_trust(policy, state_of(repository), strict=options.strict_policy, confirm=confirm, say=say)
    return Prepared(plan=plan, source=source, repository=repository, base=base, policy=policy, unpriced=unknown)


def _require_models(plan: Plan, roles: Sequence[str]) -> None:
    lacking = sorted(role for role in roles if not plan.models_of(role))
    if lacking:
        raise UsageProblem(
            f"the plan names no model for {', '.join(lacking)}",
            hint="add `model: PROVIDER/NAME` to it, or give --model PROVIDER/NAME",
        )
