"""`recall`: a look back at what earlier steps put out, and at what other tasks found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.recall import recall
from agents.tool import Arguments, Outcome, Reach, Tool


class RecallArguments(Arguments):
    """Arguments of `recall`."""

    query: Annotated[str, Field(min_length=1, max_length=1000)]


async def _act(given: RecallArguments, reach: Reach) -> Outcome:
    return recall(reach.conversation, given.query)


RECALL = Tool(
    name="recall",
    description=(
        "Search the whole output of your earlier steps and what other tasks found; `step 12` shows that step."
    ),
    arguments=RecallArguments,
    act=_act,
)
