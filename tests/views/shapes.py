"""The shape of JSON: the paths of its keys, and those that the document on it names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.tree import TOP

PAGE = Path("docs/reference/json.md")

_KEY = re.compile(r"`([^`]+)`")


def shape(value: Any, *, free: Collection[str], opaque: Collection[str]) -> dict[str, str]:
    """The path of each key with the kinds of its values.

    Names within a `free` object are data and shown as `*`; an `opaque` value has a form of its own.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)

    def look(item: Any, at: str) -> None:
        if isinstance(item, list):
            for inner in item:
                look(inner, f"{at}[]")
        elif isinstance(item, dict) and at not in opaque:
            for key, inner in item.items():
                path = f"{at}.{'*' if at in free else key}".lstrip(".")
                found[path].add("null" if inner is None else type(inner).__name__)
                look(inner, path)

    look(value, "")
    return {path: " | ".join(sorted(kinds)) for path, kinds in sorted(found.items())}


def documented(command: str) -> set[str]:
    """The paths that the page names for a command."""
    text = (TOP / PAGE).read_text(encoding="utf-8")
    _, _, section = text.partition(f"## `{command} --json`\n")
    rows = re.findall(r"^\| (`.*?`) \|", section.partition("\n## ")[0], re.MULTILINE)
    return {path for row in rows for path in _KEY.findall(row)}
