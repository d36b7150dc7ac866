"""`mimo-orchestrate runs`: all runs of this repository."""

from __future__ import annotations

import time

from orchestrator.cli.liveness import settle_status
from orchestrator.cli.options import JsonOption
from orchestrator.cli.selection import folded
from orchestrator.cli.state import here, open_journal, state_of
from orchestrator.cli.terminal import print_json, say, show_paged
from orchestrator.errors import UsageProblem


def runs(*, json: JsonOption = False) -> None:
    """List all runs of this repository, newest first."""
    from orchestrator.views.runs import runs_json, runs_view

    repository = here()
    try:
        store = open_journal(repository)
    except UsageProblem as nothing:
        # An empty list is an answer, to a program above all.
        if json:
            print_json([])
        else:
            say(str(nothing))
        return
    with store:
        directory = state_of(repository)
        states = [settle_status(folded(store, run), directory=directory) for run in store.runs()]
    if json:
        print_json(runs_json(states))
        return
    show_paged(runs_view(states, now=time.time()))
