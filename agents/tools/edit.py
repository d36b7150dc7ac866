"""`edit`: an exact replacement in one file, or a new file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.tool import Arguments, Outcome, Reach, Tool


class EditArguments(Arguments):
    """Arguments of `edit`; an empty `old` creates the file."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    old: str
    new: str


async def _act(given: EditArguments, reach: Reach) -> Outcome:
    return await reach.sandbox.edit(given.path, given.old, given.new, place=reach.place)


EDIT = Tool(
    name="edit",
    description=(
        "Replace `old`, which must occur exactly once in the file, by `new`. An empty `old` creates the file."
    ),
    arguments=EditArguments,
    act=_act,
    writes=True,
)
