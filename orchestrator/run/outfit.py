"""What every sandbox of a run begins with, made before the first of them opens, and told in the journal."""

from __future__ import annotations

import os
from functools import partial

from anyio import to_thread

from agents.events import SandboxPrepared
from agents.redact import Redactor
from orchestrator.airlock.errors import readable
from orchestrator.run.context import RunContext
from orchestrator.run.included import included_notes, included_of, left_out_warnings
from orchestrator.run.setup import run_setup


async def outfit(ctx: RunContext) -> None:
    """Read the files to be taken along and do the setup, if it was not done before; raises as `run_setup` does."""
    known = Redactor.of_environment(os.environ, ctx.plan.sandbox.secrets)
    find = partial(included_of, ctx.repository, ctx.base_commit, ctx.policy, known)
    taken = await to_thread.run_sync(find)
    for line in (*included_notes(taken), *left_out_warnings(taken)):
        ctx.say(f"note: {line}")
    image = ctx.image
    reused = await run_setup(ctx)
    if reused and ctx.recipe.setup:
        ctx.say(f"the setup of {ctx.recipe.setup_from} was done before, and is kept as {ctx.setup_kept}")
    # Only now: what a setup makes is kept for others, and must not come of files that are this user's own.
    ctx.included = taken
    if not (ctx.recipe.setup or taken.files or taken.left_out or image):
        return
    await ctx.journal.recorder().record(
        SandboxPrepared(
            image=image,
            image_from=ctx.recipe.image_from,
            setup=list(ctx.recipe.setup),
            setup_from=ctx.recipe.setup_from,
            kept_as=ctx.setup_kept,
            reused=reused and bool(ctx.recipe.setup),
            included=[readable(file.path) for file in taken.files],
            left_out=[f"{readable(path)}: {why}" for path, why in taken.left_out],
        )
    )
