"""Holding a claim of being finished against the facts: paths, the policy's rules on changes, and the task's tests."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from anyio import to_thread

from agents.events import GateFailed, GatePassed, GateStarted
from agents.policy import Question
from agents.recorder import Recorder
from agents.records import answered_event, asked_event, judged_parts, question_id
from orchestrator.airlock.diff import Change, changes
from orchestrator.airlock.errors import readable
from orchestrator.airlock.judgeable import judgeable
from orchestrator.plan.globs import matches_any
from orchestrator.plan.models import Task
from orchestrator.run.asker import HUMANS
from orchestrator.run.attempt import has_passed
from orchestrator.run.context import RunContext
from orchestrator.run.inspection import tests_of
from orchestrator.run.verification import verify
from policies.census import is_test_file
from policies.verdict import Decision, Verdict

_MARKERS = ("<<<<<<< ", ">>>>>>> ")


class Claims:
    """The checks of one task's claims, each a gate in the journal. `start` is what the change is measured against."""

    def __init__(self, ctx: RunContext, task: Task, recorder: Recorder) -> None:
        self._ctx = ctx
        self._task = task
        self._recorder = recorder

    async def check(self, *, start: str, commit: str) -> str | None:
        """None where the claim holds, else the reason for the agent; raises SandboxLost, SandboxUnavailable."""
        changed = await to_thread.run_sync(partial(changes, self._ctx.hub.git, start, commit))
        return await self._policy_gate(changed, start, commit) or await self._verify_gate(commit)

    async def _policy_gate(self, changed: tuple[Change, ...], start: str, commit: str) -> str | None:
        if has_passed(self._ctx, self._task.id, "policy", commit):
            return None
        await self._recorder.record(GateStarted(gate="policy", commit=commit))
        evidence: dict[str, object] = {"files": [readable(change.path) for change in changed]}
        why = self._outside(changed) or _unresolved(changed)
        if why is None and changed:
            decision = await to_thread.run_sync(partial(self._judge, changed, start, commit))
            evidence |= await to_thread.run_sync(partial(self._seen, changed, decision, start, commit))
            why = await self._settled(decision, commit)
        await self._settle("policy", commit, why, evidence)
        return why

    def _judge(self, changed: tuple[Change, ...], start: str, commit: str) -> Decision:
        ctx = self._ctx
        with judgeable(ctx.hub.git, changed, start, commit) as files:
            policy = ctx.policy_of(self._task.id, self._task.role)
            decision = policy.judge_changes(files, role=self._task.role, known=ctx.secrets.found_in)
        # A file's name may hold what must not be shown.
        parts = [
            replace(part, text=ctx.secrets.text(part.text), why=ctx.secrets.text(part.why)) for part in decision.parts
        ]
        return Decision(parts=tuple(parts))

    def _seen(self, changed: tuple[Change, ...], decision: Decision, start: str, commit: str) -> dict[str, object]:
        """What a reviewer will want to know of the judgement."""
        said = [part for part in judged_parts(decision) if part.verdict != "allow"]
        seen: dict[str, object] = {"judged": [part.model_dump() for part in said]} if said else {}
        if any(is_test_file(change.path) for change in changed):
            hub = self._ctx.hub
            seen["tests"] = {"before": tests_of(hub, start), "after": tests_of(hub, commit)}
        return seen

    def _outside(self, changed: tuple[Change, ...]) -> str | None:
        """A part of a split may change what it names, and never more than the task it is part of."""
        task: str | None = self._task.id
        while task is not None:
            paths = self._ctx.plan.task(task).paths
            outside = [change.path for change in changed if paths is not None and not matches_any(paths, change.path)]
            if paths is not None and outside:
                allowed = ", ".join(paths)
                return (
                    f"changed outside of what {task} may change ({allowed}): {_listed(outside)}; put these files back"
                )
            task = self._ctx.state.tasks[task].part_of
        return None

    async def _settled(self, decision: Decision, commit: str) -> str | None:
        if decision.verdict is Verdict.ALLOW:
            return None
        if decision.verdict is Verdict.ASK:
            return await self._ask(decision, commit)
        return _refusal(decision)

    async def _ask(self, decision: Decision, commit: str) -> str | None:
        """Have a human decide: about this very tree, whoever makes it."""
        tree = await to_thread.run_sync(self._ctx.hub.tree_of, commit)
        asked = Decision(parts=tuple(part for part in decision.parts if part.verdict is Verdict.ASK))
        subject = f"tree {tree}: {'; '.join(dict.fromkeys(part.text for part in asked.parts))}"
        question = Question(
            id=question_id(self._task.id, "changes", subject),
            task=self._task.id,
            role=self._task.role,
            subject=subject,
            decision=asked,
            about="change",
        )
        earlier = self._ctx.state.questions.get(question.id)
        if earlier is not None and earlier.allowed and earlier.by in HUMANS:
            return None  # it is about this very tree, and was said before the program was stopped
        await self._recorder.record(asked_event(question))
        answer = await self._ctx.asker.ask(question)
        await self._recorder.record(answered_event(question, answer))
        return None if answer.allowed else _refusal(decision, answer.why)

    async def _verify_gate(self, commit: str) -> str | None:
        if not self._task.verify or has_passed(self._ctx, self._task.id, "verify", commit):
            return None
        await self._recorder.record(GateStarted(gate="verify", commit=commit))
        verified = await verify(
            self._ctx,
            self._recorder,
            task=self._task.id,
            commit=commit,
            commands=self._task.verify,
            role=self._task.role,
        )
        why = None if verified.green else f"the task's checks are red:\n{verified.report}"
        await self._settle("verify", commit, why, {"output": verified.report})
        return why

    async def _settle(self, gate: str, commit: str, why: str | None, evidence: dict[str, object]) -> None:
        if why is None:
            await self._recorder.record(GatePassed(gate=gate, commit=commit, evidence=evidence))
        else:
            await self._recorder.record(GateFailed(gate=gate, commit=commit, why=why, evidence=evidence))


def _unresolved(changed: tuple[Change, ...]) -> str | None:
    marked = [change.path for change in changed if all(mark in change.added_text for mark in _MARKERS)]
    return f"conflict markers are left in: {_listed(marked)}" if marked else None


def _refusal(decision: Decision, answer: str | None = None) -> str:
    parts = [part for part in decision.parts if part.verdict is not Verdict.ALLOW]
    said = [
        f"{part.text}: {part.verdict} by {part.rule} ({part.file}:{part.line}): {part.why}"
        + (f"; instead: {part.instead}" if part.instead else "")
        for part in parts
    ]
    return "\n".join(["the policy refuses this change:", *said, *([answer] if answer else [])])


def _listed(paths: list[bytes]) -> str:
    shown = ", ".join(readable(path) for path in paths[:20])
    return shown if len(paths) <= 20 else f"{shown} and {len(paths) - 20} more"
