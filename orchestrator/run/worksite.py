"""A place to work: a worktree laid out from a commit, in a sandbox of its own, gone when the work is over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import anyio
from anyio import to_thread

from orchestrator.airlock.included import lay_in
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.worktree import prepare_worktree
from orchestrator.run.context import RunContext
from orchestrator.run.network import network_of
from sandbox.errors import SandboxUnavailable
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Sandbox, SandboxSpec
from sandbox.telling import Log

LOG = Log("sandbox")

REMOVAL_SECONDS = 60.0
"""The longest that leaving a worksite may take; what is left then is swept by `clean` or the next run."""


@asynccontextmanager
async def worksite(
    ctx: RunContext,
    task: str,
    commit: str,
    *,
    tree: str | None = None,
    read_only: bool = False,
    name: str | None = None,
) -> AsyncIterator[Sandbox]:
    """A fresh sandbox on a fresh worktree of `commit`, with the files of `tree` where one is given.

    Raises SandboxUnavailable, AirlockError.
    """
    began = time.monotonic()
    async with _place(ctx, task) as directory:
        lower = await ctx.worktrees.make(ctx, task, directory, commit, tree)
        laid_out_seconds = _since(began)
        spec = replace(spec_of(ctx, task, directory), lower=lower, read_only=read_only, name=name)
        try:
            async with ctx.backend.open(spec) as sandbox:
                LOG.info("sandbox.started", seconds=_since(began), laid_out_seconds=laid_out_seconds, commit=commit)
                try:
                    yield sandbox
                finally:
                    left = time.monotonic()
        except SandboxUnavailable as error:
            LOG.error("sandbox.unavailable", error, seconds=_since(began))
            raise
    LOG.info("sandbox.ended", lived_seconds=round(left - began, 3), removed_seconds=_since(left))


def _since(moment: float) -> float:
    return round(time.monotonic() - moment, 3)


@asynccontextmanager
async def laid_out(ctx: RunContext, task: str, commit: str, *, tree: str | None = None) -> AsyncIterator[Path]:
    """A fresh worktree that is no overlay, removed at the end whatever became of it; raises AirlockError."""
    async with _place(ctx, task) as directory:
        await to_thread.run_sync(partial(_lay_out, ctx, task, directory, commit, tree))
        yield directory


@asynccontextmanager
async def _place(ctx: RunContext, task: str) -> AsyncIterator[Path]:
    """Where a worktree can be made; removed at the end."""
    directory = ctx.directory / task / uuid4().hex[:12]
    try:
        yield directory
    finally:
        with anyio.move_on_after(REMOVAL_SECONDS, shield=True):
            await to_thread.run_sync(remove_worktree, directory, abandon_on_cancel=True)


def _lay_out(ctx: RunContext, task: str, directory: Path, commit: str, tree: str | None) -> None:
    prepare_worktree(
        ctx.hub, directory, task=task, head=commit, base=ctx.base_commit, tree=tree, owner_uid=sandbox_uid()
    )
    lay_in(ctx.included.files, directory, owner_uid=sandbox_uid())


def spec_of(ctx: RunContext, task: str, directory: Path, *, hosts: Sequence[str] | None = None) -> SandboxSpec:
    """What a sandbox of the run is opened with; `hosts` are those of the plan's `network` where none are given."""
    reached = ctx.plan.sandbox.network if hosts is None else hosts
    return SandboxSpec(
        run=ctx.run,
        task=task,
        worktree=directory,
        base_objects=ctx.base_store.objects,
        image=ctx.image,
        limits=ctx.sandbox_limits,
        env=ctx.recipe.env,
        network=network_of(ctx, reached, task),
        prepared=ctx.prepared,
    )
