"""`mimo-orchestrate merge` and `revert`: what was held goes to the base branch, what landed is taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from orchestrator.cli.options import BackendOption, RunArgument, RunJsonOption, TaskArguments

if TYPE_CHECKING:
    from orchestrator.run.context import RunContext


def merge(
    run: RunArgument, tasks: TaskArguments = None, *, backend: BackendOption = None, json: RunJsonOption = False
) -> None:
    """Land what was held: the whole run, or some of its tasks."""

    async def work(ctx: RunContext) -> None:
        from orchestrator.cli.selection import choose_tasks
        from orchestrator.cli.terminal import say
        from orchestrator.journal.state import TaskState
        from orchestrator.run.drive import finish
        from orchestrator.run.onto_base import land_tasks
        from orchestrator.run.split import leaves

        if tasks:
            await land_tasks(ctx, list(leaves(ctx.state, choose_tasks(ctx.state, tasks))))
        elif not any(task.state in {TaskState.MERGED, TaskState.READY} for task in ctx.state.tasks.values()):
            say(f"{ctx.run} has nothing that waits to land")
        else:
            await finish(ctx, ctx.state.tip, move_base=True)

    raise typer.Exit(_on_base(run, work, backend=backend, as_json=json))


def revert(
    run: RunArgument, tasks: TaskArguments = None, *, backend: BackendOption = None, json: RunJsonOption = False
) -> None:
    """Take landed tasks back from the base branch.

    All of the run's, or those named: with a commit for each, tested before the branch moves.
    """

    async def work(ctx: RunContext) -> None:
        from orchestrator.cli.selection import choose_tasks
        from orchestrator.errors import UsageProblem
        from orchestrator.run.onto_base import take_back
        from orchestrator.run.split import leaves

        landed = [
            task.id for task in ctx.state.tasks.values() if task.landed and not (task.reverted or task.taken_over)
        ]
        if not tasks and not landed:
            raise UsageProblem(f"nothing of {ctx.run} has landed, so there is nothing to take back")
        await take_back(ctx, list(leaves(ctx.state, choose_tasks(ctx.state, tasks))) if tasks else landed)

    raise typer.Exit(_on_base(run, work, backend=backend, as_json=json))


def _on_base(run: str, work: Callable[[RunContext], Awaitable[None]], *, backend: str | None, as_json: bool) -> int:
    from orchestrator.cli.reopening import reopened
    from orchestrator.cli.session import Shown, Stop, land_session
    from orchestrator.cli.state import here
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.run.options import RunOptions

    options = RunOptions(backend=backend)
    with ExitStack() as closing:
        around = surroundings(here(), options, closing)
        opened = reopened(around, run, resume=False)
        return land_session(opened, work, Stop(), Shown(as_json=as_json))
