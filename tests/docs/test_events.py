"""The page of events is that of the code: every kind with its promise and its fields."""

from __future__ import annotations

import typing
from pathlib import Path

from pydantic import BaseModel

from agents.events import Event
from tests.docs.pages import text

PAGE = Path("docs/reference/events.md")
OF_EVERY_EVENT = frozenset({"v", "kind"})


def row(kind: type[BaseModel]) -> str:
    """The line of the table that a class of events makes."""
    fields = ", ".join(f"`{name}`" for name in kind.model_fields if name not in OF_EVERY_EVENT)
    return f"| `{kind.model_fields['kind'].default}` | {' '.join(str(kind.__doc__).split())} | {fields} |"


def test_the_page_has_every_kind() -> None:
    """In the order of the code; where this fails, what is expected is the table to write."""
    kinds = typing.get_args(typing.get_args(Event)[0])
    expected = "\n".join(map(row, kinds))
    section = text(PAGE).partition("## Kinds\n")[2].partition("\n## ")[0]
    table = section.partition("|---|---|---|\n")[2].strip()
    assert table == expected
