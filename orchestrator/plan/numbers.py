"""Numbers as people type them."""

from __future__ import annotations


def number(text: str) -> int | float | str:
    """A value as a plan file would have it: a number where it is one, else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
