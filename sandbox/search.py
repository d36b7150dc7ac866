"""Whether a stream of bytes holds a value, wherever its pieces are cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO

CHUNK_BYTES = 1024**2


def found_in(content: IO[bytes], wanted: Mapping[str, Iterable[bytes]]) -> list[str]:
    """The names of those values, each in any of its forms, that are in the content."""
    forms = [(name, form) for name, values in wanted.items() for form in values]
    overlap = max((len(form) for _, form in forms), default=1) - 1
    found: dict[str, None] = {}
    kept = b""
    while chunk := content.read(CHUNK_BYTES):
        window = kept + chunk
        found.update((name, None) for name, form in forms if form in window)
        kept = window[-overlap:] if overlap else b""
    return list(found)
