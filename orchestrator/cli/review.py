"""`mimo-orchestrate review`: the change of each task with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.options import JsonOption, OptionalRun, OptionalTask
from orchestrator.cli.selection import LAST, choose_tasks, read_state
from orchestrator.cli.state import HUB, here, open_journal, state_of
from orchestrator.cli.terminal import print_json, show_paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from orchestrator.airlock.git import Git
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.state import RunState
    from orchestrator.journal.store import JournalStore
    from orchestrator.views.evidence import Evidence


def review(run: OptionalRun = LAST, task: OptionalTask = None, *, json: JsonOption = False) -> None:
    """Show the change of each task with its evidence.

    Why it was made, the diff, the commands with their verdicts, test output, review comments, and cost.
    """
    repository = here()
    with open_journal(repository) as store:
        state = read_state(store, run)
        tasks = choose_tasks(state, [task] if task else [])
        found = list(_evidence(repository, store, state, tasks))
    if json:
        from orchestrator.views.review import review_json

        pages = [review_json(state, state.tasks[name], evidence, patch) for name, evidence, patch in found]
        print_json({"run": state.run, "status": state.status, "tasks": pages})
        return
    show_paged(_pages(state, found))


def _pages(state: RunState, found: list[tuple[str, Evidence, bytes]]) -> Iterator[RenderableType]:
    from orchestrator.views.review import review_view

    for name, evidence, patch in found:
        yield from review_view(state, state.tasks[name], evidence, patch)


def _evidence(
    repository: UserRepository, store: JournalStore, state: RunState, tasks: list[str]
) -> Iterator[tuple[str, Evidence, bytes]]:
    from orchestrator.airlock.git import Git
    from orchestrator.views.evidence import evidence_of

    hub = Git(git_dir=state_of(repository) / HUB)
    for name in tasks:
        evidence = evidence_of(store.events(state.run), name)
        yield name, evidence, _patch(hub, evidence.change(state.tasks[name].commit))


def _patch(hub: Git, change: tuple[str, str] | None) -> bytes:
    from orchestrator.airlock.diff import patch

    return b"" if change is None else patch(hub, *change)
