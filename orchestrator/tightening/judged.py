"""What was judged in past runs: each command and edit, with its verdict then, and whether its task landed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import apply, event_of
from orchestrator.journal.proposals import command_text
from orchestrator.journal.state import RunState, TaskState
from orchestrator.plan.models import WRITING_ROLES
from orchestrator.tightening.landed import LandedChange, ReadDiff
from policies.verdict import Verdict

DONE = frozenset({TaskState.LANDED, TaskState.READY})

_BESIDE = frozenset({"model asked", "model answered", "context rebuilt", "checkpoint taken"})
"""What was said and saved, most of a journal, tells nothing of what was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAct:
    """A script, or the absolute path of an edit, as it was judged; secrets in it are redacted.

    `task` is None where the run itself was planned; `step` where the task's own checks were run. `ran_well` is None
    where it did not run. `ask` is the run's `--ask` at that time; `discarded` says that nothing of the attempt it
    belongs to was kept; `paths` are what its task may change, where its agent is bound to them; `above` are the roles
    of the tasks that its own is a part of, for which it acts as well.
    """

    run: str
    task: str | None
    role: str
    agent: str | None
    step: int | None
    id: str
    tool: Literal["shell", "edit"]
    subject: str
    verdict: Verdict
    allowed: bool
    answered_by: str | None
    parts: tuple[e.JudgedPart, ...]
    ran_well: bool | None = None
    at: float = 0.0
    ask: str = "deny"
    discarded: bool = False
    paths: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run with all that was judged in it, in order; `policy` are its layers then, nearest first."""

    run: str
    policy: Mapping[str, str]
    ask: str
    tasks: Mapping[str, TaskState]
    acts: tuple[JudgedAct, ...] = field(repr=False)
    diffs: tuple[LandedChange, ...] = ()

    def landed(self, task: str | None) -> bool:
        """Whether a task's change landed, or is ready to."""
        return task is not None and self.tasks.get(task) in DONE


def judged_run(run: str, events: Iterable[Recorded], *, read: ReadDiff | None = None) -> JudgedRun:
    """A run out of its events; with what it landed, where that can be `read`."""
    reading = _Reading(state=RunState(run=run), read=read)
    for recorded in events:
        reading.take(recorded)
    state = reading.state
    return JudgedRun(
        run=run,
        policy=state.policy,
        ask=_ask(state),
        tasks={name: progress.state for name, progress in state.tasks.items()},
        acts=tuple(reading.acts),
        diffs=tuple(reading.diffs),
    )


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What is known of a run after some of its events."""

    state: RunState
    read: ReadDiff | None
    proposed: dict[tuple[str | None, str], e.CommandProposed] = field(default_factory=dict)
    acts: list[JudgedAct] = field(default_factory=list)
    places: dict[tuple[str | None, str], int] = field(default_factory=dict)
    """Where the newest act of an id is: a gate of a resumed run counts its agents anew."""
    diffs: list[LandedChange] = field(default_factory=list)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What each task may change."""
    let_through: dict[str | None, str] = field(default_factory=dict)
    """Who allowed the change of a task."""

    def take(self, recorded: Recorded) -> None:
        """Read one more event."""
        if recorded.kind in _BESIDE:
            return
        event, task = event_of(recorded), recorded.task
        if _begins_anew(self.state, task, event):
            self.let_through.pop(task, None)
            self.acts = [replace(act, discarded=True) if act.task == task else act for act in self.acts]
        apply(self.state, recorded)
        match event:
            case e.PlanMade(tasks=made) | e.DecisionMade(parts=made):
                self.paths.update({each["id"]: tuple(each.get("paths") or ()) for each in made})
            case e.CommandProposed():
                self.proposed[task, event.id] = event
            case e.CommandJudged() if (task, event.id) in self.proposed:
                self.places[task, event.id] = len(self.acts)
                act = _act(self.state, self.proposed[task, event.id], event, recorded)
                self.acts.append(replace(act, paths=self._binding(act)))
            case e.CommandRun() if (place := self.places.get((task, event.id))) is not None:
                self.acts[place] = replace(self.acts[place], ran_well=event.exit_code == 0)
            case e.QuestionAnswered(allowed=True) if self.state.questions[event.id].about == "change":
                self.let_through[task] = event.by
            case e.ChangeMerged() if task is not None and self.read is not None:
                self.diffs.append(
                    LandedChange(
                        task=task,
                        role=self.state.tasks[task].role,
                        files=self.read(event.onto, event.landed),
                        at=recorded.time,
                        ask=_ask(self.state),
                        answered_by=self.let_through.get(task),
                        above=roles_above(self.state, task),
                    )
                )

    def _binding(self, act: JudgedAct) -> tuple[str, ...]:
        """What an act is bound to: the paths of its task, where it is of the task's own agent and is to land."""
        progress = self.state.tasks.get(act.task or "")
        own = progress is not None and act.agent is not None and act.role == progress.role
        return self.paths.get(act.task or "", ()) if own and act.role in WRITING_ROLES else ()


def _begins_anew(state: RunState, task: str | None, event: e.Event) -> bool:
    """Whether nothing is kept of what was done so far for a task, or to make the plan.

    A fresh attempt begins, or its parts take the place of the task.
    """
    progress = state.tasks.get(task or "")
    match event:
        case e.AttemptStarted() if progress is not None:
            return event.role == progress.role and event.attempt > progress.attempts
        case e.AttemptStarted():
            return event.attempt > state.plannings
        case e.DecisionMade():
            return bool(event.parts)
        case _:
            return False


def _act(state: RunState, proposed: e.CommandProposed, judged: e.CommandJudged, recorded: Recorded) -> JudgedAct:
    agent, task = proposed.agent, recorded.task
    progress = state.tasks.get(task or "")
    # An agent is named ROLE.NUMBER; what a task checks itself by is judged as its role's.
    role = agent.partition(".")[0] if agent is not None else progress.role if progress is not None else "editor"
    return JudgedAct(
        run=state.run,
        task=task,
        role=role,
        agent=agent,
        step=proposed.step,
        id=proposed.id,
        tool="edit" if proposed.tool == "edit" else "shell",
        subject=command_text(proposed),
        verdict=Verdict(judged.verdict),
        allowed=judged.allowed,
        answered_by=judged.answered_by,
        parts=tuple(judged.parts),
        at=recorded.time,
        ask=_ask(state),
        above=roles_above(state, task) if progress is not None and progress.role == role else (),
    )


def roles_above(state: RunState, task: str | None) -> tuple[str, ...]:
    """The roles of the tasks that a task is a part of, nearest first."""
    above = state.tasks[task or ""].part_of
    return () if above is None else (state.tasks[above].role, *roles_above(state, above))


def _ask(state: RunState) -> str:
    """Who answers questions; a run that says nothing has nobody."""
    return str(state.options.get("ask", "deny"))
