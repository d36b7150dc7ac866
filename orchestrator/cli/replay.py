"""`mimo-orchestrate replay`: what a run did is done again, and held against what its journal says."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from orchestrator.cli.options import JsonOption, OptionalTask, RunArgument

if TYPE_CHECKING:
    from orchestrator.cli.session import Stop
    from orchestrator.journal.chain import Recorded
    from orchestrator.journal.state import RunState
    from orchestrator.rewind.replaying import Replayed
    from orchestrator.run.context import RunContext


def replay(run: RunArgument, task: OptionalTask = None, *, json: JsonOption = False) -> None:
    """Repeat a run from its journal, and say where it differs.

    Every answer of then is acted on again in a real sandbox; no model is asked, and nothing lands.
    """
    from orchestrator.cli.selection import choose_tasks, read_state
    from orchestrator.cli.session import Stop
    from orchestrator.cli.state import here, open_journal

    repository = here()
    with open_journal(repository) as store:
        state = read_state(store, run)
        if task is not None:
            choose_tasks(state, [task])
        rows = [row for row in store.events(state.run) if task in {None, row.task}]
    stop, found = Stop(), list[tuple[str, "Replayed"]]()
    code = _repeated(state, rows, stop, found)
    if found:
        code = _shown(state, *found[0], as_json=json)
    raise typer.Exit(code)


def _repeated(state: RunState, rows: list[Recorded], stop: Stop, found: list[tuple[str, Replayed]]) -> int:
    """Do it again; the exit code, and what was found where it came so far."""
    from orchestrator.cli.reopening import plan_of
    from orchestrator.cli.selection import whole_journal
    from orchestrator.cli.session import work_session
    from orchestrator.cli.state import here, require_hub
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.rewind.recording import recording
    from orchestrator.rewind.replaying import replay as repeat
    from orchestrator.run.opening import open_to_repeat
    from orchestrator.run.options import RunOptions, overlay
    from orchestrator.run.outfit import outfit
    from orchestrator.run.policy_source import policy_of_journal

    repository = here()
    require_hub(repository)
    with whole_journal(state.run):
        recorded = recording(rows)
    plan = overlay(plan_of(state), RunOptions(limits=tuple(state.options.get("limits", ()))))
    policy = policy_of_journal(state.run, state.policy, state.policy_hash)

    async def work(ctx: RunContext) -> int:
        await outfit(ctx)
        found.append((ctx.backend.name, await repeat(ctx, recorded, stopping=stop)))
        return 0

    with ExitStack() as closing:
        around = surroundings(repository, RunOptions(), closing, stopping=stop)
        return work_session(open_to_repeat(around, state, plan, policy), work, stop)


def _shown(state: RunState, backend: str, replayed: Replayed, *, as_json: bool) -> int:
    from orchestrator.cli.exit_code import ExitCode
    from orchestrator.cli.terminal import print_json, print_page
    from orchestrator.views.replay import replay_json, replay_view

    if as_json:
        print_json(replay_json(state.run, backend, replayed))
    else:
        print_page(replay_view(state.run, backend, replayed))
    if replayed.difference is not None:
        return ExitCode.PARTIAL
    return ExitCode.INTERRUPTED if replayed.stopped else ExitCode.DONE
