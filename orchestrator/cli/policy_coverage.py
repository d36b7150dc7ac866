"""`mimo-orchestrate policy coverage`: which rules of a policy decide about what past runs did."""

from __future__ import annotations

import time

from orchestrator.cli.options import JsonOption
from orchestrator.cli.past_runs import RunArguments, past_runs
from orchestrator.cli.policy_source import PolicyOption, load
from orchestrator.cli.terminal import print_json, show_paged


def coverage(runs: RunArguments = None, *, policy: PolicyOption = None, json: JsonOption = False) -> None:
    """Count how often each rule decided in past runs."""
    from orchestrator.tightening import coverage as tightening
    from orchestrator.views.coverage import coverage_json, coverage_view

    loaded = load(policy)
    result = tightening.coverage(loaded, past_runs(runs or ()))
    if json:
        print_json(coverage_json(loaded, result))
    else:
        show_paged(coverage_view(result, now=time.time()))
