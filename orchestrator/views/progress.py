"""A run as it goes on, a line for each thing worth knowing: what plain terminals, pipes and logs are shown.

Above a live view only some of them are kept: the rest is seen in the view.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.journal.proposals import command_text
from orchestrator.views.heard import in_round
from orchestrator.views.made_plan import made_plan
from orchestrator.views.outcome import command_line, retried
from orchestrator.views.styles import BAD, GOOD, HEADING, style_of
from policies.printable import printable

WIDTH = 120
"""Where it is no terminal, longer lines are cut all the same: the journal has them whole."""

KEPT_CHARS = 300
"""How much of a line is kept above a live view; `log` has the rest."""


def progress_line(recorded: Recorded, *, columns: int = WIDTH) -> str | None:
    """The line for one event, safe for a terminal and no longer; None for what only the journal needs.

    Of a plan that the coordinator made there are several lines.
    """
    event = event_of(recorded)
    if isinstance(event, e.PlanMade):
        return made_plan(event, columns=columns) if event.source == "coordinator" else None
    words = _WORDS.get(type(event))
    said = words(event) if words is not None else None
    if said is None:
        return None
    line = printable(f"{recorded.task or 'run':<16} {' ' * (len(said) - len(said.lstrip()))}{' '.join(said.split())}")
    return line if len(line) <= columns else f"{line[: columns - 1]}…"


def kept_line(recorded: Recorded, *, columns: int = WIDTH) -> tuple[str, str] | None:
    """What a reader wants to find again later of an event, wrapped at words, and its style; None for other events."""
    event = event_of(recorded)
    if isinstance(event, e.PlanMade):
        return (made_plan(event, columns=max(columns, 40)), "") if event.source == "coordinator" else None
    style = _KEPT.get(type(event), _never)(event)
    said = _WORDS[type(event)](event) if style is not None else None
    if style is None or said is None:
        return None
    line = printable(f"{recorded.task or 'run':<16} {' '.join(said.split())}")
    cut = line if len(line) <= KEPT_CHARS else f"{line[: KEPT_CHARS - 1]}…"
    return textwrap.fill(cut, max(columns, 40), subsequent_indent=" " * 17, break_on_hyphens=False), style


def _started(event: e.AttemptStarted) -> str:
    return f"{in_round(event)} begins with {event.model}"


def _ended(event: e.AttemptEnded) -> str | None:
    return None if event.outcome == "finished" else f"{event.agent} ended: {event.outcome}: {event.why or ''}"


def _proposed(event: e.CommandProposed) -> str:
    who = f"{event.agent} step {event.step}" if event.agent else event.source
    return f"{who}: {command_line(event.tool, command_text(event), limit=WIDTH).plain}"


def _judged(event: e.CommandJudged) -> str | None:
    if event.allowed:
        return None
    part = max(event.parts, key=lambda part: ("allow", "ask", "deny").index(part.verdict))
    by = f" by {event.answered_by}" if event.answered_by else ""
    return f"  refused{by}: {part.text}: {part.why} ({part.file}:{part.line})"


def _run(event: e.CommandRun) -> str | None:
    if event.exit_code == 0 and event.limit is None:
        return None
    how = f"exit code {event.exit_code}" if event.exit_code is not None else f"signal {event.signal}"
    return f"  {how}{f', {event.limit} limit' if event.limit else ''} after {event.wall_seconds:.1f} s"


def _network(event: e.NetworkAsked) -> str | None:
    host = f" {event.host}:{event.port}" if event.host else ""
    return None if event.allowed else f"  network refused: {event.method}{host}: {event.why}"


def _checkpoint(event: e.CheckpointTaken) -> str | None:
    refused = f"; not saved: {', '.join(event.refused)}" if event.refused else ""
    return f"  checkpoint {event.ref.rpartition('/')[2]}: {', '.join(event.files) or 'nothing'}{refused}"


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
    e.CommandInterrupted: lambda event: f"  interrupted: {event.command}: {event.why}",
    e.NetworkAsked: _network,
    e.CheckpointTaken: _checkpoint,
    e.GateStarted: lambda event: f"gate {event.gate} looks at {event.commit[:10]}",
    e.GatePassed: lambda event: f"gate {event.gate} passed",
    e.GateFailed: lambda event: f"gate {event.gate} failed: {event.why}",
    e.QuestionAsked: lambda event: f"asks ({event.id}): {event.subject}",
    e.QuestionAnswered: lambda event: f"  answer: {'allowed' if event.allowed else 'refused'} by {event.by}",
    e.ChangeMerged: _merged,
    e.ChangeRefused: lambda event: f"sent back by the merge: {event.why}",
    e.TaskEnded: _task_ended,
    e.LimitReached: lambda event: f"limit reached: {event.limit}, {event.used:g} of {event.value:g}",
    e.FaultMet: lambda event: f"fault: {event.where}: {event.why}",
    e.FaultRetried: lambda event: f"  {retried(event)}",
}


def _never(_: object) -> str | None:
    return None


def _kept_end(event: e.TaskEnded) -> str | None:
    """A task with a commit was told of when that was merged."""
    return None if event.state in {"landed", "ready"} and event.commit else style_of(event.state)


_KEPT: dict[type, Callable[..., str | None]] = {
    e.VerifiedBase: lambda _: GOOD,
    e.AttemptEnded: lambda event: None if event.outcome == "interrupted" else BAD,
    e.DecisionMade: lambda _: HEADING,
    e.CommandJudged: lambda _: style_of("deny"),
    e.CommandInterrupted: lambda _: style_of("interrupted"),
    e.NetworkAsked: lambda event: None if event.allowed else style_of("deny"),
    e.CheckpointTaken: lambda event: BAD if event.refused else None,
    e.GateFailed: lambda _: BAD,
    e.ChangeMerged: lambda _: style_of("landed"),
    e.ChangeRefused: lambda _: style_of("refused"),
    e.TaskEnded: _kept_end,
    e.LimitReached: lambda _: style_of("stopped"),
    e.FaultMet: lambda _: BAD,
}
"""The style of what is kept above a live view; None for what is not."""
