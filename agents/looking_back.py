"""What events say of an agent's steps: each call with all that came out, as `recall` shows and searches it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from agents.calls import with_own_ids
from agents.ending import ending
from agents.events import CommandRun, ContextRebuilt, Event, ModelAnswered, ModelAsked
from agents.model import ToolCall
from agents.past import Deed

RECALL = "recall"

_CALL = re.compile(r"\.(?P<step>\d+)\.(?P<number>\d+)(?:\.r\d+)?\Z")


def deeds(events: Iterable[Event], agent: str, step: int) -> tuple[Deed, ...]:
    """The calls of a step, of its last life where it was lived twice; what did not run is as the model was told."""
    calls: tuple[ToolCall, ...] = ()
    ran: dict[int, str] = {}
    told: dict[str, str] = {}
    for event in events:
        if getattr(event, "agent", None) != agent:
            continue
        match event:
            case ModelAnswered() if event.step == step:
                calls, ran, told = with_own_ids(event.message).tool_calls, {}, {}
            case CommandRun() if event.step == step:
                # The last try at a call is the one that counts.
                ran[number_of(event.id)] = outcome(event)
            case ModelAsked() if event.step == step + 1:
                told.update({each.tool_call_id or "": each.content for each in event.added if each.role == "tool"})
            case ContextRebuilt() if event.step == step:
                told.update({each.tool_call_id or "": each.content for each in event.messages if each.role == "tool"})
            case _:
                pass
    return tuple(
        Deed(what=called(call), out=ran[number] if number in ran else told.get(call.id, "nothing came out"))
        for number, call in enumerate(calls, start=1)
    )


def words_of(event: Event) -> str:
    """What a search looks at in an event: what a model said and called, or a command with its output."""
    match event:
        case ModelAnswered():
            # A search that found its own query would find it each time.
            calls = [called(call) for call in event.message.tool_calls if call.name != RECALL]
            return "\n".join([event.message.content, *calls])
        case CommandRun():
            return f"{event.command}\n{outcome(event)}"
        case _:
            return ""


def called(call: ToolCall) -> str:
    """A call in words, each argument from a line of its own."""
    given = call.given
    if given is None:
        return f"{call.name} {call.arguments}"
    told = (f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in given.items())
    return "\n".join([call.name, *told])


def outcome(event: CommandRun) -> str:
    """How a command ended and what it put out."""
    return "\n".join(part.rstrip() for part in (ending(event), event.stdout, event.stderr) if part)


def number_of(call_id: str) -> int:
    """Which call of its answer a command was; 0 where its id does not tell."""
    found = _CALL.search(call_id)
    return int(found["number"]) if found else 0
