"""How far tasks had come in earlier processes of a run, or in this one: where each was, and its conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agents.conversation import Conversation
from agents.events import ChangeQueued, CommandInterrupted, CommandProposed, CommandRun, Event, Role
from agents.interrupted import WHILE_IT_RAN, broken_off, interrupted
from agents.retelling import retell
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import KEPT_ON_RESUME, event_of
from orchestrator.journal.state import RunState, TaskProgress
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import WRITING_ROLES
from orchestrator.run.whereabouts import Whereabouts, whereabouts
from sandbox.sandbox import LimitHit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A change that was to land on `onto`, and the plan's commands that passed on what both make together."""

    commit: str
    onto: str
    passed: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class LeftOff:
    """One task, or the run's own planning: where it is, what its agents had said and heard, what was interrupted."""

    where: Whereabouts
    talks: dict[str, Conversation] = field(default_factory=dict)
    """By agent; each is there to be gone on with once."""
    interrupted: list[CommandInterrupted] = field(default_factory=list)
    tested: Tested | None = None

    def talk(self, agent: str) -> Conversation | None:
        """The conversation of an agent, to whoever goes on with it."""
        return self.talks.pop(agent, None)


def left_off(events: Sequence[Event], *, role: Role, keeps: bool) -> LeftOff:
    """What is left of a task of this role after these events of its own; with `keeps` its agent's files are saved."""
    where = whereabouts(events, role=role)
    left = LeftOff(where=where)
    for agent in _on_their_way(where, role):
        talk = retell(events, agent=agent)
        if talk is None:
            continue
        off = broken_off(events, talk, keeps=keeps and agent == f"{role}.{where.attempt}")
        talk.known, talk.left_out = off.known, off.left_out
        left.talks[agent] = talk
        left.interrupted += off.untold
    if where.users_command is not None:
        left.interrupted.append(interrupted(where.users_command, WHILE_IT_RAN))
    return left


def _on_their_way(where: Whereabouts, role: Role) -> list[str]:
    """The agents that have something to go on with."""
    gates = [f"{name}.{gate.number}" for name, gate in where.at_gates.items() if gate.number and not gate.is_settled]
    deciding = [] if role == "coordinator" or where.decision is not None else [f"coordinator.{where.attempt}"]
    return [f"{role}.{where.attempt}", *gates, *deciding] if where.attempt else []


def left_off_of(task: TaskProgress, rows: Iterable[Recorded]) -> LeftOff:
    """What is left of a task after these events of its own."""
    role: Role = task.role  # type: ignore[assignment]
    return left_off([event_of(recorded) for recorded in rows], role=role, keeps=role in WRITING_ROLES)


def last_queued(rows: Iterable[Recorded], *, onto: str, since: int) -> Tested | None:
    """How far the tests of the change that was queued last had come: those begun after event `since` were on `onto`."""
    commit: str | None = None
    begun: set[str] = set()
    passed: list[str] = []
    for row in rows:
        match event_of(row):
            case ChangeQueued(commit=queued) if queued != commit:
                commit, begun, passed = queued, set(), []
            case CommandProposed(source="verify", id=id) if row.seq > since:
                begun.add(id)
            case CommandRun(source="verify", id=id) as run if id in begun:
                passed = [*passed, run.command] if _is_ok(run) else []
            case _:
                pass
    return Tested(commit=commit, onto=onto, passed=tuple(passed)) if commit is not None else None


def _is_ok(run: CommandRun) -> bool:
    return run.exit_code == 0 and run.limit in {None, LimitHit.OUTPUT} and not run.cancelled


def all_left_off(store: JournalStore, state: RunState) -> dict[str | None, LeftOff]:
    """What is left of every task that has no outcome yet, and under None of the planning of a run without tasks."""
    found: dict[str | None, LeftOff] = {}
    merged = max((row.seq for row in store.of_kind(state.run, "change merged")), default=0)
    for task in state.tasks.values():
        if task.state not in KEPT_ON_RESUME and not task.parts:
            rows = list(store.of_task(state.run, task.id))
            found[task.id] = left_off_of(task, rows)
            found[task.id].tested = last_queued(rows, onto=state.tip, since=merged)
    events = [event_of(recorded) for recorded in store.of_task(state.run, None)]
    found[None] = left_off(events, role="coordinator", keeps=False)
    return found
