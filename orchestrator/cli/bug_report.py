"""What is kept of a bug: a report file for whoever mends it, without secrets and readable by its owner alone."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

LOG_LINES = 200
"""Of a run's log that go into a report: some steps of each of its tasks."""


def write_report(error: BaseException, *, directory: Path) -> Path | None:
    """The path of a new report in `directory`, or else among the temporary files; None where neither can be written."""
    text = _report(error)
    for place in (directory, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(prefix="mimo-orchestrate-bug-", suffix=".txt", dir=place)
        except OSError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return Path(name)
    return None


def _report(error: BaseException) -> str:
    from orchestrator.telling.known import KNOWN
    from orchestrator.version import version

    lines = [
        f"mimo-orchestrate {version()}, Python {platform.python_version()}, {platform.platform()}",
        time.strftime("%Y-%m-%d %H:%M:%S %z"),
        f"arguments: {sys.argv[1:]!r}",
        "",
        *traceback.format_exception(error),
        *_log(),
    ]
    return KNOWN.kept.text("\n".join(lines)) + "\n"


def _log() -> list[str]:
    """The end of the run's log, where there was a run: what led there, so that one file says it all."""
    from orchestrator.telling.files import OPENED, last_lines

    return ["", f"the end of {OPENED[-1]}:", *last_lines(OPENED[-1], LOG_LINES)] if OPENED else []
