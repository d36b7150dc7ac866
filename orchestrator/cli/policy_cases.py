"""`mimo-orchestrate policy test`: whether a policy bears out its own examples and files of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import RoleOption, _load
from orchestrator.cli.terminal import print_json, print_page


def hold_to_cases(
    policy: Annotated[str | None, typer.Argument(metavar="POLICY", help="A policy file or preset.")] = None,
    *,
    cases: Annotated[
        Path | None, typer.Option("--cases", metavar="FILE", help="JSON Lines: id, command, expect.")
    ] = None,
    role: RoleOption = "editor",
    json: JsonOption = False,
) -> None:
    """Hold a policy to its own examples, and to a file of cases."""
    from orchestrator.views.policy import results_view
    from policies.cases import read_cases, run_cases

    loaded = _load(policy)
    outcome = run_cases(loaded, read_cases(cases) if cases is not None else (), role=role)
    if json:
        print_json(outcome)
    else:
        print_page(results_view(outcome))
    raise typer.Exit(ExitCode.PARTIAL if outcome["failed"] else ExitCode.DONE)
