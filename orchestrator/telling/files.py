"""Where the logs of runs are, and how long: outside of what goes with a run's end, bounded, its owner's alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, cast

LOGS = "logs"
SUFFIX = ".jsonl"

MOST_BYTES = 8 * 1024**2
"""Of one file; the one before it is kept as well, so that a run leaves twice that at most."""

MOST_RUNS = 50
"""Whose logs are kept when a run begins: the newest."""

OPENED: list[Path] = []
"""The logs that this process has written, newest last: what a report of a bug has to show."""


def log_file(state_directory: Path, run: str) -> Path:
    """The log of a run; the part before it has `.1` behind its name."""
    return state_directory / LOGS / f"{run}{SUFFIX}"


def runs_with_logs(state_directory: Path) -> list[str]:
    """The runs of which there are logs, newest first."""
    found = [(path.stat().st_mtime, path.name.removesuffix(SUFFIX)) for path in _all(state_directory)]
    return [run for _, run in sorted(found, reverse=True)]


def remove_logs(state_directory: Path, *, keep: Collection[str]) -> list[str]:
    """Remove the logs of all runs but those; gives their runs."""
    removed = [run for run in runs_with_logs(state_directory) if run not in keep]
    for run in removed:
        path = log_file(state_directory, run)
        for part in (path.with_name(f"{path.name}.1"), path):
            part.unlink(missing_ok=True)
    return removed


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a log; nothing where it can't be read."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return []


def _all(state_directory: Path) -> list[Path]:
    directory = state_directory / LOGS
    return list(directory.glob(f"*{SUFFIX}")) if directory.is_dir() else []


class BoundedFile(RotatingFileHandler):
    """A log on the disk. What keeps it from being written stops no run: `fault` says it, for the end."""

    def __init__(self, path: Path) -> None:
        """Open it, at its end where it is there already; raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.fault: str | None = None
        self._newest: tuple[logging.LogRecord | None, str] = (None, "")
        super().__init__(path, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8")

    def _open(self) -> Any:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return cast("IO[str]", os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding="utf-8"))

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, made once: the look at whether it still fits asks for it too."""
        if self._newest[0] is not record:
            self._newest = record, super().format(record)
        return self._newest[1]

    def handleError(self, record: object) -> None:
        """Remember why."""
        import sys

        self.fault = self.fault or str(sys.exc_info()[1])
