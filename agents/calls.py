"""Reading the tool calls of a model: each is either understood, or answered with what was wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.fence import one_line
from agents.model import Message, ToolCall
from agents.results import RoleResult
from agents.roles import RoleSpec
from agents.tool import Arguments, Tool
from agents.toolbox import FINISH, TOOLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call of a tool that can be acted on."""

    tool: Tool
    arguments: Arguments


Action = Called | RoleResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A call that can't be acted on; `why` is shown to the model."""

    why: str


def with_own_ids(message: Message) -> Message:
    """The message with an id of its own for each call: what the model gave is kept unless it is empty or taken.

    The same message gives the same ids, so that a conversation rebuilt from the journal is the one that was sent.
    """
    given = Counter(call.id for call in message.tool_calls)
    seen: set[str] = set()
    calls = []
    for place, call in enumerate(message.tool_calls):
        own = call.id
        number = place
        while not own or own in seen or (own != call.id and own in given):
            own = f"{call.id or 'call'}_{number}"
            number += 1
        seen.add(own)
        calls.append(call.model_copy(update={"id": own}))
    return message.model_copy(update={"tool_calls": tuple(calls)})


def read_call(call: ToolCall, role: RoleSpec, *, cut_off: bool) -> Action | Malformed:
    """What a call asks for; `cut_off` says that the answer ended at its length limit."""
    if call.name not in role.tools:
        return Malformed(why=f"there is no tool {one_line(call.name, 60)!r}; you have: {', '.join(role.tools)}")
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError) as error:
        return Malformed(why=_no_json(call.name, error, cut_off=cut_off))
    if not isinstance(arguments, dict):
        return Malformed(why=f"the arguments of {call.name} must be a JSON object, not {type(arguments).__name__}")
    return _validate(call.name, role, arguments)


def _no_json(name: str, error: Exception, *, cut_off: bool) -> str:
    if cut_off:
        return f"your answer was cut off at its length limit in the middle of {name}; make it in smaller pieces"
    return f"the arguments of {name} are not valid JSON: {one_line(str(error))}"


def _validate(name: str, role: RoleSpec, arguments: dict[str, Any]) -> Action | Malformed:
    try:
        if name == FINISH:
            return role.result.model_validate(arguments)
        tool = TOOLS[name]
        return Called(tool=tool, arguments=tool.arguments.model_validate(arguments))
    except ValidationError as error:
        problems = (f"{_place(problem['loc'])}: {problem['msg']}" for problem in error.errors()[:5])
        return Malformed(why=one_line(f"{name}: {'; '.join(problems)}", 600))


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "arguments"
