"""`mimo-orchestrate policy`: what a policy says about a command, whether it bears out its examples, and its rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import ROLES, JsonOption, one_of
from orchestrator.cli.state import current_directory
from orchestrator.cli.terminal import print_json, print_page, show_paged

if TYPE_CHECKING:
    from policies.policy import Policy

DEFAULT_FILE = Path(".mimo/policy.yaml")
DEFAULT_PRESET = "standard"

PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", metavar="F", help="A policy file or preset; default: .mimo/policy.yaml, else standard."),
]


# A misspelt role would be judged by no rule that is for one.
_known_role = one_of("--role", ROLES)

RoleOption = Annotated[str, typer.Option("--role", metavar="R", help="Judge as this role.", callback=_known_role)]

app = typer.Typer(name="policy", help="Explain, test and show policies.")


@app.command()
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


@app.command("test")
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


@app.command()
def show(
    *,
    policy: PolicyOption = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="R", help="Only the rules for this role.", callback=_known_role)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the policy in force: every rule, with its place."""
    from orchestrator.views.policy import policy_view
    from policies.explain import policy_json

    data: dict[str, Any] = policy_json(_load(policy), role=role)
    if json:
        print_json(data)
    else:
        show_paged(policy_view(data))


def _load(named: str | None) -> Policy:
    from policies.loader import load_policy

    return load_policy(named if named is not None else _default())


def _default() -> str:
    """The policy file of the repository around the current directory, or the preset."""
    here = current_directory()
    for directory in (here, *here.parents):
        if (directory / DEFAULT_FILE).is_file():
            return str(directory / DEFAULT_FILE)
        if (directory / ".git").exists():
            break
    return DEFAULT_PRESET
