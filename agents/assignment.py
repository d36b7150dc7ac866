"""What an agent is given to do, and everything it is told about it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.events import NoteKind, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text of somebody else's with where it comes from: a task's findings, a gate's reasons. Shown as data."""

    source: str
    text: str
    kind: NoteKind = "findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a gate looks at; the parts that are empty are left out."""

    diff: str
    stat: str = ""
    summary: str = ""
    tests_before: int | None = None
    tests_after: int | None = None
    verify_output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One conversation of one role about one task.

    `agent` names it within the task (`editor.1`), the same in each round. `run_goal` and `task_goal` are the user's
    words and stand verbatim in every conversation. `findings` come from the tasks that this one needs, `reasons`
    from what sent it back; `advice` is the coordinator's after an attempt that failed; `instructions` is the text of
    AGENTS.md, `memory` what is remembered besides, most important first. `hosts` are those that its commands may
    reach. `context` caps the prompt, in tokens. Where there are `max_steps`, an agent without a result after so many
    has failed.
    """

    role: Role
    agent: str
    task: str
    run_goal: str
    task_goal: str
    attempt: int = 1
    round: int = 1
    paths: tuple[str, ...] = ()
    findings: tuple[Note, ...] = ()
    advice: str = ""
    instructions: str = ""
    memory: tuple[Note, ...] = ()
    reasons: tuple[Note, ...] = ()
    inspection: Inspection | None = None
    hosts: tuple[str, ...] = ()
    max_steps: int | None = None
    context: int = 200_000
