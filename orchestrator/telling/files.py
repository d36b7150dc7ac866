"""Where the logs of runs are, and how long: outside of what goes with a run's end."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

LOGS = "logs"
SUFFIX = ".jsonl"

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
