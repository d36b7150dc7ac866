"""What the journal says about a task's change: commands with their verdicts, results of its agents, refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.journal.proposals import command_text
from orchestrator.views.outcome import deciding_part, ran_well


@dataclass(slots=True, kw_only=True)
class CommandEvidence:
    """One proposed command: what the policy said of it, and how it ended if it ran."""

    proposed: e.CommandProposed
    judged: e.CommandJudged | None = None
    ran: e.CommandRun | None = None
    interrupted: e.CommandInterrupted | None = None

    @property
    def text(self) -> str:
        """The command or path itself."""
        return command_text(self.proposed)

    @property
    def refused(self) -> bool:
        """Whether the policy, or the human it asked, said no."""
        return self.judged is not None and not self.judged.allowed

    @property
    def failed(self) -> bool:
        """Whether it ran and did not end well."""
        return self.ran is not None and not ran_well(self.ran)

    def as_json(self) -> dict[str, Any]:
        """The command for programs."""
        deciding = deciding_part(self.judged)
        return {
            "id": self.proposed.id,
            "source": self.proposed.source,
            "agent": self.proposed.agent,
            "step": self.proposed.step,
            "tool": self.proposed.tool,
            "command": self.text,
            "verdict": self.judged.verdict if self.judged else None,
            "allowed": self.judged.allowed if self.judged else None,
            "answered_by": self.judged.answered_by if self.judged else None,
            "rule": deciding.model_dump() if deciding else None,
            "interrupted": self.interrupted.why if self.interrupted else None,
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
class Judgement:
    """What the policy said of the newest claim: each part that is not simply allowed, and how a question about it went.

    `tests` are those of the whole repository before and after, where the change touches any.
    """

    parts: list[e.JudgedPart] = field(default_factory=list)
    asked: e.QuestionAsked | None = None
    answer: e.QuestionAnswered | None = None
    tests: dict[str, int] = field(default_factory=dict)

    def take(self, event: e.Event) -> None:
        """Add what an event of the task says."""
        match event:
            case e.GateStarted(gate="policy"):
                self.parts, self.asked, self.answer, self.tests = [], None, None, {}
            case e.QuestionAsked(about="change"):
                self.parts, self.asked = list(event.parts), event
            case e.QuestionAnswered() if self.asked is not None and event.id == self.asked.id:
                self.answer = event
            case e.GatePassed(gate="policy") | e.GateFailed(gate="policy"):
                self.parts = [e.JudgedPart.model_validate(part) for part in event.evidence.get("judged", ())]
                self.tests = event.evidence.get("tests", {})
            case _:
                pass

    def as_json(self) -> list[dict[str, Any]]:
        """The parts for programs, each with the answer where it was asked about."""
        by = self.answer.by if self.answer else None
        allowed = self.answer.allowed if self.answer else None
        return [
            {
                **part.model_dump(),
                "answered_by": by if part.verdict == "ask" else None,
                "allowed": allowed if part.verdict == "ask" else False,
            }
            for part in self.parts
        ]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything about one task; its change is from `start` to the task's commit until it is merged."""

    commands: dict[str, CommandEvidence] = field(default_factory=dict)
    results: list[ResultEvidence] = field(default_factory=list)
    sent_back: list[e.GateFailed | e.ChangeRefused] = field(default_factory=list)
    answers: list[tuple[e.QuestionAsked, e.QuestionAnswered]] = field(default_factory=list)
    judgement: Judgement = field(default_factory=Judgement)
    told: list[tuple[e.AttemptStarted, e.Told]] = field(default_factory=list)
    """What each agent was told by others, with its beginning."""
    merged: e.ChangeMerged | None = None
    start: str | None = None
    made: str | None = None
    """The newest commit of its files."""
    attempt: int = 0
    _role: str | None = None
    _asked: dict[str, e.QuestionAsked] = field(default_factory=dict)

    @property
    def unanswered(self) -> list[e.QuestionAsked]:
        """The questions that wait for a human."""
        answered = {asked.id for asked, _ in self.answers}
        return [asked for asked in self._asked.values() if asked.id not in answered]

    def change(self) -> tuple[str, str] | None:
        """The commits between which the change lies; None where nothing was changed."""
        if self.merged is not None:
            return self.merged.onto, self.merged.landed
        return (self.start, self.made) if self.start is not None and self.made is not None else None

    def take(self, event: e.Event) -> None:
        """Add what an event of the task says."""
        self.judgement.take(event)
        match event:
            case e.CommandProposed():
                self.commands[event.id] = CommandEvidence(proposed=event)
            case e.CommandJudged() if event.id in self.commands:
                self.commands[event.id].judged = event
            case e.CommandInterrupted() if event.id in self.commands:
                self.commands[event.id].interrupted = event
            case e.CommandRun() if event.id in self.commands:
                self.commands[event.id].ran = event
            case e.AttemptEnded():
                ended = ResultEvidence(agent=event.agent, outcome=event.outcome, result=event.result, why=event.why)
                self.results.append(ended)
                self.made = event.commit or self.made
            case e.QuestionAsked():
                self._asked[event.id] = event
            case e.QuestionAnswered() if event.id in self._asked:
                self.answers.append((self._asked[event.id], event))
            case _:
                self._move(event)

    def _move(self, event: e.Event) -> None:
        """Take what moves the change's two ends."""
        match event:
            case e.TaskStarted():
                self.start, self.attempt, self.made = event.commit, 0, None
            case e.AttemptStarted():
                self._begin(event)
            case e.GateStarted() | e.CheckpointTaken():
                self.made = event.commit
            case e.TaskEnded():
                self.made = event.commit or self.made
            case e.GateFailed():
                self.sent_back.append(event)
            case e.ChangeRefused():
                # The repair is made on what the change was refused by.
                self.sent_back.append(event)
                self.start = event.onto
            case e.ChangeMerged():
                self.merged = event
            case _:
                pass

    def _begin(self, event: e.AttemptStarted) -> None:
        # The first to begin is the task's own agent; those of its gates have attempts too, on what they look at.
        self._role = self._role or event.role
        # One that begins again because its sandbox was lost is told nothing twice.
        known = {(begun.agent, begun.round) for begun, _ in self.told}
        self.told += [(event, told) for told in event.told if (event.agent, event.round) not in known]
        if event.role == self._role and event.attempt > self.attempt:
            self.start, self.attempt, self.made = event.commit, event.attempt, None


def evidence_by_task(rows: Iterable[Recorded]) -> dict[str, Evidence]:
    """The evidence about each task in the events of a run, oldest first; one without events has empty evidence."""
    found: dict[str, Evidence] = defaultdict(Evidence)
    for row in rows:
        if row.task is not None:
            found[row.task].take(event_of(row))
    return found
