"""What the journal says about one task's change: commands with their verdicts, results of its agents, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of


@dataclass(slots=True, kw_only=True)
class CommandEvidence:
    """One proposed command: what the policy said of it, and how it ended if it ran."""

    id: str
    source: str
    agent: str | None
    tool: str
    text: str
    judged: e.CommandJudged | None = None
    ran: e.CommandRun | None = None

    def as_json(self) -> dict[str, Any]:
        """The command for programs."""
        deciding = deciding_part(self.judged)
        return {
            "id": self.id,
            "source": self.source,
            "agent": self.agent,
            "tool": self.tool,
            "command": self.text,
            "verdict": self.judged.verdict if self.judged else None,
            "allowed": self.judged.allowed if self.judged else None,
            "answered_by": self.judged.answered_by if self.judged else None,
            "rule": deciding.model_dump() if deciding else None,
            "run": self.ran.model_dump(exclude={"v", "kind", "id", "source", "agent"}) if self.ran else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEvidence:
    """What an agent handed over when it ended, or why it ended without."""

    agent: str
    outcome: str
    result: dict[str, Any] | None
    why: str | None


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything about one task; its change is from `start` to the task's commit until it is merged."""

    commands: dict[str, CommandEvidence] = field(default_factory=dict)
    results: list[ResultEvidence] = field(default_factory=list)
    refusals: list[e.ChangeRefused] = field(default_factory=list)
    merged: e.ChangeMerged | None = None
    start: str | None = None
    attempt: int = 0

    def change(self, commit: str | None) -> tuple[str, str] | None:
        """The commits between which the change lies; `commit` is the task's own; None where nothing was changed."""
        if self.merged is not None:
            return self.merged.onto, self.merged.landed
        return (self.start, commit) if self.start is not None and commit is not None else None


def evidence_of(events: Iterable[Recorded], task: str) -> Evidence:
    """The evidence about `task` in the events of a run, oldest first."""
    evidence = Evidence()
    for recorded in events:
        if recorded.task == task:
            _take(evidence, event_of(recorded))
    return evidence


def deciding_part(judged: e.CommandJudged | None) -> e.JudgedPart | None:
    """The part that decided a verdict; None where nothing was judged."""
    parts = judged.parts if judged else []
    return next((part for part in parts if judged and part.verdict == judged.verdict), parts[0] if parts else None)


def _take(evidence: Evidence, event: e.Event) -> None:
    match event:
        case e.TaskStarted():
            evidence.start, evidence.attempt = event.commit, 0
        case e.AttemptStarted() if event.attempt > evidence.attempt:
            evidence.start, evidence.attempt = event.commit, event.attempt
        case e.CommandProposed():
            evidence.commands[event.id] = CommandEvidence(
                id=event.id, source=event.source, agent=event.agent, tool=event.tool, text=command_text(event)
            )
        case e.CommandJudged() if event.id in evidence.commands:
            evidence.commands[event.id].judged = event
        case e.CommandRun() if event.id in evidence.commands:
            evidence.commands[event.id].ran = event
        case e.AttemptEnded():
            evidence.results.append(
                ResultEvidence(agent=event.agent, outcome=event.outcome, result=event.result, why=event.why)
            )
        case e.ChangeRefused():
            # The repair is made on what the change was refused by.
            evidence.refusals.append(event)
            evidence.start = event.onto
        case e.ChangeMerged():
            evidence.merged = event
        case _:
            pass


def command_text(event: e.CommandProposed) -> str:
    """What a tool was called for."""
    return called_for(event.arguments)


def called_for(arguments: str) -> str:
    """The command itself where a tool's raw arguments hold one; they are a model's, and may hold anything."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return arguments
    if isinstance(given, dict):
        for key in ("command", "path"):
            if isinstance(given.get(key), str):
                return str(given[key])
    return arguments
