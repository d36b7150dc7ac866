"""What a run is given from the command line: its place, its options, and who watches it."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

from agents.events import ModelAnswered, QuestionAsked
from agents.policy import Question
from orchestrator.airlock.repository import UserRepository
from orchestrator.cli.asking import prompt
from orchestrator.cli.keeping import keeping
from orchestrator.cli.screen import SCREEN
from orchestrator.cli.state import require_writable, state_of
from orchestrator.cli.terminal import is_lively, print_json_lines, say
from orchestrator.errors import UsageProblem
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.journal.state import RunState
from orchestrator.run.asker import Choice
from orchestrator.run.heap import use_little_heap
from orchestrator.run.opening import Surroundings
from orchestrator.run.options import RunOptions
from orchestrator.run.pricing import unpriced_note
from orchestrator.views.details import detail_lines
from orchestrator.views.events import event_json
from orchestrator.views.progress import WIDTH, kept_line, progress_line
from orchestrator.views.question import marked
from orchestrator.views.styles import style_of


def surroundings(
    repository: UserRepository,
    options: RunOptions,
    closing: ExitStack,
    *,
    stopping: Callable[[], bool] = lambda: False,
    events: str | None = None,
    verbose: bool = False,
    unpriced: Iterable[str] = (),
) -> Surroundings:
    """The surroundings of a run in `repository`; files that are opened for it are closed by `closing`.

    What is seen in a live view is not said as well, unless it is to be `verbose`, nor is that the `unpriced` models
    have no price. Raises CannotRun where the state directory can't be written.
    """
    require_writable(state_of(repository))
    use_little_heap()
    watchers = [
        _kept if is_lively(events) and not verbose else _progress,
        *([_how_to_answer] if options.ask == "wait" else []),
        _prices_watcher(set(unpriced)),
        *([_details] if verbose else []),
        *([_events_watcher(events, closing)] if events is not None else []),
    ]
    return Surroundings(
        repository=repository,
        state_directory=state_of(repository),
        options=options,
        say=say,
        prompt=partial(_prompt, repository),
        watchers=tuple(watchers),
        show_log=say if verbose else None,
        stopping=stopping,
    )


def _prompt(
    repository: UserRepository,
    state: RunState,
    question: Question,
    waiting: Callable[[], int],
    gone: threading.Event,
) -> Choice:
    return prompt(question, waiting, gone, always=partial(keeping, repository, state))


def _progress(recorded: Recorded) -> None:
    line = progress_line(recorded, columns=_columns())
    if line is not None:
        say(line)


def _kept(recorded: Recorded) -> None:
    kept = kept_line(recorded, columns=_columns())
    if kept is not None:
        say(*kept)


def _columns() -> int:
    # Without the last one: a terminal that is exactly full puts an empty line below.
    return SCREEN.size.columns - 1 if sys.stderr.isatty() else WIDTH


def _how_to_answer(recorded: Recorded) -> None:
    event = event_of(recorded) if recorded.kind == "question asked" else None
    if isinstance(event, QuestionAsked):
        asked = "\n".join(mark + row for mark, row in marked(event.subject, width=_columns()))
        say(f"{recorded.task or 'run':<16} asks for leave:\n{asked}", style_of("ask"))
        say(f"  mimo-orchestrate approve {recorded.run} {event.id}")


def _prices_watcher(told: set[str]) -> Callable[[Recorded], None]:
    """Says once of each model that no price is known for it, so that a cost limit is not taken for a wall."""

    def watch(recorded: Recorded) -> None:
        event = event_of(recorded) if recorded.kind == "model answered" else None
        if isinstance(event, ModelAnswered) and event.cost is None and event.model not in told:
            told.add(event.model)
            say(f"warning: {unpriced_note(event.model)}")

    return watch


def _details(recorded: Recorded) -> None:
    lines = detail_lines(recorded)
    if lines:
        say("\n".join(lines))


def _events_watcher(target: str, closing: ExitStack) -> Callable[[Recorded], None]:
    if target == "-":
        return lambda recorded: print_json_lines([event_json(recorded)])
    try:
        return partial(_write_event, closing.enter_context(Path(target).open("a", encoding="utf-8")))
    except OSError as error:
        raise UsageProblem(
            f"--events {target}: {error.strerror}", hint="name a file that can be written, or -"
        ) from None


def _write_event(stream: IO[str], recorded: Recorded) -> None:
    stream.write(json.dumps(event_json(recorded)) + "\n")
    stream.flush()
