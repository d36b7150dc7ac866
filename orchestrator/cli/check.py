"""`mimo-orchestrate check`, and `run --dry-run`: what a plan would do; nothing runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import BackendOption, JsonOption
from orchestrator.cli.state import here
from orchestrator.cli.terminal import print_json, print_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.airlock.repository import UserRepository
    from orchestrator.plan.models import Plan
    from orchestrator.run.forecast import Forecast
    from orchestrator.run.options import RunOptions
    from orchestrator.views.check import LayerSummary, Survey
    from policies.layer import Layer

_VERDICTS = ("allow", "ask", "deny")


def check(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="The plan file.", show_default=False)],
    *,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """Check a plan and show what it would do; run nothing.

    The order of the tasks and what runs in parallel, paths that overlap, the effective policy, the sandbox, limits.
    """
    from orchestrator.run.options import RunOptions

    raise typer.Exit(check_plan(plan, RunOptions(backend=backend), as_json=json))


def check_plan(path: Path, options: RunOptions, *, as_json: bool) -> int:
    """Show what a plan would do under the options of the command line; returns the exit code.

    Raises DocumentError, UsageProblem, RepositoryUnusable, GitUnusable.
    """
    from orchestrator.plan.loader import load_plan
    from orchestrator.run.options import RunOptions, overlay
    from orchestrator.views.check import check_json, check_view

    found = survey(overlay(load_plan(path), options), here())
    if options == RunOptions(backend=os.environ.get("MIMO_BACKEND")):
        # What to type next is not the whole command where options were typed as well; a variable holds for it too.
        found = replace(found, path=str(path))
    if as_json:
        print_json(check_json(found))
    else:
        print_page(check_view(found))
    return ExitCode.DONE


def survey(plan: Plan, repository: UserRepository) -> Survey:
    """Everything that can be known about a run of `plan` here; a sandbox that can't be had is told, not raised."""
    from agents.redact import Redactor
    from orchestrator.airlock.notes import notes
    from orchestrator.run.forecast import too_low
    from orchestrator.run.included import included_notes, included_of, left_out_warnings
    from orchestrator.run.policy_source import policy_of_plan
    from orchestrator.run.pricing import unpriced, unpriced_note
    from orchestrator.run.reachable import reachable
    from orchestrator.run.reachable import warnings as unreachable
    from orchestrator.run.recipe import recipe_of
    from orchestrator.views.check import Survey
    from policies.remarks import remarks

    base = repository.base(plan.base)
    policy = policy_of_plan(repository, base.commit, plan)
    backend, why = _backend(plan.sandbox.backend)
    taken = included_of(repository, base.commit, policy, Redactor.of_environment(os.environ, plan.sandbox.secrets))
    recipe = recipe_of(plan, repository.git, base.commit, backend=backend)
    if recipe.build is not None:
        recipe.build()  # what a build would lack is told here
    cast, unknown = _forecast(plan, repository), unpriced(plan)
    return Survey(
        plan=plan,
        base_branch=base.branch,
        base_commit=base.commit,
        layers=tuple(_layer(layer) for layer in policy.compiled),
        default=policy.book.default.value,
        policy_hash=policy.hash,
        backend=backend,
        backend_why=why,
        image="the programs of this machine, read-only" if backend == "bubblewrap" else recipe.shown(),
        hosts=tuple(map(str, reachable(plan.sandbox.network, policy).entries)),
        setup_hosts=tuple(map(str, reachable(plan.sandbox.setup_network, policy).entries)),
        setup=recipe.setup,
        setup_from=recipe.setup_from,
        forecast=cast,
        unpriced=tuple(unknown),
        notes=(*notes(repository, base.commit), *recipe.notes, *included_notes(taken)),
        warnings=(
            *_directories(plan, repository, base.commit),
            *_loosened(policy.looser_than_standard()),
            *unreachable(plan, policy),
            *map(str, remarks(policy)),
            *_missing_secrets(plan),
            *map(unpriced_note, unknown),
            *(too_low(plan, cast) if cast is not None else ()),
            *left_out_warnings(taken),
        ),
    )


def _forecast(plan: Plan, repository: UserRepository) -> Forecast | None:
    """By the journal, where there is one."""
    from orchestrator.cli.selection import whole_journal
    from orchestrator.cli.state import JOURNAL, state_of
    from orchestrator.journal.store import JournalStore
    from orchestrator.run.forecast import forecast
    from orchestrator.run.history import past_tasks
    from orchestrator.run.pricing import price_of_model

    path = state_of(repository) / JOURNAL
    if not path.exists():
        return None
    with JournalStore(path) as store, whole_journal("last"):
        return forecast(plan, past_tasks(store), price_of_model(plan))


def _backend(wanted: str) -> tuple[str | None, str | None]:
    import anyio

    from sandbox.backends import choose
    from sandbox.errors import SandboxUnavailable

    try:
        return anyio.run(choose, wanted).name, None
    except SandboxUnavailable as error:
        return None, str(error)


def _missing_secrets(plan: Plan) -> list[str]:
    missing = [name for name in plan.sandbox.secrets if not os.environ.get(name)]
    return [f"the setup needs {name}, which is not in the environment" for name in missing]


def _layer(layer: Layer) -> LayerSummary:
    from orchestrator.views.check import LayerSummary

    rules = layer.file.commands
    counted = {verdict: sum(getattr(rule, verdict) is not None for rule in rules) for verdict in _VERDICTS}
    return LayerSummary(name=layer.name, rules=counted)


def _directories(plan: Plan, repository: UserRepository, commit: str) -> list[str]:
    """Paths that name a directory cover nothing below it, which is hardly ever what was meant."""
    from orchestrator.airlock.trees import list_tree

    files = [file.path for file in list_tree(repository.git, commit)]
    return [
        f"{task.id}: {glob} is a directory; write {glob}/** for what is in it"
        for task in plan.tasks
        for glob in task.paths or ()
        if any(path.startswith(glob.encode() + b"/") for path in files)
    ]


def _loosened(lines: Iterable[str]) -> list[str]:
    return [f"the policy is looser than standard: {line}" for line in lines]
