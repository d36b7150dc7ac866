"""A terminal to look at: a real pseudo terminal, and what the bytes that come out of it would show."""

from __future__ import annotations

import os
import re
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from rich.cells import cell_len

QUIET_SECONDS = 0.03
"""Nothing more comes when nothing came for that long."""

_SEQUENCE = re.compile(r"\x1b\[[\d;]*m|\x1b\[(\??)(\d*)([A-Za-z])")

_BEGUN = re.compile(r"\x1b(\[[?\d;]*)?$")


class Display:
    """What stands on a terminal and what has scrolled away above; it knows the sequences that we use and no other."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.columns = columns
        self.lines = lines
        self.rows = [""]
        self.row = self.column = 0
        self.cursor_is_shown = True
        self._wraps = True
        self._begun = ""

    def feed(self, text: str) -> None:
        """Take what a program wrote; a sequence that is not whole waits for its rest."""
        text = self._begun + text
        whole = _BEGUN.search(text)
        text, self._begun = (text, "") if whole is None else (text[: whole.start()], whole[0])
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                assert found is not None, f"an unknown sequence: {text[at : at + 10]!r}"
                if found[3]:
                    self._obey(found[1], int(found[2] or 1), found[3])
                at = found.end()
            else:
                self._put(text[at])
                at += 1

    def resize(self, columns: int, lines: int) -> None:
        """Become so large: longer lines are wrapped, as most terminals do; the cursor stays at its letter."""
        rows: list[str] = []
        for number, text in enumerate(self.rows):
            if number == self.row:
                row = len(rows) + self.column // columns
            rows += [text[at : at + columns] for at in range(0, len(text), columns)] or [""]
        self.rows, self.row, self.column = rows, row, self.column % columns
        self.columns, self.lines = columns, lines

    @property
    def text(self) -> str:
        """All lines from the first to the last that is not empty."""
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n")

    def _obey(self, private: str, number: int, letter: str) -> None:
        match private, letter:
            case "", "A":
                self.row = max(self.row - number, len(self.rows) - self.lines, 0)
            case "", "J":
                self.rows = [*self.rows[: self.row], self.rows[self.row][: self.column]]
            case "?", "h" | "l" if number == 25:
                self.cursor_is_shown = letter == "h"
            case "?", "h" | "l" if number == 7:
                self._wraps = letter == "h"
            case _:
                raise AssertionError(f"an unknown sequence: {private}{number}{letter}")

    def _put(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._down()
        else:
            assert char.isprintable(), repr(char)
            if self.column + cell_len(char) > self.columns:
                if not self._wraps:
                    return
                self.column = 0
                self._down()
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + char + row[self.column + 1 :]
            self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")


class Pty:
    """A pseudo terminal: `stream` is its inside, `display` what a human sees of it."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self._ours, theirs = os.openpty()
        self.stream: IO[str] = os.fdopen(theirs, "w", encoding="utf-8")
        self.keys: IO[str] = os.fdopen(os.dup(theirs), "r", encoding="utf-8")
        self.display = Display()
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        """Become so large."""
        termios.tcsetwinsize(self._ours, (lines, columns))
        self.look()
        self.display.resize(columns, lines)

    def type(self, keys: str) -> None:
        """Type these keys."""
        os.write(self._ours, keys.encode())

    def look(self) -> str:
        """What is to be seen once nothing more comes."""
        data = b""
        while select.select([self._ours], [], [], QUIET_SECONDS)[0]:
            data += os.read(self._ours, 65536)
        self.display.feed(data.decode())
        return self.display.text

    @property
    def echoes(self) -> bool:
        """Whether keys are shown as they are typed."""
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def close(self) -> None:
        """Take it away, as a window that is closed."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


@contextmanager
def plugged_in(columns: int = 80, lines: int = 24) -> Iterator[Pty]:
    """A pseudo terminal for a while."""
    pty = Pty(columns, lines)
    try:
        yield pty
    finally:
        pty.close()
        for stream in (pty.keys, pty.stream):
            with suppress(OSError):  # what was left to be written has nowhere to go
                stream.close()
