"""What a plan may ask for and this version can't do yet: refused with its place, never passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.document import Document, KeyPath
from policies.problems import Problem

_NOT_YET: dict[KeyPath, str] = {
    ("sandbox", "secrets"): "secrets for setup are not part of this version",
}


def unsupported(document: Document) -> Iterator[Problem]:
    """A problem for each thing of the plan that this version would have to pass over."""
    for path, message in _NOT_YET.items():
        if _at(document.data, path):
            yield document.problem(path, message, at_key=True)


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
