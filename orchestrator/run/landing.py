"""The merge queue of a run: one change at a time is merged in memory, tested as merged, and only then landed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import to_thread

from agents.events import ChangeMerged, ChangeQueued, ChangeRefused
from agents.recorder import Recorder
from orchestrator.airlock import commits, refs
from orchestrator.airlock.durable import make_durable
from orchestrator.airlock.errors import RefMoved, readable
from orchestrator.airlock.merge import LostLines, Merged, lost_lines, merge
from orchestrator.airlock.messages import Trailer, compose, parse_trailers
from orchestrator.run.attempt import sent_back, whole
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from orchestrator.run.left_off import Tested
from orchestrator.run.verification import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A task's commit that wants to land; `subject` and `body` are a model's words about it."""

    task: str
    commit: str
    subject: str
    body: str
    model: str
    lost: tuple[LostLines, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """The change is on the run's main branch."""

    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBack:
    """The change conflicts with `onto`, or its tests are red on the merged `tree`; `why` goes to its agent."""

    onto: str
    tree: str
    why: str
    merged: Merged | None = None


class Landing:
    """Lands changes on `refs/heads/mimo/RUN/main` of the hub; `tip` is what is there."""

    def __init__(self, ctx: RunContext) -> None:
        """Go on from where the run's journal says it is."""
        self._ctx = ctx
        self._one_at_a_time = anyio.Lock()
        self.tip = ctx.state.tip

    async def open(self) -> None:
        """Make the run's main branch, or take note of landings that a crash kept from being journalled."""
        ref = refs.run_main(self._ctx.run)
        there = await to_thread.run_sync(self._ctx.hub.read, ref)
        if there is None:
            await to_thread.run_sync(partial(self._ctx.hub.create, ref, self.tip))
        elif there != self.tip:
            await self._recover(there)
        for left in self._ctx.left_off.values():
            if left.tested is not None:
                await self._take_for_green(left.tested)

    async def _take_for_green(self, tested: Tested) -> None:
        """What passed its tests before a crash kept it from landing is not tested again."""
        ctx = self._ctx
        passed = tested.passed[-len(ctx.plan.verify) :] == ctx.plan.verify
        if passed and tested.onto == self.tip and await whole(ctx, tested.commit):
            merged = await to_thread.run_sync(partial(merge, ctx.hub, ours=self.tip, theirs=tested.commit))
            if merged.clean:
                ctx.green_trees.add(merged.tree)

    async def land(self, candidate: Candidate, recorder: Recorder) -> Landed | SentBack:
        """Merge, test and land one change, in its turn; raises SandboxLost, SandboxUnavailable, AirlockError."""
        await recorder.record(ChangeQueued(commit=candidate.commit))
        async with self._one_at_a_time:
            merged = await to_thread.run_sync(partial(merge, self._ctx.hub, ours=self.tip, theirs=candidate.commit))
            if not merged.clean:
                return await self._send_back(candidate, recorder, merged)
            red = await self._red(candidate, recorder, merged.tree)
            if red is not None:
                return await self._send_back(candidate, recorder, merged, red=red)
            return await self._land(candidate, recorder, merged.tree)

    async def _red(self, candidate: Candidate, recorder: Recorder, tree: str) -> str | None:
        ctx = self._ctx
        if tree in ctx.green_trees:
            return None
        # The parents decide nothing for the tests: the tree is the one that would land.
        verified = await verify(
            ctx, recorder, task=candidate.task, commit=self.tip, tree=tree, commands=ctx.plan.verify
        )
        if verified.green:
            ctx.green_trees.add(tree)
            return None
        return verified.report

    async def _send_back(
        self, candidate: Candidate, recorder: Recorder, merged: Merged, *, red: str | None = None
    ) -> SentBack:
        conflicts = [f"{readable(conflict.path)}: {conflict.kind}" for conflict in merged.conflicts]
        why = (
            f"the tests are red on the tree that your change and what landed before it make together:\n{red}"
            if red is not None
            else "your change and what landed before it conflict: " + "; ".join(conflicts)
        )
        await recorder.record(ChangeRefused(commit=candidate.commit, onto=self.tip, why=why, conflicts=conflicts))
        return SentBack(onto=self.tip, tree=merged.tree, why=why, merged=merged if red is None else None)

    async def _land(self, candidate: Candidate, recorder: Recorder, tree: str) -> Landed:
        onto = self.tip
        landed = await to_thread.run_sync(partial(self._write, candidate, tree, onto))
        await to_thread.run_sync(partial(make_durable, self._ctx.hub, landed, base=onto))
        await to_thread.run_sync(partial(self._ctx.hub.update, refs.run_main(self._ctx.run), new=landed, old=onto))
        self.tip = landed
        lost = shown_lost(candidate.lost)
        await recorder.record(
            ChangeMerged(commit=candidate.commit, onto=onto, landed=landed, tree=tree, lost_lines=lost)
        )
        return Landed(commit=landed)

    def _write(self, candidate: Candidate, tree: str, onto: str) -> str:
        ctx = self._ctx
        squash = ctx.plan.merge.style == "squash"
        trailers = {
            Trailer.RUN: ctx.run,
            Trailer.TASK: candidate.task,
            Trailer.MODEL: candidate.model,
            Trailer.JOURNAL: ctx.journal.head,
        }
        return commits.commit(
            ctx.hub,
            tree=tree,
            parents=[onto] if squash else [onto, candidate.commit],
            message=compose(candidate.subject, candidate.body, trailers),
            author=ctx.author,
            when=now(),
        )

    async def _recover(self, there: str) -> None:
        """A crash came between moving the branch and journalling it: each commit itself says whose it is."""
        ctx = self._ctx
        ahead: list[commits.CommitInfo] = []
        while there != self.tip:
            info = await to_thread.run_sync(commits.read_commit, ctx.hub, there)
            if not self._is_ours(info):
                raise RefMoved(refs.run_main(ctx.run), self.tip, there)
            ahead.append(info)
            there = info.parents[0]
        for info in reversed(ahead):
            task = parse_trailers(info.message)[Trailer.TASK]
            commit = await to_thread.run_sync(ctx.hub.read, refs.task_branch(ctx.run, task)) or info.oid
            lost = await self._lost(task, commit)
            onto, self.tip = self.tip, info.oid
            await ctx.journal.recorder(task).record(
                ChangeMerged(commit=commit, onto=onto, landed=info.oid, tree=info.tree, lost_lines=shown_lost(lost))
            )

    async def _lost(self, task: str, commit: str) -> tuple[LostLines, ...]:
        left = self._ctx.left_off.get(task)
        refused = left.where.refused if left is not None else None
        if refused is None or not refused.conflicts:
            return ()
        conflict = await sent_back(self._ctx, refused)
        return await to_thread.run_sync(lost_lines, self._ctx.hub, conflict, commit)

    def _is_ours(self, info: commits.CommitInfo) -> bool:
        trailers = parse_trailers(info.message)
        known = trailers.get(Trailer.TASK) in self._ctx.state.tasks
        return bool(info.parents) and known and trailers.get(Trailer.RUN) == self._ctx.run


def shown_lost(lost: Iterable[LostLines]) -> list[str]:
    """What a resolved conflict lacks, a printable line each, with the file and the side that had it."""
    return [
        f"{readable(lines.path)}: {side}: {readable(line)}"
        for lines in lost
        for side, side_lines in (("landed", lines.ours), ("this task", lines.theirs))
        for line in side_lines
    ]
