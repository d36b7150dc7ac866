"""`mimo-orchestrate review`: the change of each task with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.options import JsonOption, OptionalRun, OptionalTask
from orchestrator.cli.selection import LAST, choose_tasks, read_state
from orchestrator.cli.state import HUB, here, open_journal, state_of
from orchestrator.cli.terminal import is_scrolled, print_json, show_paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from orchestrator.airlock.git import Git
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.state import RunState
    from orchestrator.journal.store import JournalStore
    from orchestrator.views.concerns import Reviewed


def review(run: OptionalRun = LAST, task: OptionalTask = None, *, json: JsonOption = False) -> None:
    """Show the change of each task with its evidence.

    Without TASK, an overview first: which tasks need your eyes, and why. Of each task why it was made, what stands out,
    test output, verdicts and comments, the commands that were refused, cost, and the diff.
    """
    repository = here()
    with open_journal(repository) as store:
        state = read_state(store, run)
        tasks = choose_tasks(state, [task] if task else [])
        found = list(_reviews(repository, store, state, tasks))
    if json:
        from orchestrator.views.review import review_json

        pages = [review_json(state, reviewed) for reviewed in found]
        print_json({"run": state.run, "status": state.status, "tasks": pages})
        return
    show_paged(_pages(state, found, whole=task is None))


def _pages(state: RunState, found: list[Reviewed], *, whole: bool) -> Iterator[RenderableType]:
    """What is looked at first stands first in a pager, and last where a terminal scrolls."""
    from orchestrator.views.overview import overview
    from orchestrator.views.review import review_view

    last = whole and is_scrolled()
    if whole and not last:
        yield from overview(state, found)
    for reviewed in sorted(found, key=lambda each: not each.concerns):
        if reviewed.is_begun or not whole:
            yield from review_view(state, reviewed)
    if last:
        yield from overview(state, found, scrolled=True)


def _reviews(repository: UserRepository, store: JournalStore, state: RunState, tasks: list[str]) -> Iterator[Reviewed]:
    from orchestrator.airlock.git import Git
    from orchestrator.views.concerns import Reviewed
    from orchestrator.views.evidence import Evidence, evidence_by_task
    from orchestrator.views.heard import heard_by

    hub = Git(git_dir=state_of(repository) / HUB)
    rows = list(store.events(state.run))
    evidence, heard = evidence_by_task(row for row in rows if row.task in tasks), heard_by(rows)
    for name in tasks:
        mine = evidence.get(name, Evidence())
        yield Reviewed.of(state.tasks[name], mine, _patch(hub, mine.change()), heard)


def _patch(hub: Git, change: tuple[str, str] | None) -> bytes:
    from orchestrator.airlock.diff import patch

    return b"" if change is None else patch(hub, *change)
