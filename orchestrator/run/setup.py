"""A setup: run once for an image, its commands and the base's lockfiles, and what it made kept for every sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets as random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from anyio import to_thread

from agents.execution import run_user_command
from agents.redact import SHORTEST_SECRET, Redactor
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.trees import TreeFile, list_tree
from orchestrator.errors import CannotRun
from orchestrator.run.context import RunContext
from orchestrator.run.recipe import PLAN
from orchestrator.run.verification import report_of
from orchestrator.run.worksite import laid_out, spec_of
from sandbox.bubblewrap import BubblewrapBackend
from sandbox.docker import DockerBackend
from sandbox.errors import CommandRefused, SandboxUnavailable, SecretLeft
from sandbox.image import SETUP_REPOSITORY as REPOSITORY
from sandbox.prepared import host_programs, secrets_left
from sandbox.sandbox import Sandbox, SandboxSpec

__all__ = ["REPOSITORY", "run_setup"]

UNFINISHED = ".unfinished-"
"""What the directory of a setup under way has in its name."""

_LOCKFILE = re.compile(
    rb"(^|/)(requirements[^/]*\.(txt|lock|in)|[^/]*\.lock|pyproject\.toml|setup\.(py|cfg)|package(-lock)?\.json"
    rb"|pnpm-lock\.yaml|go\.(mod|sum)|Cargo\.toml|Gemfile|Makefile)$"
)
"""Files that setup commands commonly read; a change of one makes a new image."""


async def run_setup(ctx: RunContext) -> bool:
    """See that the run's sandboxes have what the setup makes; whether there was nothing to do.

    Raises CannotRun where a command fails or a secret is missing, SandboxUnavailable where the backend can't.
    """
    if not ctx.recipe.setup:
        return True
    kept = _kept_by(ctx)
    key = await _key(ctx, await kept.base())
    if await kept.use(key):
        return True
    async with ctx.caches.alone(f"setup-{key}", "the same setup"):
        if await kept.use(key):
            return True
        await _make(ctx, kept, key)
        await kept.use(key)
    return False


def _kept_by(ctx: RunContext) -> _Images | _Directories:
    backend = ctx.backend
    if isinstance(backend, DockerBackend):
        return _Images(ctx, backend)
    if isinstance(backend, BubblewrapBackend):
        return _Directories(ctx, backend)
    raise SandboxUnavailable(f"{backend.name} can't run a setup", "use --backend docker or --backend bubblewrap")


async def _key(ctx: RunContext, base: str) -> str:
    files = await to_thread.run_sync(partial(list_tree, ctx.hub.git, ctx.base_commit))
    locked = [_named(entry) for entry in files if _LOCKFILE.search(entry.path)]
    content = json.dumps([base, list(ctx.recipe.setup), dict(ctx.recipe.env), locked, list(ctx.plan.sandbox.secrets)])
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def _named(entry: TreeFile) -> tuple[str, str]:
    return entry.path.decode(errors="surrogateescape"), entry.oid


async def _make(ctx: RunContext, kept: _Images | _Directories, key: str) -> None:
    given = secrets_of(ctx.plan.sandbox.secrets, os.environ)
    known = Redactor(given)
    try:
        async with (
            laid_out(ctx, "setup", ctx.base_commit) as directory,
            kept.open(key, directory, known) as sandbox,
        ):
            for command in ctx.recipe.setup:
                await _run(ctx, sandbox, command, given, failed=kept.failed)
    except SecretLeft as left:
        raise CannotRun(
            f"the setup left a secret in what is kept for every sandbox: {', '.join(left.places[:5])}",
            "let its last command remove that, or write it to /tmp, which is not kept",
        ) from left


async def _run(ctx: RunContext, sandbox: Sandbox, command: str, given: Mapping[str, str], *, failed: str) -> None:
    recorder = ctx.journal.recorder()
    try:
        result = await run_user_command(
            sandbox, command, id=f"setup.{uuid4().hex[:12]}", source="setup", recorder=recorder, env=given
        )
    except CommandRefused as refused:
        raise CannotRun("a setup command was not started", refused.why) from refused
    if not result.ok:
        report = Redactor.of_environment(os.environ, given).text(report_of(command, result))
        other = "" if ctx.recipe.setup_from == PLAN else "\nname an `image` in the plan, and it is left alone"
        what = f"the setup of {ctx.recipe.setup_from} failed, so no task was started"
        raise CannotRun(what, f"{report}{failed}{other}")


def secrets_of(names: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """The values of a plan's secrets; raises CannotRun naming one that is missing, or too short to be kept."""
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise CannotRun(
            f"the plan's setup needs {', '.join(missing)} (`sandbox.secrets`), which is not in the environment",
            f"export {missing[0]}=..., or leave it out of the plan",
        )
    short = [name for name in names if len(environ[name]) < SHORTEST_SECRET]
    if short:
        raise CannotRun(
            f"the secret {short[0]} has less than {SHORTEST_SECRET} characters, and can't be told from other words",
            "use a longer one, or give it as `env`, which is not secret",
        )
    return {name: environ[name] for name in names}


def _spec(ctx: RunContext, directory: Path) -> SandboxSpec:
    return spec_of(ctx, "setup", directory, hosts=ctx.plan.sandbox.setup_network)


class _Images:
    """Docker: an image in which the setup was done."""

    failed = ""

    def __init__(self, ctx: RunContext, backend: DockerBackend) -> None:
        self._ctx = ctx
        self._backend = backend

    async def base(self) -> str:
        ctx = self._ctx
        ctx.image = ctx.image or await self._backend.ensure_image(made_by=ctx.caches.maker)
        return await self._backend.image_id(ctx.image)

    async def use(self, key: str) -> bool:
        tag = f"{REPOSITORY}:{key}"
        if not await self._backend.has_image(tag):
            return False
        self._ctx.image = self._ctx.setup_kept = tag
        return True

    @asynccontextmanager
    async def open(self, key: str, directory: Path, secrets: Redactor) -> AsyncIterator[Sandbox]:
        spec, maker = _spec(self._ctx, directory), self._ctx.caches.maker
        opened = self._backend.open_setup(spec, tag=f"{REPOSITORY}:{key}", made_by=maker, secrets=secrets.forms())
        async with opened as sandbox:
            yield sandbox


class _Directories:
    """bubblewrap: a home and an `/opt` that the setup filled."""

    failed = (
        "\nwith bubblewrap a setup fills its home and /opt; what needs root, as apt-get does, needs --backend docker"
    )

    def __init__(self, ctx: RunContext, backend: BubblewrapBackend) -> None:
        self._ctx = ctx
        self._backend = backend

    async def base(self) -> str:
        return await to_thread.run_sync(host_programs)

    async def use(self, key: str) -> bool:
        directory = self._ctx.caches.setup(key)
        if not directory.is_dir():
            return False
        self._ctx.prepared, self._ctx.setup_kept = directory, key
        return True

    @asynccontextmanager
    async def open(self, key: str, directory: Path, secrets: Redactor) -> AsyncIterator[Sandbox]:
        place = self._ctx.caches.setup(key)
        filled = place.with_name(f"{key}{UNFINISHED}{random.token_hex(4)}")
        filled.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        spec = _spec(self._ctx, directory)
        try:
            async with self._backend.open_setup(spec, prepared=filled) as sandbox:
                yield sandbox
            left = await to_thread.run_sync(partial(secrets_left, filled, secrets.forms()))
            if left:
                raise SecretLeft(left)
            filled.rename(place)
        finally:
            await to_thread.run_sync(remove_worktree, filled)
