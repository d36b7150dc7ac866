"""`mimo-orchestrate policy backtest`: what past runs would have met under another policy."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import JsonOption
from orchestrator.cli.past_runs import RunArguments, past_runs
from orchestrator.cli.terminal import print_json, show_paged


def backtest(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="A policy file or preset.", show_default=False)],
    runs: RunArguments = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show what past runs would have met under another policy."""
    from orchestrator.tightening import backtest as tightening
    from orchestrator.views.backtest import backtest_json, backtest_view
    from policies.loader import load_policy

    loaded = load_policy(policy)
    result = tightening.backtest(loaded, past_runs(runs or ()))
    if json:
        print_json(backtest_json(loaded, result))
    else:
        show_paged(backtest_view(policy, result))
    raise typer.Exit(ExitCode.PARTIAL if result.stopped else ExitCode.DONE)
