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
from policies.verdict import Verdict

DONE = frozenset({TaskState.LANDED, TaskState.READY})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAct:
    """A script, or the absolute path of an edit, as it was judged; secrets in it are redacted.

    `task` is None where the run itself was planned; `step` where the task's own checks were run. `ran_well` is None
    where it did not run.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run with all that was judged in it, in order; `policy` are its layers then, nearest first."""

    run: str
    policy: Mapping[str, str]
    ask: str
    tasks: Mapping[str, TaskState]
    acts: tuple[JudgedAct, ...] = field(repr=False)

    def landed(self, task: str | None) -> bool:
        """Whether a task's change landed, or is ready to."""
        return task is not None and self.tasks.get(task) in DONE


def judged_run(run: str, events: Iterable[Recorded]) -> JudgedRun:
    """A run out of its events."""
    state = RunState(run=run)
    proposed: dict[str | None, dict[str, e.CommandProposed]] = {}
    acts: dict[tuple[str | None, str], JudgedAct] = {}
    for recorded in events:
        apply(state, recorded)
        event, task = event_of(recorded), recorded.task
        match event:
            case e.CommandProposed():
                proposed.setdefault(task, {})[event.id] = event
            case e.CommandJudged() if event.id in proposed.get(task, ()):
                acts[task, event.id] = _act(state, task, proposed[task][event.id], event)
            case e.CommandRun() if (task, event.id) in acts:
                acts[task, event.id] = replace(acts[task, event.id], ran_well=event.exit_code == 0)
    return JudgedRun(
        run=run,
        policy=state.policy,
        ask=str(state.options.get("ask", "deny")),
        tasks={name: progress.state for name, progress in state.tasks.items()},
        acts=tuple(acts.values()),
    )


def _act(state: RunState, task: str | None, proposed: e.CommandProposed, judged: e.CommandJudged) -> JudgedAct:
    agent = proposed.agent
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
    )
