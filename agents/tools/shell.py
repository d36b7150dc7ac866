"""`shell`: a script, judged and run in the sandbox."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.tool import Arguments, Outcome, Reach, Tool


class ShellArguments(Arguments):
    """Arguments of `shell`."""

    command: Annotated[str, Field(min_length=1, max_length=65_536)]
    timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None


async def _act(given: ShellArguments, reach: Reach) -> Outcome:
    return await reach.sandbox.shell(given.command, place=reach.place, timeout_seconds=given.timeout_seconds)


SHELL = Tool(
    name="shell",
    description=(
        "Run a bash script in a fresh shell at /workspace (cd and variables don't carry over; nothing keeps running). "
        "Long output is cut in the middle; recall finds the rest."
    ),
    arguments=ShellArguments,
    act=_act,
)
