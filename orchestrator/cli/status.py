"""`mimo-orchestrate status`: one run."""

from __future__ import annotations

import time

from orchestrator.cli.liveness import settle_status
from orchestrator.cli.options import JsonOption, OptionalRun
from orchestrator.cli.selection import LAST, read_state
from orchestrator.cli.state import here, open_journal, state_of
from orchestrator.cli.terminal import print_json, print_page


def status(run: OptionalRun = LAST, *, json: JsonOption = False) -> None:
    """Show one run: tasks, states, steps, cost, what waits for you."""
    from orchestrator.views.status import status_json, status_view

    repository = here()
    with open_journal(repository) as store:
        state = settle_status(read_state(store, run), directory=state_of(repository))
    if json:
        print_json(status_json(state))
        return
    print_page(status_view(state, now=time.time()))
