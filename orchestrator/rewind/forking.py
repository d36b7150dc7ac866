"""What a fork's journal begins with: a run that stands where another stood at a checkpoint, told in its own events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.conversation import Conversation
from agents.events import (
    AttemptEnded,
    AttemptStarted,
    ChangeRefused,
    CheckpointTaken,
    ConversationTakenOver,
    DecisionMade,
    Event,
    GateFailed,
    ModelAsked,
    PlanMade,
    TaskTakenOver,
    VerifiedBase,
)
from agents.interrupted import broken_off
from agents.model import Message
from agents.retelling import retell
from agents.shown import shown, told_of_files
from orchestrator.airlock import refs
from orchestrator.errors import UsageProblem
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of, fold
from orchestrator.journal.state import RunState, TaskState
from orchestrator.rewind.checkpoints import START, Checkpoint
from orchestrator.run.whereabouts import AGENTS_OF_GATES, whereabouts

_DONE = {TaskState.MERGED, TaskState.LANDED, TaskState.READY}

NOT_DONE = "not done: your work goes on from before this"
"""What an agent is told of a call of its last answer that came after the checkpoint."""

Told = tuple[str | None, Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A run up to one of its checkpoints; `later` are the events behind it, as far as there are any."""

    state: RunState
    checkpoint: Checkpoint
    before: Sequence[Recorded]
    later: Sequence[Recorded]

    @property
    def head(self) -> str:
        """The hash of the event that tells of the checkpoint."""
        return self.before[-1].hash


def origin_of(rows: Sequence[Recorded], checkpoint: Checkpoint) -> Origin:
    """Where a fork begins; raises ValueError for a journal that can't be read."""
    before = [row for row in rows if row.seq <= checkpoint.seq]
    return Origin(state=fold(before), checkpoint=checkpoint, before=before, later=rows[len(before) :])


def taken_over(origin: Origin, *, run: str, model: str) -> list[Told]:
    """All that a fork named `run` begins with behind its `run started`; `model` is that of the task gone on with."""
    told: list[Told] = [*_plan(origin), *_done(origin)]
    if origin.checkpoint.number != START:
        told += ((origin.checkpoint.task, event) for event in _attempt(origin, run, model))
    return told


def landed_before(origin: Origin) -> dict[str, str]:
    """The commit of each task's own branch, of those that are taken over."""
    tasks = origin.state.tasks.values()
    return {task.id: task.commit for task in tasks if task.state in _DONE and task.commit is not None}


def _plan(origin: Origin) -> Iterator[Told]:
    """The tasks as they were made and split, and that the base was green: all of it holds for the fork."""
    green: VerifiedBase | None = None
    for row in origin.before:
        if row.kind not in {"plan made", "decision made", "base verified"}:
            continue
        match event_of(row):
            case PlanMade() as made:
                yield None, made
            case DecisionMade() as decided if decided.parts or row.task == origin.checkpoint.task:
                yield row.task, decided
            case VerifiedBase() as verified:
                green = verified
            case _:
                continue
    if green is not None and green.green:
        yield None, green


def _done(origin: Origin) -> Iterator[Told]:
    """What was done, in the order in which it landed: the last to land is the tip of the fork's main branch."""
    landings = {row.task: row.seq for row in origin.before if row.kind in {"change merged", "task taken over"}}
    done = [task for task in origin.state.tasks.values() if task.state in _DONE]
    for task in sorted(done, key=lambda task: landings.get(task.id, 0)):
        known = {"commit": task.commit, "landed": task.landed, "result": task.result, "why": task.why}
        yield task.id, TaskTakenOver.model_validate({"state": task.state.value, **known})


