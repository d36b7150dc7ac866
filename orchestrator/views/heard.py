"""Who told whom what: what an agent was given of others' words, and to whom a result went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.views.styles import FAINT
from orchestrator.views.words import one_line, size

_STARTS = "attempt started"
_LONGEST = 2000

_WORDS: dict[e.NoteKind, str] = {
    "findings": "findings of {}",
    "summary": "what {} did",
    "verdict": "the verdict of {}",
    "change": "the change of {}",
    "gate": "evidence of {}",
    "merge": "evidence of {}",
    "human": "{}",
    "attempt": "how {} ended",
    "advice": "advice of {}",
    "instructions": "{}",
    "memory": "{}, from project memory",
}

_RESULTS: dict[str, e.NoteKind] = {"findings": "findings", "summary": "summary", "verdict": "verdict"}
"""The kind of a note, by the key of the result that it was made of."""

HeardBy = dict[tuple[str, str], dict[str, list[str]]]
"""The agents that were told something, by their tasks; for the task and the kind of its result, or its gate's agent."""


def told_lines(event: e.AttemptStarted) -> Iterator[Text]:
    """A line for each text of others that an agent begins with."""
    for told in event.told:
        yield one_line(f"told {_said(told)}", FAINT)


def told_once(told: Iterable[tuple[e.AttemptStarted, e.Told]]) -> Iterator[tuple[Text, Text]]:
    """Each text that agents began with, and all whom it was told."""
    who: dict[str, list[str]] = {}
    for begun, text in told:
        who.setdefault(_said(text), []).append(in_round(begun))
    for said, agents in who.items():
        yield one_line(said), one_line(f"to {', '.join(agents)}", FAINT, limit=_LONGEST)


def in_round(event: e.AttemptStarted) -> str:
    """The agent that begins, and in which round where it went on for another; its attempt is in its name."""
    return f"{event.agent} round {event.round}" if event.round > 1 else event.agent


def _said(told: e.Told) -> str:
    what = f"{_WORDS[told.kind].replace('{}', told.source)} ({size(told.chars)})"
    return f"{what}: {told.text}" if told.text else what


def heard_by(rows: Iterable[Recorded]) -> HeardBy:
    """To whom each result and each piece of evidence went, by the events of a run."""
    found: HeardBy = {}
    for row in rows:
        event = event_of(row) if row.kind == _STARTS else None
        if not isinstance(event, e.AttemptStarted):
            continue
        for told in event.told:
            agents = found.setdefault(_key(row.task or "", told), {}).setdefault(row.task or "", [])
            if (agent := in_round(event)) not in agents:
                agents.append(agent)
    return found


def heard_line(task: str | None, event: e.Event, heard: HeardBy) -> list[Text]:
    """Who was told what an agent handed over; nothing where nobody was."""
    if not isinstance(event, e.AttemptEnded) or event.outcome != "finished":
        return []
    kinds = [kind for key, kind in _RESULTS.items() if key in (event.result or {})]
    return told_to_line([one for key in (event.agent, *kinds) for one in _listed(heard.get((task or "", key), {}))])


def recipients(task: str, heard: HeardBy) -> list[str]:
    """Who was told what a task handed over."""
    return [one for kind in _RESULTS.values() for one in _listed(heard.get((task, kind), {}))]


def told_to_line(who: Sequence[str]) -> list[Text]:
    """Who was told what was handed over; nothing where nobody was."""
    return [one_line(f"told to {', '.join(who)}", FAINT, limit=_LONGEST)] if who else []


def _listed(who: dict[str, list[str]]) -> list[str]:
    return [f"{task} ({', '.join(agents)})" for task, agents in who.items()]


def _key(task: str, told: e.Told) -> tuple[str, str]:
    # What a gate saw goes back to the editor of its own task.
    return (task, told.source) if told.kind == "gate" else (told.source, told.kind)
