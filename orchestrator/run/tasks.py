"""One task from its start to its outcome: attempts, rounds within them, gates, and the queue."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

from anyio import to_thread

from agents.agent import Outcome
from agents.assignment import Note
from agents.conversation import Conversation
from agents.events import TaskEnded, TaskStarted
from agents.events import TaskState as EndState
from agents.results import Change, RoleResult
from orchestrator.airlock import commits, refs
from orchestrator.airlock.merge import LostLines, Merged, lost_lines
from orchestrator.airlock.messages import compose
from orchestrator.journal.state import TaskState
from orchestrator.plan.models import Task
from orchestrator.run.assignments import assignment, handed_over
from orchestrator.run.budget import TimedBudget
from orchestrator.run.checkpoints import Checkpoints
from orchestrator.run.claims import Claims
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from orchestrator.run.deciding import Decided, Failure, decide
from orchestrator.run.gates import Gates, GateUnanswered
from orchestrator.run.inspection import inspect
from orchestrator.run.landing import Candidate, Landed, Landing, SentBack, shown_lost
from orchestrator.run.parked import Parked, parked_claim
from orchestrator.run.rounds import Round, work_round
from orchestrator.run.split import used_with_parts, work_parts

_BY_ENDING: dict[str, EndState] = {
    "failed": "failed",
    "limit": "waiting",
    "parked": "waiting",
    "interrupted": "waiting",
}
"""What becomes of a task whose agent ended without finishing; all but a failure are taken up again by `resume`."""


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """A fresh start: where the next round begins, the conversation it goes on with, and why it was sent back.

    `advice` is how to go about it this time, where the coordinator had a word about the attempt before.
    """

    number: int
    start: str
    commit: str
    advice: str = ""
    tree: str | None = None
    conversation: Conversation | None = None
    reasons: tuple[Note, ...] = ()
    conflict: Merged | None = None
    result: RoleResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How an attempt ended, without a state where it is merged; `again` says that a fresh start may do better."""

    state: EndState | None
    why: str | None = None
    commit: str | None = None
    again: bool = False


