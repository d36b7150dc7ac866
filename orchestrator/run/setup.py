"""The plan's `setup`: run once for an image, its commands and the base's lockfiles, and kept as an image of its own."""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from uuid import uuid4

from anyio import to_thread

from agents.execution import run_user_command
from orchestrator.airlock.trees import TreeFile, list_tree
from orchestrator.errors import CannotRun
from orchestrator.run.context import RunContext
from orchestrator.run.verification import report_of
from orchestrator.run.worksite import laid_out, spec_of
from sandbox.docker import DockerBackend
from sandbox.errors import CommandRefused, SandboxUnavailable

REPOSITORY = "mimo-orchestrate-setup"

_LOCKFILE = re.compile(
    rb"(^|/)(requirements[^/]*\.(txt|lock|in)|[^/]*\.lock|pyproject\.toml|setup\.(py|cfg)|package(-lock)?\.json"
    rb"|pnpm-lock\.yaml|go\.(mod|sum)|Cargo\.toml|Gemfile|Makefile)$"
)
"""Files that setup commands commonly read; a change of one makes a new image."""


async def run_setup(ctx: RunContext) -> None:
    """Make `ctx.image` one in which the plan's setup was done; nothing to do where it is there already.

    Raises CannotRun where a command fails, SandboxUnavailable where the backend can't.
    """
    commands = ctx.plan.sandbox.setup
    if not commands:
        return
    backend = ctx.backend
    if not isinstance(backend, DockerBackend):
        raise SandboxUnavailable(
            f"{backend.name} can't run the plan's `setup` in this version",
            "use --backend docker, or install on this machine what `setup` would and leave it out",
        )
    image = ctx.image or await backend.ensure_image()
    tag = f"{REPOSITORY}:{await _key(ctx, await backend.image_id(image))}"
    if not await backend.has_image(tag):
        await _build(ctx, backend, tag)
    ctx.image = tag


async def _key(ctx: RunContext, image_id: str) -> str:
    files = await to_thread.run_sync(partial(list_tree, ctx.hub.git, ctx.base_commit))
    locked = [_named(entry) for entry in files if _LOCKFILE.search(entry.path)]
    settings = ctx.plan.sandbox
    content = json.dumps([image_id, list(settings.setup), dict(settings.env), locked])
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def _named(entry: TreeFile) -> tuple[str, str]:
    return entry.path.decode(errors="surrogateescape"), entry.oid


async def _build(ctx: RunContext, backend: DockerBackend, tag: str) -> None:
    recorder = ctx.journal.recorder()
    async with (
        laid_out(ctx, "setup", ctx.base_commit) as directory,
        backend.open_setup(spec_of(ctx, "setup", directory, hosts=ctx.plan.sandbox.setup_network), tag=tag) as sandbox,
    ):
        for command in ctx.plan.sandbox.setup:
            try:
                result = await run_user_command(
                    sandbox, command, id=f"setup.{uuid4().hex[:12]}", source="setup", recorder=recorder
                )
            except CommandRefused as refused:
                raise CannotRun("a setup command was not started", refused.why) from refused
            if not result.ok:
                raise CannotRun("the plan's setup failed, so no task was started", report_of(command, result))
