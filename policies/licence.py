"""Licence headers: the comment at the top of a file that says whose it is and under which terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FILE = re.compile(r"(?:licen[cs]e|copying|copyright|notice)(?:[-_.].*)?", re.IGNORECASE)
_SPEAKS = re.compile(r"SPDX-|copyright|\(c\)|©|licen[cs]e|all rights reserved|public domain", re.IGNORECASE)
_BLOCKS = (("/*", "*/"), ("<!--", "-->"), ('"""', '"""'), ("'''", "'''"), ("{-", "-}"), ("(*", "*)"))
_LINES = ("#", "//", "--", ";", "%", "*", ".. ", "dnl ")
_PASSED_OVER = ("<?", "<!DOCTYPE", "<!doctype")
_HEAD_BYTES = 16_384


def is_licence_file(path: bytes) -> bool:
    """Whether a path is that of a file that holds a licence."""
    return _FILE.fullmatch(path.rpartition(b"/")[2].decode(errors="replace")) is not None


def lost_lines(before: bytes, after: bytes) -> list[str]:
    """The lines of the licence header before that are not in the comments at the top after."""
    kept = {line for comment in _comments(after) for line in comment.lines}
    return [line for comment in _comments(before) for line in comment.terms() if line and line not in kept]


@dataclass(slots=True)
class _Comment:
    """Lines of a comment without its marks; `docstring` where the language takes it for a text of the program's."""

    docstring: bool = False
    lines: list[str] = field(default_factory=list)

    def terms(self) -> list[str]:
        """What speaks of a licence: from the first such line to the end, of a docstring such lines alone."""
        at = next((at for at, line in enumerate(self.lines) if _SPEAKS.search(line)), len(self.lines))
        return [line for line in self.lines[at:] if not self.docstring or _SPEAKS.search(line)]


def _comments(content: bytes) -> Iterator[_Comment]:
    """The comments before the first line of code."""
    comment = _Comment()
    closing = ""
    for line in content[:_HEAD_BYTES].decode(errors="replace").splitlines():
        text = line.strip()
        opening, end = next((block for block in _BLOCKS if not closing and text.startswith(block[0])), ("", ""))
        if opening:
            comment.docstring |= opening == end
            closing = end if end not in text[len(opening) :] else ""
        elif closing:
            closing = "" if closing in text else closing
        elif not text:
            yield comment
            comment = _Comment()
            continue
        elif text.startswith(_PASSED_OVER):
            continue
        elif not text.startswith(_LINES):
            break
        comment.lines.append(_plain(text))
    yield comment


def _plain(line: str) -> str:
    return " ".join(line.strip("#/*-;%<>!\"'{} \t").split())
