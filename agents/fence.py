"""Text that is data stays data: marked off from our own words by lines that it can't forge."""

from __future__ import annotations

import hashlib

HEAD_SHARE = 0.6
"""How much of a cut text is its beginning; errors tend to be at the end, causes at the beginning."""


def fence(label: str, text: str) -> str:
    """A text between two lines that carry its own digest, which no text can hold of itself."""
    mark = digest(text)
    return f"[{label} {mark}]\n{text.rstrip()}\n[end {mark}]"


def digest(text: str) -> str:
    """Sixteen characters that belong to this text alone."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def cut(text: str, budget_chars: int, *, hint: str = "") -> str:
    """A text of at most about `budget_chars`, its head and tail kept and the cut said."""
    if len(text) <= budget_chars:
        return text
    head = int(budget_chars * HEAD_SHARE)
    tail = budget_chars - head
    dropped = len(text) - head - tail
    return f"{text[:head]}\n[... {dropped} characters left out{hint} ...]\n{text[len(text) - tail :]}"


def one_line(text: str, limit: int = 200) -> str:
    """A text as one printable line of at most `limit` characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
