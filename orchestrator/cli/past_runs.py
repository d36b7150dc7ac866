"""The past runs that a policy is held against."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.screen import SCREEN
from orchestrator.cli.selection import choose_runs, whole_journal
from orchestrator.cli.state import HUB, here, open_journal, state_of
from orchestrator.cli.terminal import is_lively

if TYPE_CHECKING:
    from orchestrator.airlock.git import Git
    from orchestrator.journal.chain import Recorded
    from orchestrator.tightening.judged import JudgedRun
    from orchestrator.tightening.landed import Files

RunArguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN", help="Runs, unique beginnings of them, or `last`; default: all, newest first."),
]

PATIENCE_SECONDS = 1.0
"""How long nothing need be said."""


def past_runs(wanted: Iterable[str], *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[JudgedRun]:
    """What was judged in each of the runs that are named, or in all; raises UsageProblem, CannotRun.

    How far it came is told at a terminal.
    """
    from orchestrator.airlock.git import Git
    from orchestrator.tightening.judged import judged_run

    repository = here()
    hub = Git(git_dir=state_of(repository) / HUB)
    with open_journal(repository) as store, _progress(patience_seconds) as progress:
        runs = choose_runs(store.runs(), wanted)
        for number, run in enumerate(runs, start=1):
            events = progress.through(store.events(run), f"judging run {number} of {len(runs)}: {run}")
            # What a diff holds can be read until the next run is asked for.
            with ExitStack() as opened:
                with whole_journal(run):
                    judged = judged_run(run, events, read=partial(_diff, hub, opened))
                yield judged


def _diff(hub: Git, opened: ExitStack, old: str, new: str) -> Files | None:
    from orchestrator.airlock.diff import changes
    from orchestrator.airlock.errors import GitFailed
    from orchestrator.airlock.judgeable import judgeable

    try:
        return opened.enter_context(judgeable(hub, changes(hub, old, new), old, new))
    except GitFailed:
        return None


class _Progress:
    """One line at the bottom of the terminal, once it takes long enough to wonder."""

    def __init__(self, patience_seconds: float) -> None:
        self._since = time.monotonic() + patience_seconds if is_lively() else None
        self._told = ""

    def through(self, events: Iterable[Recorded], text: str) -> Iterator[Recorded]:
        """The events, with what is done with them."""
        for event in events:
            if self._since is not None and self._told != text and time.monotonic() >= self._since:
                self.tell(text)
            yield event

    def tell(self, text: str) -> None:
        """Say this in the place of what was said last."""
        self._told = text
        with suppress(OSError):  # the terminal has gone
            SCREEN.stderr.write(f"\r\x1b[J{text[: SCREEN.size.columns - 1]}")
            SCREEN.stderr.flush()

    def end(self) -> None:
        """Leave nothing behind."""
        if self._told:
            self.tell("")


@contextmanager
def _progress(patience_seconds: float) -> Iterator[_Progress]:
    progress = _Progress(patience_seconds)
    try:
        yield progress
    finally:
        progress.end()
