"""A note as a line of `.mimo/memory/learnt.md` in the user's checkout, for them to edit and commit."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from orchestrator.errors import UsageProblem
from orchestrator.memory.notes import StoredNote

FILE = ".mimo/memory/learnt.md"
_DIRECTORIES = (".mimo", "memory")
_NAME = "learnt.md"
_TITLE = "# What runs have learnt\n\n"


def write_down(top: Path, notes: Iterable[StoredNote]) -> None:
    """Add the notes that are not in the file yet to its end; raises UsageProblem where it is no file of the checkout.

    What an agent made may have landed there, so no link is followed on the way.
    """
    with ExitStack() as opened:
        try:
            file = opened.enter_context(os.fdopen(_open(top, opened), "r+b"))
            before = file.read().decode(errors="replace")
            lines = [_line(note) for note in notes if note.text not in before]
            if lines:
                start = "" if before.endswith("\n") else "\n" if before else _TITLE
                file.write("".join([start, *lines]).encode())
        except OSError as error:
            link = error.errno in {errno.ELOOP, errno.ENOTDIR}
            why = "it, or a directory on its way, is a link or no directory" if link else error.strerror or str(error)
            raise UsageProblem(f"{FILE} can't be written: {why}", hint="keep the note without --write") from error


def _line(note: StoredNote) -> str:
    return f"- {note.text} ({note.source})\n" if note.agent is not None else f"- {note.text}\n"


def _open(top: Path, opened: ExitStack) -> int:
    place = os.open(top, os.O_DIRECTORY | os.O_CLOEXEC)
    opened.callback(os.close, place)
    for name in _DIRECTORIES:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=place)
        place = os.open(name, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
        opened.callback(os.close, place)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(_NAME, flags, 0o644, dir_fd=place)
