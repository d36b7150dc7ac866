"""`mimo-orchestrate resume` and `cancel`: going on with a run that stopped, or ending it for good."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

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
    VerboseOption,
)

STOP_SECONDS = 900.0
"""The longest that a step under way may take before `cancel` gives up waiting: a command's ten minutes, and some."""

POLL_SECONDS = 0.2


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
    verbose: VerboseOption = False,
) -> None:
    """Go on with a run after an interrupt, a crash or a limit.

    What has landed is not done again, and what was granted before still holds.
    """
    from orchestrator.cli.reopening import reopened, why_it_stays
    from orchestrator.cli.run import ask_mode
    from orchestrator.cli.selection import read_state
    from orchestrator.cli.session import Shown, Stop, run_session, show_state
    from orchestrator.cli.state import here, open_journal
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.cli.terminal import say
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
    repository = here()
    with open_journal(repository) as store:
        state = read_state(store, run)
    if (why := why_it_stays(state, options)) is not None:
        say(why)
        raise typer.Exit(show_state(state, as_json=json))
    stop = Stop()
    with ExitStack() as closing:
        around = surroundings(repository, options, closing, stopping=stop, events=events, verbose=verbose)
        shown = Shown(as_json=json, allow_red_base=allow_red_base, events=events)
        raise typer.Exit(run_session(reopened(around, state.run), stop, shown))


def cancel(run: RunArgument) -> None:
    """End a run for good; what has landed stays.

    The process that works on it is asked to stop after the steps under way. Its branches and its journal stay.
    """
    from agents.events import RunEnded
    from orchestrator.cli.reopening import CANCELLED
    from orchestrator.cli.selection import read_state
    from orchestrator.cli.state import here, open_journal, state_of
    from orchestrator.cli.terminal import say
    from orchestrator.errors import UsageProblem
    from orchestrator.run.lease import lease, run_lock

    repository = here()
    with open_journal(repository) as store:
        chosen = read_state(store, run).run
        lock = run_lock(state_of(repository), chosen)
        _stop_driver(lock, chosen)
        with lease(lock):
            state = read_state(store, chosen)
            if state.status in {"done", "failed", "partial"}:
                raise UsageProblem(f"{chosen} has ended already: {state.why or state.status}")
            ended = RunEnded(status="failed", why=CANCELLED, base_after=state.base_after, moved=state.moved)
            store.append(chosen, [(None, ended)])
    say(f"{chosen} is cancelled; what it left behind goes with: mimo-orchestrate clean")


def _stop_driver(lock: Path, run: str) -> None:
    """Ask the process that works on the run to stop, and wait until it has."""
    from orchestrator.cli.terminal import say
    from orchestrator.errors import CannotRun
    from orchestrator.run.lease import holder

    pid = holder(lock)
    if not pid:
        return
    say(f"asking process {pid} to stop {run} after the steps under way")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while holder(lock) == pid:
        if time.monotonic() > deadline:
            raise CannotRun(f"process {pid} still works on {run} after {STOP_SECONDS:g} s", f"end it: kill -9 {pid}")
        time.sleep(POLL_SECONDS)