class TaskRun:
    """Carries one task out."""

    def __init__(self, ctx: RunContext, landing: Landing, task: Task, *, whole: TimedBudget | None = None) -> None:
        """`whole` is the budget of the task that this one is a part of, where it was split."""
        progress = ctx.state.tasks[task.id]
        self._ctx = ctx
        self._landing = landing
        self._task = task
        self._attempts_before = progress.attempts
        self._recorder = ctx.journal.recorder(task.id)
        used = used_with_parts(ctx.state, task.id)
        above = ctx.budget if whole is None else whole
        self._budget = above.for_task(task.id, task.limits, used=used, used_seconds=progress.seconds)
        self._claims = Claims(ctx, task, self._recorder)
        self._gates = Gates(ctx, task, self._recorder, self._budget)

    async def work(self) -> TaskState:
        """Work until the task is merged, parked or lost; every outcome but `merged` is journalled here."""
        await self._recorder.record(TaskStarted(commit=self._landing.tip))
        progress = self._ctx.state.tasks[self._task.id]
        ended = await self._attempts() if not progress.parts else None
        if ended is None:
            return await self._work_parts()
        if ended.state is None:
            return TaskState.MERGED
        await self._recorder.record(TaskEnded(state=ended.state, why=ended.why, commit=ended.commit))
        return TaskState(ended.state)

    async def _attempts(self) -> _Ended | None:
        """Fresh starts until one does it, or the coordinator ends them; None where the task was split."""
        allowed = self._task.limits.attempts or self._ctx.plan.limits.attempts
        advice = ""
        earlier: tuple[Note, ...] = ()
        parked = await parked_claim(self._ctx, self._task.id)
        for left in range(allowed - 1, -1, -1):
            start = self._landing.tip
            number = self._attempts_before + allowed - left
            fresh = _Attempt(number=number, start=start, commit=start, advice=advice, reasons=earlier)
            ended = await self._attempt(_gone_on_with(fresh, parked) if parked is not None else fresh)
            parked = None
            if not (ended.again and left):
                break
            earlier = (Note(source=f"attempt {number}", kind="attempt", text=ended.why or "no reason was given"),)
            failure = Failure(attempt=number, attempts_left=left, why=ended.why or "", commit=ended.commit or start)
            match await decide(self._ctx, self._task, failure, recorder=self._recorder, budget=self._budget):
                case Decided(choice="split"):
                    return None
                case Decided(choice="give up", why=why):
                    return replace(ended, why=f"{ended.why}; the coordinator gave up: {why}")
                case Decided(advice=advice):
                    continue
                case Outcome(ended="limit" | "parked" | "interrupted", why=why):
                    return _Ended(state="waiting", why=why, commit=ended.commit)
                case _:
                    advice = ""
        return ended

    async def _work_parts(self) -> TaskState:
        def work(part: Task) -> Awaitable[TaskState]:
            return TaskRun(self._ctx, self._landing, part, whole=self._budget).work()

        state = await work_parts(self._ctx, self._task.id, self._recorder, work)
        commit = self._ctx.state.tasks[self._task.id].commit
        if state is TaskState.READY and commit is not None:
            await self._keep_branch(commit)
        return state

    async def _attempt(self, attempt: _Attempt) -> _Ended:
        rounds = self._task.limits.rounds or self._ctx.plan.limits.rounds
        for number in range(1, rounds + 1):
            ended = await self._round(attempt, number)
            if ended is not None:
                return ended
        last = attempt.reasons[0].text if attempt.reasons else ""
        why = f"sent back {rounds} times, the last time because {last}"
        return _Ended(state="refused", why=why, commit=attempt.commit, again=True)

    async def _round(self, attempt: _Attempt, number: int) -> _Ended | None:
        """One round; None where the work was sent back, for the reasons now in the attempt."""
        work = Round(
            assignment=assignment(
                self._ctx,
                self._task,
                self._task.role,
                attempt=attempt.number,
                round=number,
                reasons=attempt.reasons,
                advice=attempt.advice,
            ),
            commit=attempt.commit,
            tree=attempt.tree,
            keep=self._task.writes,
            conversation=attempt.conversation,
        )
        finished = await work_round(
            self._ctx,
            work,
            recorder=self._recorder,
            budget=self._budget,
            claim=partial(self._claim, attempt),
        )
        attempt.commit, attempt.conversation = finished.commit, finished.outcome.conversation
        attempt.tree = None if await self._ctx.tree_of(finished.commit) == finished.tree else finished.tree
        if finished.outcome.result is None:
            return self._unfinished(finished.outcome, attempt)
        attempt.result = finished.outcome.result
        return await self._finished(attempt, finished.tree)

    def _unfinished(self, outcome: Outcome, attempt: _Attempt) -> _Ended:
        state = _BY_ENDING[outcome.ended]
        return _Ended(state=state, why=outcome.why, commit=attempt.commit, again=state == "failed")

    async def _claim(self, attempt: _Attempt, _: RoleResult, saved: Checkpoints) -> str | None:
        if not self._task.writes or saved.unsaved is not None:
            return saved.unsaved
        commit = await self._squashed(attempt, saved.tree, subject=self._task.id, body="")
        return await self._claims.check(start=attempt.start, commit=commit)

    async def _finished(self, attempt: _Attempt, tree: str) -> _Ended | None:
        result = attempt.result
        verdict = getattr(result, "verdict", None)
        if verdict in {"fail", "changes"}:
            told = handed_over(result.model_dump(mode="json")) if result is not None else ""
            return _Ended(state="failed", why=told, commit=attempt.commit)
        if not self._task.writes:
            return _Ended(state="landed")
        if tree == await self._ctx.tree_of(attempt.start):
            return _Ended(state="landed", why="it found nothing to change")
        return await self._submit(attempt, tree)

    async def _submit(self, attempt: _Attempt, tree: str) -> _Ended | None:
        subject, body = self._words(attempt.result)
        commit = await self._squashed(attempt, tree, subject=subject, body=body)
        await self._keep_branch(commit)
        lost = await self._lost(attempt, commit)
        try:
            back = await self._gated(attempt, commit, body, lost)
        except GateUnanswered as silent:
            state = _BY_ENDING[silent.outcome.ended]
            return _Ended(state=state, why=str(silent), commit=commit)
        if back is not None:
            attempt.reasons = (back,)
            return None
        candidate = Candidate(
            task=self._task.id,
            commit=commit,
            subject=subject,
            body=body,
            model=self._ctx.plan.models_of(self._task.role)[0],
            lost=lost,
        )
        landed = await self._landing.land(candidate, self._recorder)
        if isinstance(landed, Landed):
            return _Ended(state=None, commit=landed.commit)
        self._repair(attempt, landed)
        return None

    async def _gated(self, attempt: _Attempt, commit: str, summary: str, lost: tuple[LostLines, ...]) -> Note | None:
        if not self._task.effective_gates:
            return None
        output = next(
            (
                str(gate.evidence.get("output", ""))
                for gate in reversed(self._ctx.state.tasks[self._task.id].gates)
                if gate.gate == "verify"
            ),
            "",
        )
        seen = await inspect(
            self._ctx.hub,
            start=attempt.start,
            commit=commit,
            summary=summary,
            verify_output=output,
            lost=tuple(line for lines in lost for line in shown_lost(lines)),
        )
        return await self._gates.check(commit, seen)

    def _repair(self, attempt: _Attempt, back: SentBack) -> None:
        """The next round works on the merged files, with the markers where there are conflicts."""
        attempt.start = attempt.commit = back.onto
        attempt.tree = back.tree
        attempt.conflict = back.merged
        attempt.reasons = (Note(source="the merge", kind="merge", text=back.why),)

    async def _lost(self, attempt: _Attempt, commit: str) -> tuple[LostLines, ...]:
        if attempt.conflict is None:
            return ()
        return await to_thread.run_sync(partial(lost_lines, self._ctx.hub, attempt.conflict, commit))

    async def _squashed(self, attempt: _Attempt, tree: str, *, subject: str, body: str) -> str:
        """One commit of the whole task on where it started."""
        write = partial(
            commits.commit,
            self._ctx.hub,
            tree=tree,
            parents=[attempt.start],
            message=compose(subject, body, {}),
            author=self._ctx.author,
            when=now(),
        )
        return await to_thread.run_sync(write)

    async def _keep_branch(self, commit: str) -> None:
        ref = refs.task_branch(self._ctx.run, self._task.id)

        def move() -> None:
            old = self._ctx.hub.read(ref)
            if old is None:
                self._ctx.hub.create(ref, commit)
            else:
                self._ctx.hub.update(ref, new=commit, old=old)

        await to_thread.run_sync(move)

    def _words(self, result: RoleResult | None) -> tuple[str, str]:
        """Subject and body of the task's commit: the plan's words first, the agent's below."""
        subject = f"{self._task.id}: {self._task.goal.strip().splitlines()[0]}"
        if isinstance(result, Change):
            return subject, "\n\n".join(part for part in (result.summary, result.notes) if part)
        return subject, handed_over(result.model_dump(mode="json")) if result is not None else ""


def _gone_on_with(fresh: _Attempt, parked: Parked) -> _Attempt:
    """An attempt that begins with the files of a claim, measured against where that one began."""
    return replace(fresh, start=parked.start, commit=parked.start, tree=parked.tree, reasons=(parked.note,))
