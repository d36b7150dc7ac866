"""Refs of ours that a power cut left torn: git refuses to read such a file, and to write it anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_WHOLE = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n?")


def remove_broken_refs(store: Path, prefixes: Iterable[str]) -> list[str]:
    """Remove the ref files below some prefixes that hold no object id; tells which."""
    removed = []
    for prefix in prefixes:
        for path in sorted((store / prefix).rglob("*")):
            if path.is_file() and path.suffix != ".lock" and not _WHOLE.fullmatch(path.read_bytes()):
                path.unlink()
                removed.append(str(path.relative_to(store)))
    return removed
