"""Saving an agent's files: what its sandbox says was changed becomes a tree and a commit of ours, step by step."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from agents.events import CheckpointTaken
from agents.recorder import Recorder
from orchestrator.airlock import refs
from orchestrator.airlock.errors import readable
from orchestrator.airlock.importer import Imported, ImportLimits
from orchestrator.airlock.saver import Step
from orchestrator.run.clock import now
from orchestrator.run.context import RunContext
from sandbox.errors import SnapshotTooLarge
from sandbox.sandbox import Record, Sandbox

SHOWN_PATHS = 20
"""How many paths of a kind an agent is told of at once."""


class Checkpoints:
    """The saved states of one round: each is the one before with what changed since."""

    def __init__(
        self, ctx: RunContext, recorder: Recorder, *, task: str, agent: str, commit: str, tree: str, keep: bool
    ) -> None:
        """Begin at `commit` with the files of `tree`; without `keep` nothing is saved (gates, investigators)."""
        self.commit = commit
        self.tree = tree
        self.unsaved: str | None = None
        """Why the newest files could not be saved; no claim holds until they can."""
        self._ctx = ctx
        self._recorder = recorder
        self._task = task
        self._agent = agent
        self._keep = keep
        self._number: int | None = None

    async def take(self, sandbox: Sandbox, step: int) -> str | None:
        """Save what changed; returns what was refused or left out, in words for the agent."""
        if not self._keep:
            return None
        try:
            known = self._ctx.included.paths
            records = [record async for record in sandbox.snapshot() if record.path not in known]
        except SnapshotTooLarge as refused:
            self.unsaved = f"nothing of this step was saved, because {refused.why}; remove what is too much"
            return self.unsaved
        self.unsaved = None
        return await self._save(records, step) if records else None

    async def _save(self, records: list[Record], step: int) -> str | None:
        number = await self._next_number()
        ref = refs.checkpoint(self._ctx.run, self._task, number)
        made = Step(
            parent=self.commit,
            ref=ref,
            message=f"{self._task}: step {step} of {self._agent}\n",
            author=self._ctx.author,
            when=now(),
        )
        limits = ImportLimits(total_bytes=self._ctx.plan.sandbox.disk_bytes)
        saved = await to_thread.run_sync(partial(self._ctx.saver.save, records, made, tree=self.tree, limits=limits))
        imported = saved.imported
        left_out = _note(imported)
        if saved.commit is not None:
            self._number = number
            self.commit, self.tree = saved.commit, imported.tree
            event = CheckpointTaken(
                agent=self._agent,
                step=step,
                ref=ref,
                commit=saved.commit,
                files=[readable(path) for path in imported.changed],
                refused=[f"{readable(refused.path)}: {refused.reason}" for refused in imported.refused],
                ignored=[readable(path) for path in imported.ignored[:SHOWN_PATHS]],
                left_out=left_out,
            )
            await self._recorder.record(event)
        return left_out

    async def _next_number(self) -> int:
        if self._number is None:
            prefix = refs.checkpoints(self._ctx.run, self._task)
            taken = await to_thread.run_sync(self._ctx.hub.refs, prefix)
            self._number = max((int(ref.removeprefix(prefix)) for ref in taken), default=0)
        return self._number + 1


def _note(imported: Imported) -> str | None:
    said = []
    if imported.refused:
        shown = "; ".join(f"{readable(refused.path)}: {refused.reason}" for refused in imported.refused[:SHOWN_PATHS])
        said.append(f"not saved, and no part of your result: {shown}{_more(len(imported.refused))}")
    if imported.ignored:
        shown = ", ".join(readable(path) for path in imported.ignored[:SHOWN_PATHS])
        said.append(f"ignored by .gitignore, and no part of your result: {shown}{_more(len(imported.ignored))}")
    return ". ".join(said) or None


def _more(count: int) -> str:
    return f" and {count - SHOWN_PATHS} more" if count > SHOWN_PATHS else ""
