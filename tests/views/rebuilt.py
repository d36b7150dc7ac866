"""A conversation that was rebuilt, as its agent was asked after it: with what was cut, and hostile words in it."""

from __future__ import annotations

from agents import events as e
from agents.context_seen import ContextSeen, context_seen
from agents.model import Message, Usage
from agents.step_events import ContextSection
from tests.fakes.model import shell

AGENT, STEP = "editor.1", 42
HOSTILE = "ls \x1b[31mred\x1b[0m [bold]not bold[/]"


def section(name: str, source: str, tokens: int, **more: object) -> ContextSection:
    """A section, whole where nothing else is said."""
    return ContextSection.model_validate(
        {"name": name, "source": source, "tokens": tokens, "whole": tokens, "budget": None, "note": "", **more}
    )


SECTIONS = [
    section("role", "the program", 1480),
    section("task", "the plan", 160),
    section("findings", "survey", 2700, whole=9100, budget=2760, note="cut from 9100 tokens"),
    section("memory", "AGENTS.md, .mimo/memory/style.md", 900, budget=2300),
    section("done", "the journal", 3100, whole=3100, budget=3450),
    section("handover", "the journal", 410, budget=4140, note="not the model's: it was empty"),
    section("steps", "steps 31 to 40", 9800, budget=9900, note="steps 1 to 30 are left out, and told of in `done`"),
]


def asked(step: int, *added: Message, estimate: int = 24_000, agent: str = AGENT) -> e.ModelAsked:
    """A request of the editor."""
    return e.ModelAsked(
        agent=agent,
        role="editor",
        step=step,
        model="openai/gpt-5.2",
        added=list(added),
        prompt_estimate=estimate,
        max_tokens=4096,
    )


def answered(step: int, message: Message, agent: str = AGENT) -> e.ModelAnswered:
    """Its answer."""
    return e.ModelAnswered(
        agent=agent,
        role="editor",
        step=step,
        model="openai/gpt-5.2",
        message=message,
        finish_reason="tool_calls",
        usage=Usage(prompt=23_456, completion=60, cached=19_800),
        cost=0.01,
        latency_seconds=2.0,
        client_ms=10.0,
    )


OPENING = [
    Message(role="system", content="You are the editor of one task in a larger piece of work."),
    Message(role="user", content="# The goal of the whole run\nPort it."),
]
EVENTS: list[e.Event] = [
    asked(1, *OPENING, estimate=1700),
    answered(1, shell("ls")),
    asked(2, Message(role="tool", content="exit 0\na.py", tool_call_id="call_1")),
    e.ContextRebuilt(
        agent=AGENT,
        step=40,
        why="a prompt of 45,120 tokens leaves too little of 46,000 for an answer",
        messages=[*OPENING, shell("make test"), Message(role="tool", content="exit 2", tool_call_id="call_1")],
        sections=SECTIONS,
        before=45_120,
        after=22_950,
        limit=46_000,
        handover="journal",
        refused="it was empty",
    ),
    asked(41),
    answered(41, shell(HOSTILE)),
    asked(STEP, Message(role="tool", content=f"exit 0\n{HOSTILE}", tool_call_id="call_1")),
    answered(STEP, Message(role="assistant", content="done")),
]


def seen(step: int = STEP) -> ContextSeen:
    """What the editor saw at a step."""
    found = context_seen(EVENTS, agent=AGENT, step=step)
    assert found is not None
    return found
