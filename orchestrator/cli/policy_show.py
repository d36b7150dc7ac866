"""`mimo-orchestrate policy show`: the policy in force, every rule with its place."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import PolicyOption, known_role, load
from orchestrator.cli.terminal import print_json, show_paged


def show(
    program: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="Only the rules about its commands; default: all.")
    ] = None,
    *,
    policy: PolicyOption = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="R", help="Only the rules for this role.", callback=known_role)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the policy in force, in the order in which its rules decide."""
    from orchestrator.views.policy import policy_view
    from policies.explain import policy_json

    data: dict[str, Any] = policy_json(load(policy), role=role, program=program)
    if json:
        print_json(data)
    else:
        show_paged(policy_view(data, program=program))
