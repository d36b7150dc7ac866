"""How a command ended, in the same words wherever an agent is told of it."""

from __future__ import annotations

from agents.events import CommandRun
from sandbox.sandbox import CommandResult


def ending(command: CommandResult | CommandRun) -> str:
    """Its exit code or signal, and the limit that it hit."""
    if command.cancelled:
        return "cancelled"
    ended = f"exit {command.exit_code}" if command.exit_code is not None else f"killed by signal {command.signal}"
    return f"{ended}, {command.limit} limit hit" if command.limit else ended
