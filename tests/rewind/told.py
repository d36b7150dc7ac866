"""Stories of what agents did in sandboxes, for what goes back in a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents import events as e
from agents.model import Message, ToolCall, Usage
from orchestrator.journal.chain import Recorded
from orchestrator.rewind.comparing import Difference
from tests.views import story, telling

Story = list[tuple[str | None, e.Event]]

EDITOR = "editor.1"

DIFFERENT = Difference(
    task="port",
    agent="editor.1",
    step=4,
    seq=30,
    id="editor.1.4.1",
    command="$ make test",
    what=("exit_code", "stdout"),
    expected={"outcome": "run", "exit_code": 0, "stdout": f"3 passed {story.HOSTILE}\n"},
    got={"outcome": "run", "exit_code": 2, "stdout": "2 passed\n"},
    diff=f"--- stdout of the journal\n+++ stdout this time\n@@ -1 +1 @@\n-3 passed {story.HOSTILE}\n+2 passed\n",
)
"""A step that differs, with output that would steer a terminal."""


def rows(told: Iterable[tuple[str | None, e.Event]]) -> list[Recorded]:
    """The events as a journal has them."""
    return telling.timed(list(told), run=story.RUN, start=0.0)


def began(commit: str, *, round: int = 1, agent: str = EDITOR, tree: str | None = None) -> e.AttemptStarted:
    """An agent comes to a sandbox."""
    role: Any
    role, number = agent.split(".")
    return e.AttemptStarted(
        agent=agent, role=role, attempt=int(number), round=round, model="m", commit=commit, sandbox="s", tree=tree
    )


def asked(step: int, *added: str, agent: str = EDITOR) -> e.ModelAsked:
    """A request with what is new."""
    messages = [Message(role="user", content=text) for text in added]
    role: Any = agent.split(".")[0]
    return e.ModelAsked(agent=agent, role=role, step=step, model="m", added=messages, prompt_estimate=1, max_tokens=1)


def answered(step: int, *commands: str, agent: str = EDITOR) -> e.ModelAnswered:
    """An answer that calls the shell for each command."""
    calls = tuple(
        ToolCall(id=f"{step}.{place}", name="shell", arguments=f'{{"command": "{command}"}}')
        for place, command in enumerate(commands, start=1)
    )
    role: Any = agent.split(".")[0]
    return e.ModelAnswered(
        agent=agent,
        role=role,
        step=step,
        model="m",
        message=Message(role="assistant", tool_calls=calls),
        finish_reason="tool_calls",
        usage=Usage(),
        cost=0.0,
        latency_seconds=0.0,
        client_ms=0.0,
    )


def proposed(id: str, command: str = "make", *, step: int | None = 1, source: Any = "agent") -> e.CommandProposed:
    """A command before it is judged."""
    agent = EDITOR if source == "agent" else None
    return e.CommandProposed(
        id=id, agent=agent, step=step, source=source, tool="shell", arguments=f'{{"command": "{command}"}}'
    )


def judged(id: str, *, allowed: bool = True) -> e.CommandJudged:
    """The policy's word."""
    return e.CommandJudged(id=id, verdict="allow" if allowed else "deny", allowed=allowed, parts=[])


def ran(id: str, stdout: str = "", *, step: int | None = 1, source: Any = "agent", **more: Any) -> e.CommandRun:
    """How a command ended: well, unless `more` says otherwise."""
    shared = {"id": id, "source": source, "step": step, "sandbox": "s", "command": "make", "stdout": stdout}
    agent = EDITOR if source == "agent" else None
    return e.CommandRun(**{**shared, "agent": agent, "exit_code": 0, "wall_seconds": 1.0, **more})


def saved(step: int, number: int, commit: str) -> e.CheckpointTaken:
    """A checkpoint."""
    ref = f"refs/mimo/runs/{story.RUN}/port/{number}"
    return e.CheckpointTaken(agent=EDITOR, step=step, ref=ref, commit=commit, files=["a.py"])
