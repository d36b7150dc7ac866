"""Arguments and options that several commands share; each of `run`'s can come from a MIMO_ variable as well."""

from __future__ import annotations

from typing import Annotated

import typer

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run, a unique beginning of one, or `last`.")]
OptionalRun = Annotated[
    str, typer.Argument(metavar="RUN", help="A run, a unique beginning of one, or `last`.", show_default=True)
]
OptionalTask = Annotated[str | None, typer.Argument(metavar="TASK", help="A task of the run; default: all.")]
TaskArguments = Annotated[list[str] | None, typer.Argument(metavar="TASK", help="Tasks of the run; default: all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RunJsonOption = Annotated[bool, typer.Option("--json", envvar="MIMO_JSON", help="Print the result as JSON at the end.")]

BackendOption = Annotated[
    str | None,
    typer.Option("--backend", envvar="MIMO_BACKEND", metavar="auto|docker|bubblewrap", help="Where commands run."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", envvar="MIMO_MODEL", metavar="ID", help="A litellm model id for all roles."),
]
ParallelOption = Annotated[
    int | None,
    typer.Option("--parallel", envvar="MIMO_PARALLEL", metavar="N", min=1, help="How many tasks at once."),
]
HoldOption = Annotated[bool, typer.Option("--hold", envvar="MIMO_HOLD", help="Land nothing on the base branch.")]
AskOption = Annotated[
    str | None,
    typer.Option(
        "--ask",
        envvar="MIMO_ASK",
        metavar="prompt|deny|wait",
        help="Who answers what the policy asks: you here, nobody, or `approve` elsewhere. "
        "Default: prompt on a terminal, else deny.",
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        envvar="MIMO_LIMIT",
        metavar="KEY=VALUE",
        help="Set a limit of the run, or of a task by TASK.KEY=VALUE; on resume, grant more. May be repeated.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", envvar="MIMO_DRY_RUN", help="Check the plan; run nothing.")]
EventsOption = Annotated[
    str | None,
    typer.Option("--events", envvar="MIMO_EVENTS", metavar="FILE", help="Write events as JSON Lines; - is stdout."),
]
VerboseOption = Annotated[
    bool, typer.Option("-v", "--verbose", envvar="MIMO_VERBOSE", help="Show answers and outputs as well.")
]
AllowRedBaseOption = Annotated[
    bool,
    typer.Option("--allow-red-base", envvar="MIMO_ALLOW_RED_BASE", help="Go on although `verify` fails on the base."),
]
StrictPolicyOption = Annotated[
    bool,
    typer.Option(
        "--strict-policy", envvar="MIMO_STRICT_POLICY", help="Refuse a repository's policy looser than `standard`."
    ),
]
