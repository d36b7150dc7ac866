"""Commit messages: a model's words cut to harmless lines, our trailers below them, and the parser of these trailers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Trailer(StrEnum):
    """The trailers of a landed commit."""

    RUN = "Mimo-Run"
    TASK = "Mimo-Task"
    MODEL = "Mimo-Model"
    JOURNAL = "Mimo-Journal"


MAX_SUBJECT = 72
MAX_LINE = 200
MAX_LINES = 60

_MARKUP = re.compile(
    r"\s*[\w-]+\s*:"  # a trailer
    r"|\(cherry picked from"
    r"|\s*---|\s*#|diff -|Index: |>?From "  # where `git am` and `git commit` end or cut a message
    r"|.*(?:>8|8<|>%|%<)"  # a scissors line
)
_TRAILER = re.compile(r"([A-Za-z0-9-]+): (.*)")
_OURS = {trailer.value: trailer for trailer in Trailer}
_QUOTE = "- "


def compose(subject: str, body: str, trailers: Mapping[Trailer, str]) -> str:
    """A whole message; nothing in subject or body can be read as a trailer, a scissors line or `---`."""
    first = " ".join(_printable(subject).split())[:MAX_SUBJECT].strip()
    paragraphs = [_quoted(first) if _MARKUP.match(first) and not _conventional(first) else first or "Changes"]
    lines = [_quoted(line) if _MARKUP.match(line) else line for line in _lines(body)]
    paragraphs += ["\n".join(lines).strip("\n")] if any(lines) else []
    if trailers:
        paragraphs.append("\n".join(f"{key.value}: {_value(value)}" for key, value in trailers.items()))
    return "\n\n".join(paragraphs) + "\n"


def parse_trailers(message: bytes) -> dict[Trailer, str]:
    """Our trailers of a message: those of its last paragraph, if that has nothing but trailers, each of ours once.

    Anything else gives no trailer at all.
    """
    paragraphs = re.split(r"\n{2,}", message.decode(errors="replace").strip("\n"))
    if len(paragraphs) < 2:
        return {}
    found: dict[Trailer, str] = {}
    for line in paragraphs[-1].split("\n"):
        match = _TRAILER.fullmatch(line)
        if match is None:
            return {}
        key = _OURS.get(match[1])
        if key is not None:
            if key in found:
                return {}
            found[key] = match[2]
    return found


def _lines(text: str) -> list[str]:
    lines = [_printable(line).rstrip()[:MAX_LINE] for line in text.splitlines()]
    return lines[:MAX_LINES] + (["[...]"] if len(lines) > MAX_LINES else [])


def _printable(text: str) -> str:
    """Without control, format (bidirectional and invisible) and unassigned characters, and lone surrogates."""
    kept = (
        char if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"} else " " for char in text
    )
    return "".join(kept)


def _quoted(line: str) -> str:
    return _QUOTE + line.lstrip()


def _conventional(subject: str) -> bool:
    """Whether a subject is of the kind `fix: ...` or `port-client: ...`: git takes no first paragraph for trailers."""
    return re.match(r"[a-z0-9][a-z0-9-]*(?:\([\w./-]+\))?!?: ", subject) is not None


def _value(value: str) -> str:
    return " ".join(_printable(value).split())[:MAX_LINE] or "-"
