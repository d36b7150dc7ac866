"""`mimo-orchestrate doctor`: can this machine run it?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption
from orchestrator.cli.state import current_directory, state_ground, state_home
from orchestrator.cli.terminal import print_json, results_console, say

if TYPE_CHECKING:
    from orchestrator.doctor.finding import Finding

DoctorModelOption = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="See also whether this litellm model can be asked.")
]


def doctor(*, model: DoctorModelOption = None, json: JsonOption = False) -> None:
    """Look at what this machine has and lacks for a run.

    Git, the repository here, the state directory, both sandboxes (tried), credentials (never shown), each with what
    to do. Nothing is changed. The exit code is 4 where no run can start.
    """
    from orchestrator.doctor.finding import can_start
    from orchestrator.views.doctor import doctor_json, doctor_view

    backend, findings = _findings(model)
    if json:
        print_json(doctor_json(findings, backend))
    else:
        console = results_console()
        for part in doctor_view(findings, backend):
            console.print(part)
    raise typer.Exit(ExitCode.DONE if can_start(findings) else ExitCode.CANNOT_RUN)


def _findings(model: str | None) -> tuple[str | None, list[Finding]]:
    import anyio

    from orchestrator.doctor import machine
    from orchestrator.doctor.credentials import the_credentials, the_model
    from orchestrator.doctor.finding import Condition
    from orchestrator.doctor.sandboxes import the_sandboxes

    git = machine.the_git()
    backend, sandboxes = anyio.run(the_sandboxes, state_ground())
    findings = [
        machine.the_program(),
        machine.the_packages(),
        git,
        *([machine.the_repository(current_directory)] if git.condition is Condition.OK else []),
        machine.the_state(state_home),
        *sandboxes,
    ]
    credentials = the_credentials(os.environ)
    if model is None or credentials.condition is Condition.OK:
        findings.append(credentials)
    if model is not None:
        say("asking litellm what the model needs (takes some seconds)")
        findings.append(the_model(model))
    return backend, findings
