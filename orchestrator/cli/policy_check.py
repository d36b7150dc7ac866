"""`mimo-orchestrate policy check`: what a policy says about a command, part by part, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import PolicyOption, RoleOption, _load
from orchestrator.cli.terminal import print_json, print_page


def check(
    command: Annotated[str, typer.Argument(metavar="CMD", help="The command, as one argument.", show_default=False)],
    *,
    role: RoleOption = "editor",
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a command and say why, part by part; run nothing."""
    from orchestrator.views.policy import decision_view
    from policies.explain import decision_json

    decided = decision_json(_load(policy).judge_command(command, role=role))
    if json:
        print_json(decided)
    else:
        print_page(decision_view(decided))
