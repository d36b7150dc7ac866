"""What a model saw at a step, and why: its sections with their budgets, then the messages as they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents.context_seen import ContextSeen
from agents.events import ContextRebuilt, ContextSection
from agents.model import Message
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.styles import FAINT, HEADING
from orchestrator.views.words import block, one_line

_NAMES = ("SECTION", "TOKENS", "BUDGET")


def context_view(task: str | None, seen: ContextSeen) -> Iterator[RenderableType]:
    """The request of one step."""
    asked = seen.asked
    place = f"{task} " if task else ""
    yield one_line(f"{place}{asked.agent} step {asked.step}, as {asked.model} was asked", HEADING)
    yield Indented(one_line(_prompt(seen)))
    if seen.rebuilt is not None:
        yield Indented(one_line(_rebuilt(seen.rebuilt), limit=1000))
    yield Text()
    rows = [Row(_cells(section), _from(section)) for section in seen.all_sections()]
    yield Grid(names=_NAMES, rows=rows, right={1, 2}, spare=(2,), text_name="FROM")
    for number, message in enumerate(seen.messages, start=1):
        yield Text()
        yield Text(f"-- {number}: {message.role} --", style=FAINT)
        yield from _words(message)


def context_json(run: str, task: str | None, seen: ContextSeen) -> dict[str, Any]:
    """The same for programs."""
    asked, rebuilt = seen.asked, seen.rebuilt
    return {
        "run": run,
        "task": task,
        "agent": asked.agent,
        "step": asked.step,
        "model": asked.model,
        "prompt": {
            "estimate": asked.prompt_estimate,
            "counted": seen.usage.prompt if seen.usage is not None else None,
            "cached": seen.usage.cached if seen.usage is not None else None,
        },
        "rebuilt": None
        if rebuilt is None
        else {
            "step": rebuilt.step,
            "why": rebuilt.why,
            "before": rebuilt.before,
            "after": rebuilt.after,
            "limit": rebuilt.limit,
            "handover": rebuilt.handover,
            "refused": rebuilt.refused,
        },
        "sections": [section.model_dump(mode="json") for section in seen.all_sections()],
        "messages": [message.model_dump(mode="json") for message in seen.messages],
    }


def _prompt(seen: ContextSeen) -> str:
    estimate = f"about {seen.asked.prompt_estimate:,} tokens by our estimate"
    if seen.usage is None:
        return f"{estimate}; it was not answered"
    return f"{seen.usage.prompt:,} tokens by the provider's count, {seen.usage.cached:,} from its cache; {estimate}"


def _rebuilt(event: ContextRebuilt) -> str:
    told = f"rebuilt after step {event.step}, because {event.why}"
    if event.limit:
        told += f": from about {event.before:,} tokens to {event.after:,}"
    return told


def _cells(section: ContextSection) -> tuple[Text, ...]:
    budget = "" if section.budget is None else f"{section.budget:,}"
    return one_line(section.name), Text(f"{section.tokens:,}"), Text(budget, style=FAINT)


def _from(section: ContextSection) -> Text:
    return one_line(f"{section.source}; {section.note}" if section.note else section.source)


def _words(message: Message) -> Iterator[RenderableType]:
    if message.content.strip():
        yield Indented(block(message.content), 2)
    for call in message.tool_calls:
        yield Indented(Text("calls ", style=FAINT) + one_line(call.name), 2)
        yield Indented(block(call.arguments), 4)
    if not message.content.strip() and not message.tool_calls:
        yield Indented(Text("says nothing", style=FAINT), 2)
