"""`mimo-orchestrate doctor`: can this machine run it?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import BACKENDS, JsonOption, one_of
from orchestrator.cli.state import current_directory, state_ground, state_home
from orchestrator.cli.terminal import print_json, print_page, say
from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from orchestrator.doctor.finding import Finding

DoctorModelOption = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="See also whether this litellm model can be asked.")
]


AttackOption = Annotated[bool, typer.Option("--attack", help="Try to break out of the sandboxes here.")]
AttackedOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="|".join(BACKENDS),
        callback=one_of("--backend", BACKENDS),
        help="With --attack: only this one; default: each that works here.",
    ),
]


def doctor(
    *,
    model: DoctorModelOption = None,
    attack: AttackOption = False,
    backend: AttackedOption = None,
    json: JsonOption = False,
) -> None:
    """Look at what this machine has and lacks for a run.

    Git, the repository here, the state directory, both sandboxes (tried), credentials (never shown), each with what
    to do. Nothing is changed. The exit code is 4 where no run can start, 1 where an escape gets through.
    """
    if attack:
        if model is not None:
            raise UsageProblem("--attack asks no model", hint="leave out --model")
        raise typer.Exit(_attack(backend, as_json=json))
    if backend is not None:
        raise UsageProblem("--backend goes with --attack", hint="without it, `doctor` looks at both")
    raise typer.Exit(_look(model, as_json=json))


def _attack(backend: str | None, *, as_json: bool) -> ExitCode:
    from functools import partial

    import anyio

    from orchestrator.attack.assault import attack
    from orchestrator.views.attack import attack_json, attack_view, is_held

    assaults = anyio.run(partial(attack, backend, place=state_ground(), say=say))
    if as_json:
        print_json(attack_json(assaults))
    else:
        print_page(attack_view(assaults))
    if any(assault.broken for assault in assaults):
        return ExitCode.PARTIAL
    return ExitCode.DONE if is_held(assaults) else ExitCode.CANNOT_RUN


def _look(model: str | None, *, as_json: bool) -> ExitCode:
    from orchestrator.doctor.finding import can_start
    from orchestrator.views.doctor import doctor_json, doctor_view

    backend, findings = _findings(model)
    if as_json:
        print_json(doctor_json(findings, backend))
    else:
        print_page(doctor_view(findings, backend))
    return ExitCode.DONE if can_start(findings) else ExitCode.CANNOT_RUN


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
