"""Make hostile text safe to show: what could move the cursor, hide or reorder letters is written out as an escape."""

from __future__ import annotations

import unicodedata

# Cc: control, Cf: format (bidi, zero width), Cs: lone surrogates, Co: private use, Zl and Zp: line separators.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def is_unsafe(char: str) -> bool:
    """Whether a character may not reach a terminal as it is."""
    return unicodedata.category(char) in _UNSAFE_CATEGORIES


def printable(text: str) -> str:
    """The text with each unsafe character written as `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if is_unsafe(char) else char for char in text)


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or _numbered(ord(char))


def _numbered(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
