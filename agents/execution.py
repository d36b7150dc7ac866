"""The one way to a sandbox: judged before it runs, journalled before it is judged and after it ran.

No other module calls `execute` or `write_file` of a sandbox; a test holds that.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Literal

from agents.edits import EditRefused, creating, read_text, replaced, workspace_path
from agents.events import (
    CommandJudged,
    CommandProposed,
    CommandRun,
    JudgedPart,
    QuestionAnswered,
    QuestionAsked,
)
from agents.policy import Answer, Asker, Policy, Question
from agents.recorder import Recorder
from policies.verdict import Decision, Verdict
from sandbox.errors import CommandRefused, FileRefused
from sandbox.sandbox import WORKSPACE, Command, CommandResult, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command was executed, well or badly."""

    result: CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStarted:
    """A command that was allowed and that the sandbox would not take; `why` says what of it."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A file was written, or `why` it was not."""

    path: str
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The policy, or the human it asked, said no: nothing ran."""

    decision: Decision
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Whose hands act: the role and agent of a task, with the judge, the human and the journal they answer to."""

    task: str
    role: str
    agent: str
    policy: Policy
    asker: Asker
    recorder: Recorder
    timeout_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which call it is: its step, its number within the step's answer, and the how-manieth try at that step."""

    step: int
    number: int
    tries: int = 1


class JudgedSandbox:
    """A sandbox in which an agent's commands and edits run only after the policy allowed them.

    Every method lets SandboxLost through.
    """

    def __init__(self, sandbox: Sandbox, hands: Hands) -> None:
        self._sandbox = sandbox
        self._hands = hands

    async def shell(
        self, script: str, *, place: Place, timeout_seconds: float | None = None
    ) -> Ran | NotStarted | Refused:
        """Judge and run a script; the time limit is never above the plan's."""
        hands = self._hands
        decision = hands.policy.judge_command(script, role=hands.role, cwd=WORKSPACE)
        arguments: dict[str, object] = {"command": script}
        if timeout_seconds is not None:
            arguments["timeout_seconds"] = timeout_seconds
        proposed = self._proposed(place, "shell", arguments)
        refusal = await self._judge(proposed, place, decision, script)
        if refusal is not None:
            return refusal
        timeout = min(timeout_seconds or hands.timeout_seconds, hands.timeout_seconds)
        try:
            result = await self._sandbox.execute(Command(script=script, timeout_seconds=timeout))
        except CommandRefused as refused:
            return NotStarted(why=refused.why)
        await hands.recorder.record(run_event(proposed, script, result, sandbox=self._sandbox.name))
        return Ran(result=result)

    async def edit(self, path: str, old: str, new: str, *, place: Place) -> Edited | Refused:
        """Judge and make an exact replacement, or a new file where `old` is empty."""
        hands = self._hands
        try:
            absolute = workspace_path(path)
        except EditRefused as error:
            return Edited(path=path, why=str(error))
        proposed = self._proposed(place, "edit", {"path": absolute, "old": old, "new": new})
        decision = hands.policy.judge_edit(absolute, role=hands.role)
        refusal = await self._judge(proposed, place, decision, f"edit {absolute}")
        if refusal is not None:
            return refusal
        began = time.monotonic()
        why = await self._write(absolute.removeprefix(f"{WORKSPACE}/"), old, new)
        await hands.recorder.record(
            CommandRun(
                id=proposed.id,
                agent=hands.agent,
                step=place.step,
                sandbox=self._sandbox.name,
                command=f"edit {absolute}",
                exit_code=0 if why is None else 1,
                stderr=why or "",
                wall_seconds=time.monotonic() - began,
            )
        )
        return Edited(path=absolute, why=why)

    async def _write(self, path: str, old: str, new: str) -> str | None:
        try:
            before = await read_text(self._sandbox, path, missing_ok=not old)
            after = creating(before, new) if not old else replaced(before or "", old, new)
            await self._sandbox.write_file(path, after.encode(), create=before is None)
        except EditRefused as refusal:
            return str(refusal)
        except FileRefused as refusal:
            return f"{path}: {refusal.why}"
        return None

    def _proposed(self, place: Place, tool: str, arguments: dict[str, object]) -> CommandProposed:
        again = f".r{place.tries}" if place.tries > 1 else ""
        return CommandProposed(
            id=f"{self._call_id(place)}{again}",
            agent=self._hands.agent,
            step=place.step,
            tool=tool,
            arguments=json.dumps(arguments),
        )

    def _call_id(self, place: Place) -> str:
        return f"{self._hands.agent}.{place.step}.{place.number}"

    async def _judge(self, proposed: CommandProposed, place: Place, decision: Decision, subject: str) -> Refused | None:
        hands = self._hands
        if decision.verdict is not Verdict.ASK:
            # A decision about nothing decides nothing: its verdict would be "allow".
            allowed = decision.verdict is Verdict.ALLOW and bool(decision.parts)
            await hands.recorder.record(proposed, judged_event(proposed.id, decision, allowed=allowed))
            return None if allowed else Refused(decision=decision)
        question = Question(
            id=question_id(hands.task, self._call_id(place), subject),
            task=hands.task,
            role=hands.role,
            subject=subject,
            decision=decision,
        )
        await hands.recorder.record(
            proposed,
            QuestionAsked(id=question.id, about="command", subject=subject, parts=judged_parts(decision)),
        )
        answer = await hands.asker.ask(question)
        await hands.recorder.record(
            QuestionAnswered(id=question.id, allowed=answer.allowed, by=answer.by, why=answer.why),
            judged_event(proposed.id, decision, allowed=answer.allowed, answered_by=answer.by),
        )
        return None if answer.allowed else Refused(decision=decision, answer=answer)


def question_id(task: str, command_id: str, subject: str) -> str:
    """The id of a question: a given answer must never serve another command, so the text itself is part of it.

    Eighty bits, because an agent chooses the text that it is granted as well as the one that it wants.
    """
    return f"{task}.{command_id}.{hashlib.sha256(subject.encode()).hexdigest()[:20]}"


async def run_user_command(
    sandbox: Sandbox,
    script: str,
    *,
    id: str,
    source: Literal["verify", "setup"],
    recorder: Recorder,
    decision: Decision | None = None,
    timeout_seconds: float | None = None,
) -> CommandResult:
    """Run a command of the plan, journalled with its source; raises SandboxLost, CommandRefused.

    What the user wrote is not judged. A `decision` goes with what a coordinator added: it runs only where allowed.
    """
    proposed = CommandProposed(id=id, source=source, tool="shell", arguments=json.dumps({"command": script}))
    await recorder.record(proposed)
    if decision is not None:
        allowed = decision.verdict is Verdict.ALLOW and bool(decision.parts)
        await recorder.record(judged_event(id, decision, allowed=allowed))
        if not allowed:
            why = f"rule {decision.deciding.rule}: {decision.deciding.why}" if decision.parts else "nothing judged it"
            raise CommandRefused(why)
    result = await sandbox.execute(Command(script=script, timeout_seconds=timeout_seconds))
    await recorder.record(run_event(proposed, script, result, sandbox=sandbox.name))
    return result


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
