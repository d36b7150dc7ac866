"""What completion knows of past runs: read from the journal as it lies there, without a fold and without a trace.

The fold is what gives events their meaning, and takes longer than anybody waits for Tab. Here a few kinds of events are
looked into, and what can't be read is passed over.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from orchestrator.airlock.repository import UserRepository
from orchestrator.cli.completion.shells import Candidate
from orchestrator.cli.liveness import LOCKS, alive
from orchestrator.cli.selection import LAST, choose_run
from orchestrator.cli.state import JOURNAL, NOTES, state_of

MOST_RUNS = 100
"""More than anybody looks through."""

READ_SECONDS = 0.5
"""When reading a journal is given up."""


class Past:
    """The runs of one repository."""

    def __init__(self, connection: sqlite3.Connection, directory: Path) -> None:
        self._connection = connection
        self._directory = directory

    def runs(self) -> list[Candidate]:
        """The newest runs first, each with how it stands and what it is for; `last` before them."""
        rows = self._rows("kind = 'run started' ORDER BY time DESC, run DESC LIMIT ?", MOST_RUNS)
        ends = {run: payload for run, _, _, payload in self._rows("kind IN ('run ended', 'run resumed') ORDER BY seq")}
        found = [
            Candidate(value=run, help=f"{self._status(run, ends.get(run, {}))}: {_part(started, 'plan', 'goal')}")
            for run, _, _, started in rows
        ]
        return [Candidate(value=LAST, help=f"{found[0].value}, {found[0].help}"), *found] if found else []

    def tasks(self, wanted: str) -> list[Candidate]:
        """The tasks of a run in their order, each with its outcome, if it has one, and its goal."""
        run = self._chosen(wanted)
        ended = {
            task: payload for _, task, _, payload in self._rows("run = ? AND kind = 'task ended' ORDER BY seq", run)
        }
        made = self._rows("run = ? AND kind IN ('plan made', 'decision made') ORDER BY seq", run)
        return [
            Candidate(value=name, help=": ".join(filter(None, (_part(ended.get(name), "state"), _part(task, "goal")))))
            for _, _, _, payload in made
            for task in payload.get("tasks") or payload.get("parts") or ()
            for name in [_part(task, "id")]
        ]

    def checkpoints(self, wanted: str, task: str) -> list[Candidate]:
        """The numbers of a task's checkpoints, the newest first, each with its step and what it changed."""
        kinds = "kind = 'checkpoint taken'"
        taken = self._rows(f"run = ? AND task = ? AND {kinds} ORDER BY seq DESC", self._chosen(wanted), task)
        found = [
            Candidate(value=_part(saved, "ref").rpartition("/")[2], help=f"step {saved.get('step')}: {_names(saved)}")
            for _, _, _, saved in taken
        ]
        newest = [Candidate(value=LAST, help=found[0].help)] if found else []
        return [*newest, *found, Candidate(value="0", help="as the task began")]

    def questions(self, wanted: str) -> list[Candidate]:
        """The questions of a run that wait for an answer, each with what it is about."""
        run = self._chosen(wanted)
        waiting: dict[str, str] = {}
        for _, _, kind, payload in self._rows("run = ? AND kind LIKE 'question %' ORDER BY seq", run):
            waiting.pop(_part(payload, "id"), None)
            if kind == "question asked":
                waiting[_part(payload, "id")] = _part(payload, "subject")
        return [Candidate(value=name, help=subject) for name, subject in waiting.items()]

    def models(self) -> list[str]:
        """The models that runs were given."""
        found: list[str] = []
        for _, _, _, started in self._rows("kind = 'run started' ORDER BY time DESC LIMIT ?", MOST_RUNS):
            plan = started.get("plan", {})
            for chain in (plan.get("model"), *plan.get("models", {}).values()):
                found += [chain] if isinstance(chain, str) else chain or ()
        return found

    def _chosen(self, wanted: str) -> str:
        rows = self._connection.execute(
            "SELECT run FROM events WHERE kind = 'run started' ORDER BY time DESC, run DESC"
        )
        return choose_run([run for (run,) in rows], wanted)

    def _status(self, run: str, end: dict[str, Any]) -> str:
        return _part(end, "status") or ("running" if alive(self._directory / LOCKS / run) else "interrupted")

    def _rows(self, where: str, *values: Any) -> list[tuple[str, str, str, dict[str, Any]]]:
        rows = self._connection.execute(f"SELECT run, task, kind, payload FROM events WHERE {where}", values)  # noqa: S608
        return [(str(run), str(task), str(kind), _read(payload)) for run, task, kind, payload in rows]


def _names(saved: dict[str, Any]) -> str:
    files = saved.get("files")
    return ", ".join(map(str, files)) if isinstance(files, list) else ""


@contextmanager
def past() -> Iterator[Past | None]:
    """The past of the repository around the current directory; None where nothing was run in it."""
    repository = repository_of(Path.cwd())
    journal = state_of(repository) / JOURNAL if repository is not None else None
    if journal is None or not journal.is_file():
        yield None
        return
    # A journal that nobody has open is read as a file that does not change, for SQLite would put two files beside it.
    live = all(journal.with_name(f"{JOURNAL}{suffix}").exists() for suffix in ("-wal", "-shm"))
    address = f"{journal.resolve().as_uri()}?{'mode=ro' if live else 'immutable=1'}"
    with closing(sqlite3.connect(address, uri=True, timeout=READ_SECONDS)) as connection:
        end = time.monotonic() + READ_SECONDS
        connection.set_progress_handler(lambda: int(time.monotonic() > end), 1000)
        yield Past(connection, journal.parent)


def notes() -> list[Candidate]:
    """The notes of the repository around the current directory, those that wait first, each with its text."""
    repository = repository_of(Path.cwd())
    file = state_of(repository) / NOTES if repository is not None else None
    if file is None or not file.is_file():
        return []
    address = f"{file.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=READ_SECONDS)) as connection:
        rows = connection.execute(
            "SELECT id, state, text FROM notes WHERE state != 'forgotten' ORDER BY state DESC, id DESC LIMIT ?",
            (MOST_RUNS,),
        )
        return [Candidate(value=f"n{number}", help=f"{state}: {text}") for number, state, text in rows]


def repository_of(start: Path) -> UserRepository | None:
    """The repository around a directory, as its files say; asking git takes as long as everything else does."""
    for place in (start, *start.parents):
        found = place / ".git"
        if found.is_file():
            # A linked worktree, or a submodule.
            found = place / found.read_text().removeprefix("gitdir:").strip()
            shared = found / "commondir"
            common = found / shared.read_text().strip() if shared.is_file() else found
            return UserRepository(top=place, git_dir=found, common_dir=common, object_format="")
        if found.is_dir():
            return UserRepository(top=place, git_dir=found, common_dir=found, object_format="")
    return None


def _read(payload: Any) -> dict[str, Any]:
    try:
        read = json.loads(payload)
    except (ValueError, TypeError):
        return {}
    return read if isinstance(read, dict) else {}


def _part(payload: Any, *names: str) -> str:
    """The text that lies so deep in a payload; empty where there is none."""
    for name in names:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str) else ""
