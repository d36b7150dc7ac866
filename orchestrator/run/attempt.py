"""An attempt at a task: begun afresh, or gone on with where the program stopped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from agents.assignment import Note
from agents.conversation import Conversation
from agents.events import AttemptEnded, ChangeRefused, CheckpointTaken, FaultMet
from agents.model import Message
from agents.recorder import Recorder
from agents.results import RoleResult
from agents.roles import ROLES
from agents.shown import shown
from orchestrator.airlock.commits import read_commit
from orchestrator.airlock.merge import Merged, merge
from orchestrator.airlock.whole import is_whole
from orchestrator.plan.models import Task
from orchestrator.run.context import RunContext
from orchestrator.run.left_off import LeftOff
from orchestrator.run.whereabouts import Whereabouts


@dataclass(slots=True, kw_only=True)
class Attempt:
    """Where the next round begins, the conversation it goes on with, and why it was sent back.

    `advice` is how to go about it this time, where the coordinator had a word about the attempt before. `ended` tells
    that the round to begin with is over already: it handed `result` over, or failed.
    """

    number: int
    start: str
    commit: str
    round: int = 1
    head: str | None = None
    """What git in the worktree calls HEAD, where that is not the commit of the files: as it was when it stopped."""
    advice: str = ""
    tree: str | None = None
    conversation: Conversation | None = None
    reasons: tuple[Note, ...] = ()
    conflict: Merged | None = None
    result: RoleResult | None = None
    ended: AttemptEnded | None = None


async def gone_on_with(ctx: RunContext, task: Task, left: LeftOff, recorder: Recorder) -> Attempt | None:
    """The newest attempt as it was left; None where there is none, or nothing of its files. Raises GitFailed."""
    where = left.where
    if not where.attempt:
        return None
    if not await whole(ctx, where.start):
        why = f"the commit {where.start[:12]} is not in the store of the runs any more"
        await _tell(ctx, task, recorder, f"{why}: attempt {where.attempt} is begun anew")
        return None
    attempt = Attempt(
        number=where.attempt,
        start=where.start,
        commit=where.start,
        round=where.round,
        advice=_advice(ctx, task, where.attempt),
        conversation=left.talk(f"{task.role}.{where.attempt}"),
        reasons=where.reasons,
    )
    if where.refused is not None:
        merged = await sent_back(ctx, where.refused)
        attempt.tree = merged.tree
        attempt.conflict = merged if where.refused.conflicts else None
    lost = await _back_to_what_is_whole(ctx, task, attempt, where.saved, recorder)
    if where.back:
        attempt.round += 1
        return attempt
    attempt.head = where.head if await whole(ctx, where.head) else None
    if not lost:
        _over(attempt, where, task)
    return attempt


async def sent_back(ctx: RunContext, refused: ChangeRefused) -> Merged:
    """The merge that sent a change back, as it was."""
    return await to_thread.run_sync(partial(merge, ctx.hub, ours=refused.onto, theirs=refused.commit))


def _over(attempt: Attempt, where: Whereabouts, task: Task) -> None:
    """A round that came to its end is not worked on again; one that a limit or a human stopped is."""
    ended = where.ended
    if ended is None or ended.outcome not in {"finished", "failed"}:
        return
    attempt.ended = ended
    if ended.result is not None:
        attempt.result = ROLES[task.role].result.model_validate(ended.result)


def _advice(ctx: RunContext, task: Task, number: int) -> str:
    decisions = ctx.state.tasks[task.id].decisions
    return next((made.advice for made in decisions if made.attempt == number - 1), "")


async def _back_to_what_is_whole(
    ctx: RunContext, task: Task, attempt: Attempt, saved: list[CheckpointTaken], recorder: Recorder
) -> bool:
    """Put the attempt on its newest checkpoint that is whole; tells whether files were lost since."""
    for place in range(len(saved) - 1, -1, -1):
        if await whole(ctx, saved[place].commit):
            attempt.commit, attempt.tree = saved[place].commit, None
            break
    else:
        place = -1
    lost = saved[place + 1 :]
    if lost:
        since = f"step {saved[place].step}" if place >= 0 else "its beginning"
        names = ", ".join(f"step {each.step}" for each in lost)
        await _tell(ctx, task, recorder, f"what was saved at {names} is broken: its files are as they were at {since}")
        if attempt.conversation is not None:
            _say_lost(attempt.conversation, since)
    return bool(lost)


def _say_lost(talk: Conversation, since: str) -> None:
    pending = talk.pending
    for number, call in enumerate(pending.tool_calls if pending is not None else (), start=1):
        outcome = talk.known.get(number, "not done: the program was stopped before this")
        text = shown(outcome, step=talk.step)
        talk.messages.append(Message(role="tool", content=text, tool_call_id=call.id))
    talk.known, talk.left_out = {}, []
    talk.say(f"What was saved of your files later was lost with the program: they are as they were at {since}.")


async def _tell(ctx: RunContext, task: Task, recorder: Recorder, why: str) -> None:
    ctx.say(f"note: {task.id}: {why}")
    await recorder.record(FaultMet(where=f"the files of {task.id}", why=why, retryable=False))


async def whole(ctx: RunContext, commit: str) -> bool:
    """Whether the hub has a commit of the run with all that is in it."""
    return await to_thread.run_sync(partial(is_whole, ctx.hub, commit, base=ctx.base_commit))


async def made_before(ctx: RunContext, task: str, *, tree: str, parent: str, message: str) -> str | None:
    """The commit of exactly this change that was made for this task before: what was said of it still holds."""
    gates = reversed(ctx.state.tasks[task].gates)
    for commit in dict.fromkeys(gate.commit for gate in gates):
        if await to_thread.run_sync(_is_like, ctx, commit, tree, parent, message):
            return commit
    return None


def _is_like(ctx: RunContext, commit: str, tree: str, parent: str, message: str) -> bool:
    if not is_whole(ctx.hub, commit, base=ctx.base_commit):
        return False
    info = read_commit(ctx.hub, commit)
    said = info.message.decode(errors="replace")
    return (info.tree, info.parents, said.rstrip("\n")) == (tree, (parent,), message.rstrip("\n"))


def has_passed(ctx: RunContext, task: str, gate: str, commit: str) -> bool:
    """Whether a gate let exactly this commit through already."""
    return any((each.gate, each.commit, each.passed) == (gate, commit, True) for each in ctx.state.tasks[task].gates)
