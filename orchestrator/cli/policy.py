"""`mimo-orchestrate policy`: what a policy says, whether it bears out its examples, and what past runs say of it."""

from __future__ import annotations

import typer

from orchestrator.cli.policy_backtest import backtest
from orchestrator.cli.policy_cases import hold_to_cases
from orchestrator.cli.policy_changes import judge_range
from orchestrator.cli.policy_check import check
from orchestrator.cli.policy_coverage import coverage
from orchestrator.cli.policy_show import show
from orchestrator.cli.policy_suggest import suggest

app = typer.Typer(name="policy", help="Explain, test and show policies, and tighten them from past runs.")
app.command()(check)
app.command("test")(hold_to_cases)
app.command()(show)
app.command("changes")(judge_range)
app.command()(backtest)
app.command()(coverage)
app.command()(suggest)
