"""`mimo-orchestrate policy`: its commands, each in a module of its own."""

from __future__ import annotations

import typer

from orchestrator.cli.policy_backtest import backtest
from orchestrator.cli.policy_cases import hold_to_cases
from orchestrator.cli.policy_check import check
from orchestrator.cli.policy_coverage import coverage
from orchestrator.cli.policy_show import show
from orchestrator.cli.policy_source import PolicyOption, RoleOption, _load
from orchestrator.cli.policy_suggest import suggest

__all__ = ["PolicyOption", "RoleOption", "_load", "app"]

app = typer.Typer(name="policy", help="Explain, test and show policies.")
app.command()(check)
app.command("test")(hold_to_cases)
app.command()(show)
app.command()(backtest)
app.command()(coverage)
app.command()(suggest)
