"""What was proposed, in words: the command or path itself, where a tool call holds one."""

from __future__ import annotations

import json

from agents.events import CommandProposed


def command_text(event: CommandProposed) -> str:
    """What a tool was called for."""
    return called_for(event.arguments)


def called_for(arguments: str) -> str:
    """The command or path where a tool's raw arguments hold one; they are a model's, and may hold anything."""
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(given, dict):
        for key in ("command", "path"):
            if isinstance(given.get(key), str):
                return str(given[key])
    return arguments
