"""`mimo-orchestrate resume` and `cancel`: going on with a run that stopped, or ending it for good."""

from __future__ import annotations

from contextlib import ExitStack

import typer

from orchestrator.cli.options import (
    AllowRedBaseOption,
    AskOption,
    BackendOption,
    EventsOption,
    HoldOption,
    LimitOption,
    ModelOption,
    ParallelOption,
    RunArgument,
    RunJsonOption,
)


def resume(
    run: RunArgument,
    *,
    backend: BackendOption = None,
    model: ModelOption = None,
    parallel: ParallelOption = None,
    hold: HoldOption = False,
    ask: AskOption = None,
    limit: LimitOption = None,
    allow_red_base: AllowRedBaseOption = False,
    json: RunJsonOption = False,
    events: EventsOption = None,
) -> None:
    """Go on with a run after an interrupt, a crash or a limit; what has landed is not done again."""
    from orchestrator.cli.reopening import reopened
    from orchestrator.cli.run import ask_mode
    from orchestrator.cli.session import Shown, Stop, run_session
    from orchestrator.cli.state import here
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.run.options import RunOptions

    options = RunOptions(
        backend=backend,
        model=model,
        parallel=parallel,
        hold=True if hold else None,
        ask=ask_mode(ask),
        limits=tuple(limit or ()),
        allow_red_base=allow_red_base,
    )
    stop = Stop()
    with ExitStack() as closing:
        around = surroundings(here(), options, closing, stopping=stop, events=events)
        shown = Shown(as_json=json, allow_red_base=allow_red_base)
        raise typer.Exit(run_session(reopened(around, run), stop, shown))
