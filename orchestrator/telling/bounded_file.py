"""The file of a log as it is written: bounded, and its owner's alone."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, cast

MOST_BYTES = 8 * 1024**2
"""Of one file; the one before it is kept as well, so that a run leaves twice that at most."""


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
        self.fault = self.fault or str(sys.exc_info()[1])
