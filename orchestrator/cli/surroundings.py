"""What a run is given from the command line: its place, its options, and who watches it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

from orchestrator.airlock.repository import UserRepository
from orchestrator.cli.asking import prompt
from orchestrator.cli.state import state_of
from orchestrator.cli.terminal import say
from orchestrator.journal.chain import Recorded
from orchestrator.run.opening import Surroundings
from orchestrator.run.options import RunOptions
from orchestrator.views.events import event_json
from orchestrator.views.progress import progress_line


def surroundings(
    repository: UserRepository,
    options: RunOptions,
    closing: ExitStack,
    *,
    stopping: Callable[[], bool] = lambda: False,
    events: str | None = None,
) -> Surroundings:
    """The surroundings of a run in `repository`; files that are opened for it are closed by `closing`."""
    watchers = [_progress, *([_events_watcher(events, closing)] if events is not None else [])]
    return Surroundings(
        repository=repository,
        state_directory=state_of(repository),
        options=options,
        say=say,
        prompt=prompt,
        watchers=tuple(watchers),
        stopping=stopping,
    )


def _progress(recorded: Recorded) -> None:
    line = progress_line(recorded)
    if line is not None:
        say(line)


def _events_watcher(target: str, closing: ExitStack) -> Callable[[Recorded], None]:
    stream: IO[str] = sys.stdout if target == "-" else closing.enter_context(Path(target).open("a", encoding="utf-8"))
    return partial(_write_event, stream)


def _write_event(stream: IO[str], recorded: Recorded) -> None:
    stream.write(json.dumps(event_json(recorded)) + "\n")
    stream.flush()
