"""What litellm takes of this machine for one answer: its own processor time, over HTTP to a scripted server.

usage: python -m benchmarks.client_time [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from unittest import mock

import anyio

from agents.litellm_model import LitellmModel
from agents.model import Message, ModelRequest, ToolCall
from agents.redact import Redactor
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from benchmarks.figures import DISK, Figure, table
from tests.server.fixture import serving

ROUNDS = 20
LENGTHS = (20, 100, 400)
"""How many messages a request has."""

ANSWER = {"text": "Let me see what the tests say of it. " * 20, "shell": "python -m pytest -q"}


def conversation(length: int) -> tuple[Message, ...]:
    """A conversation of so many messages, as an editor has it."""
    messages = [Message(role="system", content="You are the editor of a task."), Message(role="user", content="Port.")]
    for number in range(length // 2 - 1):
        call = ToolCall(id=f"call_{number}", name="shell", arguments=f'{{"command": "cat src/module{number}.py"}}')
        output = f"VALUE = {number}\n" * 60
        messages += [
            Message(role="assistant", content="I look at the next one.", tool_calls=(call,)),
            Message(role="tool", content=output, tool_call_id=call.id),
        ]
    return tuple(messages)


async def client_ms(model: LitellmModel, length: int, rounds: int) -> float:
    """The median of some answers, after two that fill the caches."""
    request = ModelRequest(messages=conversation(length), tools=tool_schemas(ROLES["editor"]), max_tokens=4096)
    return statistics.median([(await model.ask(request)).client_ms for _ in range(rounds + 2)][2:])


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The client's own time by the length of the conversation, streamed as in a run, and not."""
    figures = []
    with tempfile.TemporaryDirectory(dir=DISK) as name, serving(Path(name)) as server:
        server.play({"turns": [], "beyond": ANSWER})
        with mock.patch.dict(os.environ, server.env):
            for stream in (True, False):
                model = LitellmModel("openai/scripted", redactor=Redactor({}), stream=stream)
                for length in LENGTHS:
                    way = "streamed" if stream else "not streamed"
                    taken = await client_ms(model, length, rounds)
                    figures.append(
                        Figure(name=f"litellm: its own time, {length} messages, {way}", value=taken, unit="ms")
                    )
    return figures


if __name__ == "__main__":
    print(table(anyio.run(partial(measure, int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))))
