"""What `-v` shows beside the progress: what the models said, and the end of what the commands printed."""

from __future__ import annotations

import json

from agents.events import CommandRun, ModelAnswered
from agents.model import Message
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from policies.printable import printable

LINES = 12
"""How much of a text is shown at once; the journal has it whole."""

COLUMNS = 200

_KINDS = {"model answered", "command run"}


def detail_lines(recorded: Recorded) -> list[str]:
    """Lines that are safe for a terminal, none for an event that has nothing more to tell."""
    if recorded.kind not in _KINDS:
        return []
    match event_of(recorded):
        case ModelAnswered(message=message):
            return _marked(_said(message), "  < ")
        case CommandRun(stdout=stdout, stderr=stderr):
            return [*_marked(stdout, "  | "), *_marked(stderr, "  ! ")]
        case _:
            return []


def _said(message: Message) -> str:
    """An answer's text, and what it hands over where it finishes; its commands are in the progress."""
    results = [call.arguments for call in message.tool_calls if call.name == "finish"]
    return "\n".join([message.content, *map(_indented, results)])


def _indented(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    except ValueError:
        return arguments


def _marked(text: str, mark: str) -> list[str]:
    lines = [line for line in text.split("\n") if line.strip()]
    cut = [f"[{len(lines) - LINES} lines more]"] if len(lines) > LINES else []
    return [mark + printable(line if len(line) <= COLUMNS else f"{line[:COLUMNS]}…") for line in cut + lines[-LINES:]]
