"""`recall`: a look back at earlier steps, at what other tasks found, and at what is remembered between runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.recall import recall
from agents.tool import Arguments, Outcome, Reach, Tool


class RecallArguments(Arguments):
    """Arguments of `recall`."""

    query: Annotated[str, Field(min_length=1, max_length=1000)]


async def _act(given: RecallArguments, reach: Reach) -> Outcome:
    return await recall(reach.past, given.query, agent=reach.agent, step=reach.place.step)


RECALL = Tool(
    name="recall",
    description=(
        "Search your earlier steps, what other tasks found, and project memory. `step 12` shows that step whole, "
        "`step 12 WORD` searches in it; the name of a file of the memory shows that file."
    ),
    arguments=RecallArguments,
    act=_act,
)
