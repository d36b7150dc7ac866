"""`mimo-orchestrate policy test`: whether a policy bears out its own examples and files of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import RoleOption, load
from orchestrator.cli.terminal import print_json, print_page


def hold_to_cases(
    policy: Annotated[str | None, typer.Argument(metavar="POLICY", help="A policy file or preset.")] = None,
    *,
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", metavar="FILE", help="Commands with their verdicts, JSON Lines or YAML; repeatable."),
    ] = None,
    role: RoleOption = "editor",
    json: JsonOption = False,
) -> None:
    """Hold a policy to its own examples, and to files of cases."""
    from orchestrator.views.cases import results_view
    from policies.cases import read_cases, run_cases
    from policies.remarks import remarks

    loaded = load(policy)
    outcome = run_cases(loaded, [case for file in cases or () for case in read_cases(file)], role=role)
    outcome["warnings"] = [remark.as_json() for remark in remarks(loaded)]
    if json:
        print_json(outcome)
    else:
        print_page(results_view(outcome))
    raise typer.Exit(ExitCode.PARTIAL if outcome["failed"] else ExitCode.DONE)
