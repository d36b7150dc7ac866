"""`mimo-orchestrate status`: one run."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from orchestrator.cli.liveness import settle_status
from orchestrator.cli.options import JsonOption, OptionalRun
from orchestrator.cli.selection import LAST, read_state
from orchestrator.cli.state import here, open_journal, state_of
from orchestrator.cli.terminal import print_json, print_page

LogOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show also where the log of the run is.")]


def status(run: OptionalRun = LAST, *, verbose: LogOption = False, json: JsonOption = False) -> None:
    """Show one run: tasks, states, steps, cost, what waits for you."""
    from orchestrator.telling.files import log_file
    from orchestrator.views.status import status_json, status_view

    repository = here()
    with open_journal(repository) as store:
        state = settle_status(read_state(store, run), directory=state_of(repository))
    log = log_file(state_of(repository), state.run)
    if json:
        print_json(status_json(state, log=str(log) if log.exists() else None))
        return
    where = (str(log) if log.exists() else "none") if verbose else None
    print_page(status_view(state, now=time.time(), log=where))
