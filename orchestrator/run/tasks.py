"""One task from its start to its outcome: attempts, rounds within them, gates, and the queue."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

from anyio import to_thread

from agents.agent import Outcome
from agents.assignment import Note
from agents.events import TaskEnded, TaskStarted
from agents.events import TaskState as EndState
from agents.results import Change, RoleResult
from orchestrator.airlock import commits, refs
from orchestrator.airlock.merge import LostLines, lost_lines
from orchestrator.airlock.messages import compose
from orchestrator.journal.state import TaskState
from orchestrator.plan.models import Task
from orchestrator.run.assignments import assignment, handed_over
from orchestrator.run.attempt import Attempt, gone_on_with, made_before
from orchestrator.run.budget import TimedBudget
from orchestrator.run.checkpoints import Checkpoints
from orchestrator.run.claims import Claims
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from orchestrator.run.deciding import Decided, Failure, decide
from orchestrator.run.gates import Gates, GateUnanswered
from orchestrator.run.inspection import inspect
from orchestrator.run.landing import Candidate, Landed, Landing, SentBack, shown_lost
from orchestrator.run.left_off import LeftOff, left_off_of
from orchestrator.run.rounds import Round, work_round
from orchestrator.run.split import work_parts
from orchestrator.run.usage import used_by_task
from orchestrator.run.whereabouts import Whereabouts

_BY_ENDING: dict[str, EndState] = {
    "failed": "failed",
    "limit": "waiting",
    "parked": "waiting",
    "interrupted": "waiting",
}
"""What becomes of a task whose agent ended without finishing; all but a failure are taken up again by `resume`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How an attempt ended, without a state where it is merged; `again` says that a fresh start may do better."""

    state: EndState | None
    why: str | None = None
    commit: str | None = None
    again: bool = False


async def work_on(ctx: RunContext, landing: Landing, task: Task, *, whole: TimedBudget | None = None) -> TaskState:
    """Work on a task until it is merged, parked or lost, from where it was; every outcome but `merged` is journalled.

    `whole` is the budget of the task that this one is a part of, where it was split.
    """
    await _take_up(ctx, task.id)
    return await _TaskRun(ctx, landing, task, whole=whole).work()


async def _take_up(ctx: RunContext, task_id: str) -> None:
    """Know how far a task had come that this process has worked on, or that was lost with the store of the runs."""
    task = ctx.state.tasks[task_id]
    if task_id in ctx.left_off or not task.attempts or task.parts:
        return
    left = await to_thread.run_sync(left_off_of, task, await ctx.journal.of_task(task_id))
    if task.state is not TaskState.WAITING:
        # It begins anew; the agents of its gates have numbers of their own all the same.
        left = LeftOff(where=Whereabouts(at_gates=left.where.at_gates))
    ctx.left_off[task_id] = left


class _TaskRun:
    """Carries one task out."""

    def __init__(self, ctx: RunContext, landing: Landing, task: Task, *, whole: TimedBudget | None = None) -> None:
        progress = ctx.state.tasks[task.id]
        self._ctx = ctx
        self._landing = landing
        self._task = task
        self._left = ctx.left_off.pop(task.id, None)
        self._recorder = ctx.journal.recorder(task.id)
        used = used_by_task(ctx.state, task.id)
        above = ctx.budget if whole is None else whole
        self._budget = above.for_task(task.id, task.limits, used=used, used_seconds=progress.seconds)
        self._claims = Claims(ctx, task, self._recorder)
        self._gates = Gates(ctx, task, self._recorder, self._budget, left=self._left)

    async def work(self) -> TaskState:
        there = await gone_on_with(self._ctx, self._task, self._left, self._recorder) if self._left else None
        await self._recorder.record(TaskStarted(commit=there.start if there else self._landing.tip))
        progress = self._ctx.state.tasks[self._task.id]
        ended = await self._attempts(there or self._fresh(progress.attempts + 1)) if not progress.parts else None
        if ended is None:
            return await self._work_parts()
        if ended.state is None:
            return TaskState.MERGED
        await self._recorder.record(TaskEnded(state=ended.state, why=ended.why, commit=ended.commit))
        return TaskState(ended.state)

    def _fresh(self, number: int, *, advice: str = "", reasons: tuple[Note, ...] = ()) -> Attempt:
        tip = self._landing.tip
        return Attempt(number=number, start=tip, commit=tip, advice=advice, reasons=reasons)

    async def _attempts(self, attempt: Attempt) -> _Ended | None:
        """This attempt and fresh ones until one does it, or the coordinator ends them; None where it was split."""
        allowed = self._task.limits.attempts or self._ctx.plan.limits.attempts
        while True:
            ended = await self._attempt(attempt)
            left = allowed - attempt.number
            if not ended.again or left <= 0:
                return ended
            earlier = (
                Note(source=f"attempt {attempt.number}", kind="attempt", text=ended.why or "no reason was given"),
            )
            match await self._decided(attempt, ended, left):
                case Decided(choice="split"):
                    return None
                case Decided(choice="give up", why=why):
                    return replace(ended, why=f"{ended.why}; the coordinator gave up: {why}")
                case Decided(advice=advice):
                    attempt = self._fresh(attempt.number + 1, advice=advice, reasons=earlier)
                case Outcome(ended="limit" | "parked" | "interrupted", why=why):
                    return _Ended(state="waiting", why=why, commit=ended.commit)
                case _:
                    attempt = self._fresh(attempt.number + 1, reasons=earlier)

    async def _decided(self, attempt: Attempt, ended: _Ended, left: int) -> Decided | Outcome | None:
        known = self._left.where.decision if self._left is not None else None
        if known is not None and known.attempt == attempt.number:
            return Decided(choice=known.choice, why=known.why, advice=known.advice)
        commit = ended.commit or attempt.start
        failure = Failure(attempt=attempt.number, attempts_left=left, why=ended.why or "", commit=commit)
        return await decide(
            self._ctx, self._task, failure, recorder=self._recorder, budget=self._budget, left=self._left
        )

    async def _work_parts(self) -> TaskState:
        def work(part: Task) -> Awaitable[TaskState]:
            return work_on(self._ctx, self._landing, part, whole=self._budget)

        state = await work_parts(self._ctx, self._task.id, self._recorder, work)
        commit = self._ctx.state.tasks[self._task.id].commit
        if state is TaskState.READY and commit is not None:
            await self._keep_branch(commit)
        return state

    async def _attempt(self, attempt: Attempt) -> _Ended:
        rounds = self._task.limits.rounds or self._ctx.plan.limits.rounds
        for number in range(attempt.round, rounds + 1):
            ended = await self._round(attempt, number)
            if ended is not None:
                return ended
        last = attempt.reasons[0].text if attempt.reasons else ""
        why = f"sent back {rounds} times, the last time because {last}"
        return _Ended(state="refused", why=why, commit=attempt.commit, again=True)

    async def _round(self, attempt: Attempt, number: int) -> _Ended | None:
        """One round; None where the work was sent back, for the reasons now in the attempt."""
        over, attempt.ended = attempt.ended, None
        if over is None:
            outcome = await self._worked(attempt, number)
            if outcome.result is None:
                return self._unfinished(outcome.ended, outcome.why, attempt)
            attempt.result = outcome.result
        elif attempt.result is None:
            return self._unfinished(over.outcome, over.why, attempt)
        return await self._finished(attempt, attempt.tree or await self._ctx.tree_of(attempt.commit))

    async def _worked(self, attempt: Attempt, number: int) -> Outcome:
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
            head=attempt.head,
        )
        attempt.head = None
        finished = await work_round(
            self._ctx,
            work,
            recorder=self._recorder,
            budget=self._budget,
            claim=partial(self._claim, attempt),
        )
        attempt.commit, attempt.conversation = finished.commit, finished.outcome.conversation
        attempt.tree = None if await self._ctx.tree_of(finished.commit) == finished.tree else finished.tree
        return finished.outcome

    def _unfinished(self, how: str, why: str | None, attempt: Attempt) -> _Ended:
        state = _BY_ENDING[how]
        return _Ended(state=state, why=why, commit=attempt.commit, again=state == "failed")

    async def _claim(self, attempt: Attempt, _: RoleResult, saved: Checkpoints) -> str | None:
        if not self._task.writes or saved.unsaved is not None:
            return saved.unsaved
        commit = await self._squashed(attempt, saved.tree, subject=self._task.id, body="")
        return await self._claims.check(start=attempt.start, commit=commit)

    async def _finished(self, attempt: Attempt, tree: str) -> _Ended | None:
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

    async def _submit(self, attempt: Attempt, tree: str) -> _Ended | None:
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

    async def _gated(self, attempt: Attempt, commit: str, summary: str, lost: tuple[LostLines, ...]) -> Note | None:
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
            lost=tuple(shown_lost(lost)),
        )
        return await self._gates.check(commit, seen)

    def _repair(self, attempt: Attempt, back: SentBack) -> None:
        """The next round works on the merged files, with the markers where there are conflicts."""
        attempt.start = attempt.commit = back.onto
        attempt.tree = back.tree
        attempt.conflict = back.merged
        attempt.reasons = (Note(source="the merge", kind="merge", text=back.why),)

    async def _lost(self, attempt: Attempt, commit: str) -> tuple[LostLines, ...]:
        if attempt.conflict is None:
            return ()
        return await to_thread.run_sync(partial(lost_lines, self._ctx.hub, attempt.conflict, commit))

    async def _squashed(self, attempt: Attempt, tree: str, *, subject: str, body: str) -> str:
        """One commit of the whole task on where it started; the one that is there, where it was made before."""
        message = compose(subject, body, {})
        there = await made_before(self._ctx, self._task.id, tree=tree, parent=attempt.start, message=message)
        if there is not None:
            return there
        write = partial(
            commits.commit,
            self._ctx.hub,
            tree=tree,
            parents=[attempt.start],
            message=message,
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
        subject = self._ctx.secrets.text(f"{self._task.id}: {self._task.goal.strip().splitlines()[0]}")
        if isinstance(result, Change):
            return subject, "\n\n".join(part for part in (result.summary, result.notes) if part)
        return subject, handed_over(result.model_dump(mode="json")) if result is not None else ""
