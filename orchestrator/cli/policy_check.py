"""`mimo-orchestrate policy check`: what a policy says about a command, part by part, and why."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import PolicyOption, RoleOption, load
from orchestrator.cli.terminal import is_scrolled, print_json, show_paged


def check(
    command: Annotated[
        str, typer.Argument(metavar="CMD", help="The command, as one argument; - reads it.", show_default=False)
    ],
    *,
    role: RoleOption = "editor",
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a command and say why, part by part; run nothing."""
    from orchestrator.views.decision import decision_view
    from policies.explain import decision_json

    script = _read() if command == "-" else command
    decided = decision_json(load(policy).judge_command(script, role=role))
    if json:
        print_json(decided)
    else:
        show_paged(decision_view(decided, scrolled=is_scrolled()))


def _read() -> str:
    """All of standard input, whatever bytes it holds."""
    return sys.stdin.buffer.read().decode(errors="surrogateescape").removesuffix("\n")
