"""`mimo-orchestrate help`: the page of a command, as `--help` shows it."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.boundary import PROGRAM


def help_(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="COMMAND", help="The command.")] = None,
) -> None:
    """Show all about a command, as its --help does."""
    context.find_root().command.main([*(words or []), "--help"], prog_name=PROGRAM, standalone_mode=False)
