"""The events of what was judged, asked about, answered and run."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from agents.events import (
    CommandJudged,
    CommandProposed,
    CommandRun,
    JudgedPart,
    ModelAnswered,
    ModelAsked,
    QuestionAnswered,
    QuestionAsked,
)
from agents.model import ModelReply
from agents.policy import Answer, Question
from policies.verdict import Decision, Part, Verdict
from sandbox.sandbox import CommandResult, LimitHit, Output


def question_id(task: str, command_id: str, binding: str) -> str:
    """The id of a question: a given answer must never serve another command, so what it is bound to is part of it.

    Eighty bits, because an agent chooses the text that it is granted as well as the one that it wants.
    """
    return f"{task}.{command_id}.{hashlib.sha256(binding.encode()).hexdigest()[:20]}"


def asked_event(question: Question, *, left_out: str | None = None) -> QuestionAsked:
    """The event of asking, for which the files were saved, but for what was `left_out`."""
    return QuestionAsked(
        id=question.id,
        about=question.about,
        subject=question.subject,
        parts=judged_parts(question.decision),
        cwd=question.cwd,
        bound=dict(question.bound),
        left_out=left_out,
    )


def answered_event(question: Question, answer: Answer) -> QuestionAnswered:
    """The event of the answer to a question."""
    return QuestionAnswered(id=question.id, allowed=answer.allowed, by=answer.by, why=answer.why)


def judged_parts(decision: Decision) -> list[JudgedPart]:
    """The parts of a decision as the journal holds them."""
    return [JudgedPart(**{**asdict(part), "verdict": part.verdict.value}) for part in decision.parts]


def judged_event(id: str, decision: Decision, *, allowed: bool, answered_by: str | None = None) -> CommandJudged:
    """The event of a decision; `allowed` is what came of it."""
    return CommandJudged(
        id=id,
        verdict=decision.verdict.value,
        allowed=allowed,
        parts=judged_parts(decision),
        answered_by=answered_by,
    )


def run_event(proposed: CommandProposed, script: str, result: CommandResult, *, sandbox: str) -> CommandRun:
    """The event of a command that was executed."""
    return CommandRun(
        id=proposed.id,
        source=proposed.source,
        agent=proposed.agent,
        step=proposed.step,
        sandbox=sandbox,
        command=script,
        exit_code=result.exit_code,
        signal=result.signal,
        stdout=result.stdout.text(),
        stderr=result.stderr.text(),
        dropped_bytes=result.stdout.dropped_bytes + result.stderr.dropped_bytes,
        wall_seconds=result.wall_seconds,
        cpu_seconds=result.cpu_seconds,
        peak_memory_bytes=result.peak_memory_bytes,
        limit=result.limit.value if result.limit else None,
        cancelled=result.cancelled,
    )


def decision_of(judged: CommandJudged) -> Decision:
    """The decision that an event tells of."""
    parts = (Part(**{**part.model_dump(), "verdict": Verdict(part.verdict)}) for part in judged.parts)
    return Decision(parts=tuple(parts))


def result_of(ran: CommandRun) -> CommandResult:
    """How a command ended, as its event tells it."""
    return CommandResult(
        exit_code=ran.exit_code,
        signal=ran.signal,
        stdout=Output(head=ran.stdout.encode(errors="replace")),
        stderr=Output(head=ran.stderr.encode(errors="replace")),
        wall_seconds=ran.wall_seconds,
        cpu_seconds=ran.cpu_seconds,
        peak_memory_bytes=ran.peak_memory_bytes,
        limit=LimitHit(ran.limit) if ran.limit else None,
        cancelled=ran.cancelled,
    )


def model_answered(asked: ModelAsked, reply: ModelReply) -> ModelAnswered:
    """The event of an answer to what was asked."""
    return ModelAnswered(
        agent=asked.agent,
        role=asked.role,
        step=asked.step,
        model=reply.model,
        message=reply.message,
        finish_reason=reply.finish_reason,
        usage=reply.usage,
        cost=reply.cost,
        latency_seconds=reply.latency_seconds,
        client_ms=reply.client_ms,
    )
