"""A line of the log is made once."""

from __future__ import annotations

import logging
from pathlib import Path

from orchestrator.telling.bounded_file import BoundedFile


class Counting(logging.Formatter):
    """Counts what it is asked for."""

    made = 0

    def format(self, record: logging.LogRecord) -> str:
        """The bare message."""
        self.made += 1
        return record.getMessage()


def test_a_line_is_made_once_and_each_is_its_own(tmp_path: Path) -> None:
    """Whether it still fits and what it says is one question; the next record has an answer of its own."""
    formatter, file = Counting(), BoundedFile(tmp_path / "logs" / "run.jsonl")
    try:
        file.setFormatter(formatter)
        for text in ("one", "two"):
            file.handle(logging.LogRecord("mimo", logging.INFO, __file__, 1, text, (), None))
    finally:
        file.close()
    assert formatter.made == 2
    assert (tmp_path / "logs" / "run.jsonl").read_text() == "one\ntwo\n"
