"""The one way to a sandbox: judged before it runs, journalled before it is judged and after it ran.

No other module calls `execute` or `write_file` of a sandbox; a test holds that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from agents.binding import bound_text, scripts_bound, text_bound
from agents.budget import Budget, LimitReached
from agents.edits import EditRefused, creating, read_text, replaced, workspace_path
from agents.events import CommandProposed, CommandRun, Event
from agents.policy import Answer, Asker, Policy, Question
from agents.recorder import Recorder
from agents.records import answered_event, asked_event, judged_event, question_id, run_event
from policies.verdict import Decision, Verdict
from sandbox.errors import CommandRefused, FileRefused
from sandbox.sandbox import WORKSPACE, Command, CommandResult, Sandbox

Binds: TypeAlias = Callable[[], Awaitable[dict[str, str]]]
"""Tells what an answer is bound to, as it is now."""

MOST_CHANGES = 3
"""How often one command is asked about anew because what it names changed; nothing should change it at all."""


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
    budget: Budget | None = None


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
        self.before_asking: Callable[[], Awaitable[str | None]] | None = None
        """Saves the files before a human is asked, who may outlast this process; says what of them it left out."""

    async def shell(
        self, script: str, *, place: Place, timeout_seconds: float | None = None
    ) -> Ran | NotStarted | Refused:
        """Judge and run a script; the time limit is never above the plan's.

        Once the time that may be used is up none is started, so that a step ends with its files saved and the next
        request finds the limit.
        """
        hands = self._hands
        try:
            if hands.budget is not None:
                hands.budget.command()
        except LimitReached as reached:
            return NotStarted(why=str(reached))
        decision = hands.policy.judge_command(script, role=hands.role, cwd=WORKSPACE)
        arguments: dict[str, object] = {"command": script}
        if timeout_seconds is not None:
            arguments["timeout_seconds"] = timeout_seconds
        proposed = self._proposed(place, "shell", arguments)
        refusal = await self._judge(proposed, place, decision, script, partial(self._scripts, script, place))
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
        given = {"the text of the edit": text_bound(old, new)}
        refusal = await self._judge(proposed, place, decision, f"edit {absolute}", partial(_same, given))
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

    async def _scripts(self, script: str, place: Place) -> dict[str, str]:
        """What a yes to a script is bound to: the code that it names, as it is now."""
        named = self._hands.policy.scripts_named(script, cwd=WORKSPACE)
        return await scripts_bound(self._sandbox, named, call=f"{self._hands.task}.{self._call_id(place)}")

    async def _judge(
        self, proposed: CommandProposed, place: Place, decision: Decision, subject: str, binds: Binds
    ) -> Refused | None:
        hands = self._hands
        if decision.verdict is not Verdict.ASK:
            # A decision about nothing decides nothing: its verdict would be "allow".
            allowed = decision.verdict is Verdict.ALLOW and bool(decision.parts)
            await hands.recorder.record(proposed, judged_event(proposed.id, decision, allowed=allowed))
            return None if allowed else Refused(decision=decision)
        left_out = await self.before_asking() if self.before_asking is not None else None
        ahead: tuple[Event, ...] = (proposed,)
        for _ in range(MOST_CHANGES):
            question = await self._question(place, decision, subject, binds)
            await hands.recorder.record(*ahead, asked_event(question, left_out=left_out))
            answer = await hands.asker.ask(question)
            # A yes is to what the human could see: what it names may have changed while they thought about it.
            if not answer.allowed or await binds() == question.bound:
                break
            ahead = (answered_event(question, answer),)
        else:
            answer = Answer(allowed=False, by="the program", why="what it names changed whenever it was asked about")
        judged = judged_event(proposed.id, decision, allowed=answer.allowed, answered_by=answer.by)
        await hands.recorder.record(answered_event(question, answer), judged)
        return None if answer.allowed else Refused(decision=decision, answer=answer)

    async def _question(self, place: Place, decision: Decision, subject: str, binds: Binds) -> Question:
        hands = self._hands
        bound = await binds()
        binding = bound_text(subject, WORKSPACE, bound)
        return Question(
            id=question_id(hands.task, self._call_id(place), binding),
            task=hands.task,
            role=hands.role,
            subject=subject,
            decision=decision,
            cwd=WORKSPACE,
            bound=bound,
        )


async def _same(bound: dict[str, str]) -> dict[str, str]:
    return bound


async def run_user_command(
    sandbox: Sandbox,
    script: str,
    *,
    id: str,
    source: Literal["verify", "setup"],
    recorder: Recorder,
    decision: Decision | None = None,
    timeout_seconds: float | None = None,
    env: Mapping[str, str] | None = None,
) -> CommandResult:
    """Run a command of the plan, journalled with its source; raises SandboxLost, CommandRefused.

    `env` is for this command alone, and not journalled. What the user wrote is not judged.
    A `decision` goes with what a coordinator added: it runs only where allowed.
    """
    proposed = CommandProposed(id=id, source=source, tool="shell", arguments=json.dumps({"command": script}))
    await recorder.record(proposed)
    if decision is not None:
        allowed = decision.verdict is Verdict.ALLOW and bool(decision.parts)
        await recorder.record(judged_event(id, decision, allowed=allowed))
        if not allowed:
            why = f"rule {decision.deciding.rule}: {decision.deciding.why}" if decision.parts else "nothing judged it"
            raise CommandRefused(why)
    result = await sandbox.execute(Command(script=script, timeout_seconds=timeout_seconds, env=env or {}))
    await recorder.record(run_event(proposed, script, result, sandbox=sandbox.name))
    return result
