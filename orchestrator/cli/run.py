"""`mimo-orchestrate run`: a plan file is carried out."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from orchestrator.cli.options import (
    AllowRedBaseOption,
    AskOption,
    BackendOption,
    DryRunOption,
    EventsOption,
    HoldOption,
    LimitOption,
    ModelOption,
    ParallelOption,
    RunJsonOption,
    StrictPolicyOption,
    VerboseOption,
)

if TYPE_CHECKING:
    from orchestrator.run.options import AskMode, RunOptions

PlanArgument = Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="The plan file.", show_default=False)]


def run(
    plan: PlanArgument,
    *,
    backend: BackendOption = None,
    model: ModelOption = None,
    parallel: ParallelOption = None,
    hold: HoldOption = False,
    ask: AskOption = None,
    limit: LimitOption = None,
    allow_red_base: AllowRedBaseOption = False,
    strict_policy: StrictPolicyOption = False,
    dry_run: DryRunOption = False,
    json: RunJsonOption = False,
    events: EventsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Run a plan; what passes its tests and its review lands.

    Every command of an agent is judged by the policy and runs in a sandbox; your uncommitted edits are left alone.
    """
    from orchestrator.run.options import RunOptions

    options = RunOptions(
        backend=backend,
        model=model,
        parallel=parallel,
        hold=True if hold else None,
        ask=ask_mode(ask),
        limits=tuple(limit or ()),
        allow_red_base=allow_red_base,
        strict_policy=strict_policy,
    )
    if dry_run:
        from orchestrator.cli.check import check_plan

        raise typer.Exit(check_plan(plan, options, as_json=json))
    raise typer.Exit(run_plan(plan, options, as_json=json, events=events, verbose=verbose))


def run_plan(
    path: Path, options: RunOptions, *, as_json: bool = False, events: str | None = None, verbose: bool = False
) -> int:
    """Run a plan in the repository around the current directory, and show it; returns the exit code of formats.md §1.

    Raises what `prepared_plan` and `open_new_run` raise.
    """
    from orchestrator.cli.preparing import prepared_plan
    from orchestrator.cli.session import Shown, Stop, run_session
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.run.opening import open_new_run

    ready = prepared_plan(path, options)
    stop = Stop()
    with ExitStack() as closing:
        around = surroundings(
            ready.repository,
            options,
            closing,
            stopping=stop,
            events=events,
            verbose=verbose,
            unpriced=ready.unpriced,
        )
        opened = open_new_run(
            around,
            ready.plan,
            plan_source=ready.source,
            base=ready.base,
            policy=ready.policy,
            plan_file=str(path.absolute()),
        )
        return run_session(opened, stop, Shown(as_json=as_json, allow_red_base=options.allow_red_base, events=events))


def ask_mode(wanted: str | None) -> AskMode:
    """The mode of `--ask`: a human at a terminal is asked unless it says otherwise."""
    if wanted is None:
        return "prompt" if sys.stdin.isatty() and sys.stderr.isatty() else "deny"
    return cast("AskMode", wanted)  # the option takes no other
