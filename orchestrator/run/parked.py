"""A claim that waited for a human when the run stopped: its files are gone on with, and not made all over again."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread

from agents.assignment import Note
from orchestrator.airlock.commits import read_commit
from orchestrator.run.context import RunContext

_ASKED = (
    "Your work is at /workspace as you claimed it; nothing is lost. A human had to be asked before it may land, and "
    "the run stopped meanwhile. An answer holds for exactly these files: if they are as they should be, change nothing "
    "and finish again."
)
_REFUSED = "Your work is at /workspace as you claimed it. A human had to be asked before it may land, and said no: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """What was claimed: the commit that it began from, the tree of its files, and what its agent has to know."""

    start: str
    tree: str
    note: Note


async def parked_claim(ctx: RunContext, task: str) -> Parked | None:
    """The claim of a task that waited for a human's answer, before the policy's gate decided; raises GitFailed."""
    gates = ctx.state.tasks[task].gates
    asked = [each for each in ctx.state.questions.values() if (each.task, each.about) == (task, "change")]
    if not (asked and gates) or gates[-1].gate != "policy" or gates[-1].passed is not None:
        return None
    claimed = await to_thread.run_sync(read_commit, ctx.hub, gates[-1].commit)
    question = asked[-1]
    if not question.subject.startswith(f"tree {claimed.tree}:"):
        return None
    text = f"{_REFUSED}{question.why or 'no reason given'}" if question.allowed is False else _ASKED
    return Parked(
        start=claimed.parents[0], tree=claimed.tree, note=Note(source="a human was asked", kind="human", text=text)
    )
