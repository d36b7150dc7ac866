"""`log --context`: what a model saw at a step, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.selection import whole_journal
from orchestrator.cli.terminal import print_json, show_paged
from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from agents.events import Event
    from orchestrator.journal.chain import Recorded

_PLACE = re.compile(r"(?:(?P<agent>[a-z]+\.[0-9]{1,9}(?:\.[a-z]+)?):)?(?P<step>[0-9]{1,9})")


def place_of(text: str) -> tuple[str | None, int]:
    """An agent, where one is named, and a step: `12` or `editor.1:12`; raises UsageProblem."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise UsageProblem(f"--context {text}: write a step's number, as in 12, or with its agent, as in editor.1:12")
    return found["agent"], int(found["step"])


def show_context(run: str, rows: Iterable[Recorded], *, task: str | None, place: str, as_json: bool) -> None:
    """Show what the model saw; raises UsageProblem for a step that is not there, or that several agents have."""
    from agents.context_seen import context_seen
    from orchestrator.journal.fold import event_of
    from orchestrator.views.context import context_json, context_view

    agent, step = place_of(place)
    with whole_journal(run):
        events = [(row.task, event_of(row)) for row in rows if row.kind in _TOLD and task in {None, row.task}]
    chosen, agent = _chosen(events, agent, step)
    seen = context_seen((event for owner, event in events if owner == chosen), agent=agent, step=step)
    if seen is None:
        raise UsageProblem(f"--context {place}: there is no such step")
    if as_json:
        print_json(context_json(run, chosen, seen))
    else:
        show_paged(context_view(chosen, seen))


_NAME_IT = "name the task: log RUN TASK --context N"
_TOLD = frozenset({"model asked", "model answered", "context rebuilt", "conversation taken over"})


def _chosen(events: Sequence[tuple[str | None, Event]], agent: str | None, step: int) -> tuple[str | None, str]:
    """The task and the agent that are meant; raises UsageProblem."""
    asked = [(owner, event.agent, event.step) for owner, event in events if event.kind == "model asked"]
    found = list(dict.fromkeys((owner, who) for owner, who, at in asked if at == step and agent in {None, who}))
    if len(dict(found)) > 1:
        raise UsageProblem("--context: each task has steps of its own", hint=_NAME_IT)
    if len(found) > 1:
        names = ", ".join(who for _, who in found)
        raise UsageProblem(
            f"--context {step}: {names} each have such a step", hint=f"name it: --context {found[0][1]}:{step}"
        )
    if not found:
        last = {who: at for _, who, at in asked}
        hint = (
            f"the last are {', '.join(f'{who}:{at}' for who, at in last.items())}" if last else "it asked no model yet"
        )
        if len({owner for owner, _, _ in asked}) > 1:
            hint = _NAME_IT
        raise UsageProblem(f"--context: there is no step {step}{f' of {agent}' if agent else ''}", hint=hint)
    return found[0]
