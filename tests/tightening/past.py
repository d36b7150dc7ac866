"""Past runs to learn from, as journals hold them: who did what, how it was judged, and what came of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from agents import events as e
from agents.records import judged_event
from orchestrator.tightening.judged import JudgedRun, judged_run
from orchestrator.tightening.landed import ReadDiff
from policies.changed import Change
from policies.loader import load_policy, preset
from policies.policy import Policy
from policies.verdict import Decision, Verdict
from tests.views import telling
from tests.views.story import BASE, CHANGED, LANDED, Story, attempt

RUN = "port-20260301-120000-ab12"
START = 1_772_366_400.0
STANDARD = preset("standard")
YES = (True, "human at the terminal")


def policy(text: str, *, name: str = "tight.yaml") -> Policy:
    """A policy file of a user's."""
    return load_policy(name, reader=lambda _: f"version: 1\n{text}".encode())


def started(*tasks: str, under: Policy = STANDARD, paths: tuple[str, ...] = (), **options: Any) -> Story:
    """A run begins, with a task of an editor for each name, which may change these `paths`."""
    made: list[dict[str, Any]] = [
        {"id": task, "role": "editor", "goal": "Port it.", **({"paths": list(paths)} if paths else {})}
        for task in tasks
    ]
    begun = e.RunStarted(
        program="1",
        plan={"name": "port", "goal": "Port it all.", "tasks": made},
        plan_source="plan.yaml",
        base_branch="main",
        base_commit=BASE,
        policy=dict(under.layers),
        policy_hash=under.hash,
        backend="bubblewrap",
        options=options,
    )
    return [(None, begun), (None, e.PlanMade(tasks=made))]


def began(task: str, number: int = 1) -> Story:
    """An editor makes a fresh start."""
    return [(task, attempt(f"editor.{number}", "editor", BASE, number=number))]


def did(
    task: str | None,
    what: str,
    *,
    agent: str | None = "editor.1",
    step: int = 1,
    edit: bool = False,
    under: Policy = STANDARD,
    answer: tuple[bool, str] = (False, "--ask deny"),
    secret: str = "",
    then: Verdict | None = None,
) -> Story:
    """A command, or the path of an edit, as it was judged; it ran well where it might. No agent: a check.

    The journal does not hold the `secret` in it; `then` is what a program of that time said, where that was otherwise.
    """
    role = agent.partition(".")[0] if agent is not None else "editor"
    decision = under.judge_edit(what, role=role) if edit else under.judge_command(what, role=role)
    if then is not None:
        decision = Decision(parts=(replace(decision.deciding, verdict=then),))
    asked = decision.verdict is Verdict.ASK and agent is not None
    allowed = answer[0] if asked else decision.verdict is Verdict.ALLOW
    name = f"{agent or 'verify'}.{step}.1"
    who: dict[str, Any] = {"id": name, "agent": agent, "step": step, "source": "agent"}
    if agent is None:
        who = {"id": name, "source": "verify"}
    kept = what.replace(secret, "[redacted INDEX_TOKEN]") if secret else what
    arguments = json.dumps({"path" if edit else "command": kept})
    told: Story = [
        (task, e.CommandProposed(**who, tool="edit" if edit else "shell", arguments=arguments)),
        (task, judged_event(name, decision, allowed=allowed, answered_by=answer[1] if asked else None)),
    ]
    if allowed:
        told.append((task, e.CommandRun(**who, sandbox="s1", command=kept, exit_code=0, wall_seconds=0.1)))
    return told


def merged(task: str, *, onto: str = BASE, landed: str = LANDED) -> Story:
    """The task's change is on the run's main branch."""
    return [(task, e.ChangeMerged(commit=CHANGED, onto=onto, landed=landed, tree="d" * 40)), *ended(task)]


def ended(task: str, state: e.TaskState = "landed") -> Story:
    """The task's outcome."""
    return [(task, e.TaskEnded(state=state))]


def diff_of(*paths: str) -> tuple[Change, ...]:
    """One added line in each of some files."""
    return tuple(
        Change(
            path=path.encode(),
            status="modified",
            old_mode=0o100644,
            new_mode=0o100644,
            added_lines=1,
            removed_lines=0,
            binary=False,
            added_text="x\n",
        )
        for path in paths
    )


def past(*stories: Story, run: str = RUN, start: float = START, read: ReadDiff | None = None) -> JudgedRun:
    """What was judged in a run, as its journal tells it; it began at `start`."""
    told = [event for story in stories for event in story]
    return judged_run(run, telling.timed(told, run=run, start=start), read=read)