def _attempt(origin: Origin, run: str, model: str) -> Iterator[Event]:
    """The attempt with the files and the words that it had, as if the program had stopped there."""
    checkpoint, task = origin.checkpoint, origin.checkpoint.task
    events = [event_of(row) for row in origin.before if row.task == task]
    start, back = _start(events, str(checkpoint.agent))
    head = next(each.commit for each in _rounds(events, start.agent) if each.round == start.round)
    talk = conversation_at(origin)
    if back:
        # What sent it back is told again, between the round before and this one.
        yield start.model_copy(update={"model": model, "round": max(1, start.round - 1)})
        yield from back
    else:
        yield from _attempt_before(events, start)
    yield start.model_copy(update={"model": model, "commit": head})
    yield ConversationTakenOver(
        agent=talk.agent,
        step=talk.step,
        round=talk.round,
        answered=talk.answered,
        ceiling=talk.ceiling,
        messages=talk.messages,
    )
    # Last, so that a fork of the fork at this very checkpoint has what was said before it.
    yield CheckpointTaken(
        agent=str(checkpoint.agent),
        step=int(checkpoint.step or 0),
        ref=refs.checkpoint(run, task, checkpoint.number),
        commit=checkpoint.commit,
        files=list(checkpoint.files),
        refused=list(checkpoint.refused),
        ignored=list(checkpoint.ignored),
    )


def _attempt_before(events: Sequence[Event], start: AttemptStarted) -> Iterator[Event]:
    """The attempt that failed before this one, and how: what this one has been told of it, and nothing else."""
    tried = _rounds(events, f"{start.role}.{start.attempt - 1}")
    reasons = whereabouts(events, role=start.role).reasons
    if tried and reasons:
        yield tried[-1].model_copy(update={"told": []})
        yield AttemptEnded(agent=tried[-1].agent, outcome="failed", why=reasons[0].text)


def _rounds(events: Sequence[Event], agent: str) -> list[AttemptStarted]:
    """The rounds of an agent, one that had to begin on a fresh sandbox once more for each of them."""
    return [event for event in events if isinstance(event, AttemptStarted) and event.agent == agent]


def _start(events: Sequence[Event], agent: str) -> tuple[AttemptStarted, list[ChangeRefused | GateFailed]]:
    """The newest round of an agent, with the commit that its change is measured against, and what sent it back last.

    A merge that did is told even where a gate sent the work back since: the change is measured against it.
    """
    rounds: list[AttemptStarted] = []
    refused: ChangeRefused | None = None
    failed: GateFailed | None = None
    for event in events:
        match event:
            case AttemptStarted() if event.agent == agent:
                rounds.append(event)
            case ChangeRefused() if rounds:
                refused, failed = event, None
            case GateFailed() if rounds and event.gate in AGENTS_OF_GATES and event.evidence:
                failed = event
            case _:
                continue
    commit = rounds[0].commit if refused is None else refused.onto
    start = rounds[-1].model_copy(update={"commit": commit, "tree": None, "added": [], "told": []})
    return start, [each for each in (refused, failed) if each is not None]


def conversation_at(origin: Origin) -> Conversation:
    """What the agent had said and heard when its files were as they are at the checkpoint.

    A step that was acted on to its end is told as it was. Of one that was not, or that was saved in the middle of it,
    the calls that came later are told as not done.
    """
    checkpoint, agent = origin.checkpoint, str(origin.checkpoint.agent)
    before = [event_of(row) for row in origin.before if row.task == checkpoint.task]
    talk = retell([*before, *_rest_of_step(origin)], agent=agent, step=checkpoint.step)
    if talk is None:
        raise UsageProblem(f"the journal does not tell what {agent} of {checkpoint.task} said until then")
    if talk.pending is not None:
        off = broken_off(before, talk, keeps=True)
        calls = talk.pending.tool_calls
        for number, call in enumerate(calls, start=1):
            notes = told_of_files(off.left_out) if number == len(calls) else ()
            text = shown(off.known.get(number, NOT_DONE), step=talk.step, notes=notes)
            talk.messages.append(Message(role="tool", content=text, tool_call_id=call.id))
    return talk


def _rest_of_step(origin: Origin) -> list[Event]:
    """The request behind the checkpoint's step, which holds what its calls were answered with, if that is all of it."""
    checkpoint = origin.checkpoint
    for row in origin.later:
        if row.task != checkpoint.task:
            continue
        event = event_of(row)
        if getattr(event, "agent", None) != checkpoint.agent:
            continue
        return [event] if isinstance(event, ModelAsked) and event.step == (checkpoint.step or 0) + 1 else []
    return []
