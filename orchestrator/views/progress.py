"""A run as it goes on, a line for each thing worth knowing: what plain terminals, pipes and logs are shown."""

from __future__ import annotations

import json
from collections.abc import Callable

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from policies.printable import printable

WIDTH = 120
"""Where it is no terminal, longer lines are cut all the same: the journal has them whole."""


def progress_line(recorded: Recorded, *, columns: int = WIDTH) -> str | None:
    """The line for one event, safe for a terminal and no longer; None for what only the journal needs."""
    event = event_of(recorded)
    words = _WORDS.get(type(event))
    said = words(event) if words is not None else None
    if said is None:
        return None
    line = printable(f"{recorded.task or 'run':<16} {' ' * (len(said) - len(said.lstrip()))}{' '.join(said.split())}")
    return line if len(line) <= columns else f"{line[: columns - 1]}…"


def _started(event: e.AttemptStarted) -> str:
    again = f", round {event.round}" if event.round > 1 else ""
    return f"{event.agent} begins with {event.model}{again}"


def _ended(event: e.AttemptEnded) -> str | None:
    return None if event.outcome == "finished" else f"{event.agent} ended: {event.outcome}: {event.why or ''}"


def _proposed(event: e.CommandProposed) -> str:
    try:
        arguments = json.loads(event.arguments)
        shown = arguments.get("command") or arguments.get("path") or event.arguments
    except (ValueError, AttributeError):
        shown = event.arguments
    who = f"{event.agent} {event.step}" if event.agent else event.source
    return f"{who}: {event.tool} {shown}"


def _judged(event: e.CommandJudged) -> str | None:
    if event.allowed:
        return None
    part = max(event.parts, key=lambda part: ("allow", "ask", "deny").index(part.verdict))
    return f"  refused: {part.text}: {part.why} ({part.file}:{part.line})"


def _run(event: e.CommandRun) -> str | None:
    if event.exit_code == 0 and event.limit is None:
        return None
    how = f"exit code {event.exit_code}" if event.exit_code is not None else f"signal {event.signal}"
    return f"  {how}{f', {event.limit} limit' if event.limit else ''} after {event.wall_seconds:.1f} s"


def _checkpoint(event: e.CheckpointTaken) -> str | None:
    refused = f"; refused: {', '.join(event.refused)}" if event.refused else ""
    return f"  saved: {', '.join(event.files) or 'nothing'}{refused}"


def _merged(event: e.ChangeMerged) -> str:
    lost = f"; {len(event.lost_lines)} lines of resolved conflicts are gone, see review" if event.lost_lines else ""
    return f"landed on the run's main branch as {event.landed[:10]}{lost}"


def _base(event: e.VerifiedBase) -> str | None:
    return "verify passes on the base" if event.green else None  # the run itself shows it whole, and asks


def _task_ended(event: e.TaskEnded) -> str:
    return f"{event.state}{f': {event.why}' if event.why else ''}"


_WORDS: dict[type, Callable[..., str | None]] = {
    e.VerifiedBase: _base,
    e.AttemptStarted: _started,
    e.AttemptEnded: _ended,
    e.DecisionMade: lambda event: f"{event.agent} decides: {event.choice}: {event.why}",
    e.CommandProposed: _proposed,
    e.CommandJudged: _judged,
    e.CommandRun: _run,
    e.CheckpointTaken: _checkpoint,
    e.GateStarted: lambda event: f"gate {event.gate} looks at {event.commit[:10]}",
    e.GatePassed: lambda event: f"gate {event.gate} passed",
    e.GateFailed: lambda event: f"gate {event.gate} refused: {event.why}",
    e.QuestionAsked: lambda event: f"asks ({event.id}): {event.subject}",
    e.QuestionAnswered: lambda event: f"  answered by {event.by}: {'yes' if event.allowed else 'no'}",
    e.ChangeMerged: _merged,
    e.ChangeRefused: lambda event: f"sent back: {event.why}",
    e.TaskEnded: _task_ended,
    e.LimitReached: lambda event: f"limit reached: {event.limit}, {event.used:g} of {event.value:g}",
    e.FaultMet: lambda event: f"fault: {event.where}: {event.why}",
    e.FaultRetried: lambda event: f"  trying again ({event.where}, try {event.attempt})",
}
