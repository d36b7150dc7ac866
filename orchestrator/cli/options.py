"""Arguments and options that several commands share; each of `run`'s can come from a MIMO_ variable as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from orchestrator.errors import UsageProblem
from policies.problems import did_you_mean

BACKENDS = ("auto", "docker", "bubblewrap")
ASK_MODES = ("prompt", "deny", "wait")
ROLES = ("investigator", "editor", "tester", "reviewer", "coordinator")
PRESETS = ("standard", "strict", "open")
"""These are known to other packages too, which import more than a page of help may; a test holds them together."""

_WITH = "What it runs with"
_MAY = "What it may do"
_SEEN = "What you see of it"


def one_of(name: str, known: tuple[str, ...]) -> Callable[[str | None], str | None]:
    """A callback that lets pass what `known` holds; raises UsageProblem for anything else."""

    def checked(value: str | None) -> str | None:
        if value is not None and value not in known:
            meant = did_you_mean(value, known)
            raise UsageProblem(f"{name} {value}: not one of {', '.join(known)}", hint=meant)
        return value

    return checked


def _setting(*names: str, group: str, help: str, **more: Any) -> Any:
    """An option that a variable can set as well: `--backend` is MIMO_BACKEND."""
    variable = f"MIMO_{names[-1].strip('-').replace('-', '_').upper()}"
    return typer.Option(*names, envvar=variable, show_envvar=False, rich_help_panel=group, help=help, **more)


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run, a unique beginning of one, or `last`.")]
OptionalRun = Annotated[
    str, typer.Argument(metavar="RUN", help="A run, a unique beginning of one, or `last`.", show_default=True)
]
OptionalTask = Annotated[str | None, typer.Argument(metavar="TASK", help="A task of the run; default: all.")]
TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="A task of the run.", show_default=False)]
CheckpointArgument = Annotated[
    str,
    typer.Argument(
        metavar="N", help="The checkpoint's number, or `last`; 0 is where the task began.", show_default=False
    ),
]
TaskArguments = Annotated[list[str] | None, typer.Argument(metavar="TASK", help="Tasks of the run; default: all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RunJsonOption = Annotated[bool, _setting("--json", group=_SEEN, help="Print the result as JSON at the end.")]

BackendOption = Annotated[
    str | None,
    _setting(
        "--backend",
        group=_WITH,
        metavar="|".join(BACKENDS),
        callback=one_of("--backend", BACKENDS),
        help="Where commands run; auto is docker if its engine answers, else bubblewrap.",
    ),
]
ModelOption = Annotated[
    str | None, _setting("--model", group=_WITH, metavar="ID", help="A litellm model id for all roles.")
]
ParallelOption = Annotated[
    int | None, _setting("--parallel", group=_WITH, metavar="N", min=1, help="How many tasks at once.")
]
HoldOption = Annotated[
    bool, _setting("--hold", group=_MAY, help="Land nothing on the base branch; `merge` does later.")
]
AskOption = Annotated[
    str | None,
    _setting(
        "--ask",
        group=_MAY,
        metavar="|".join(ASK_MODES),
        callback=one_of("--ask", ASK_MODES),
        help="Who answers what the policy asks: you here, nobody, or `approve` elsewhere. "
        "Default: prompt on a terminal, else deny.",
    ),
]
LimitOption = Annotated[
    list[str] | None,
    _setting(
        "--limit",
        group=_MAY,
        metavar="KEY=VALUE",
        help="Set a limit of the run, of a task by TASK.KEY=VALUE, or of a role by ROLE.KEY=VALUE; on resume, grant "
        "more. May be repeated.",
    ),
]
AllowRedBaseOption = Annotated[
    bool, _setting("--allow-red-base", group=_MAY, help="Go on although `verify` fails on the base.")
]
StrictPolicyOption = Annotated[
    bool, _setting("--strict-policy", group=_MAY, help="Refuse a repository's policy looser than `standard`.")
]
DryRunOption = Annotated[bool, _setting("--dry-run", group=_MAY, help="Check the plan; run nothing.")]
EventsOption = Annotated[
    str | None,
    _setting("--events", group=_SEEN, metavar="FILE", help="Write events as JSON Lines, as they happen; - is stdout."),
]
VerboseOption = Annotated[bool, _setting("-v", "--verbose", group=_SEEN, help="Show answers and outputs as well.")]
