"""The state of a run, as every view, `resume` and the result of `--json` see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class TaskState(StrEnum):
    """Where a task is: on its way (first five), or at an outcome of formats.md §2 (the rest)."""

    PENDING = "pending"
    WORKING = "working"
    GATED = "gated"
    QUEUED = "queued"
    MERGED = "merged"
    LANDED = "landed"
    READY = "ready"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    WAITING = "waiting"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was used: tokens as the provider counted them, `cost` in US dollars for the priced part, CPU time."""

    steps: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cost: float = 0.0
    unpriced_tokens: int = 0
    cpu_seconds: float = 0.0

    def tokens(self) -> dict[str, int]:
        """The `tokens` object of `run --json`."""
        return {"prompt": self.prompt, "completion": self.completion, "cached": self.cached}


@dataclass(slots=True, kw_only=True)
class GateResult:
    """One gate's last word on a commit; `passed` is None while it looks."""

    gate: str
    commit: str
    passed: bool | None = None
    why: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class QuestionState:
    """A question to a human; `allowed` is None until it is answered."""

    id: str
    task: str | None
    about: str
    subject: str
    parts: list[dict[str, Any]] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    allowed: bool | None = None
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionState:
    """What the coordinator decided after an attempt that failed for good, and why."""

    attempt: int
    choice: str
    why: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedState:
    """A command whose effect was lost with the program, and why; of a command of the plan there is no agent."""

    task: str | None
    agent: str | None
    step: int | None
    command: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What is being done: `who` (an agent as `editor.1`, or `verify`, `setup`) uses a tool, or asks a model.

    `text` is the tool's raw arguments, or the model, where `tool` is None.
    """

    who: str
    step: int | None
    tool: str | None
    text: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedLimit:
    """A limit that ended an agent's work, by its name on the command line, as it was then; `task` is whose agent."""

    name: str
    value: float
    used: float
    task: str | None


@dataclass(slots=True, kw_only=True)
class TaskProgress:
    """One task: what it is, how far it came, what it used.

    A task that was split has `parts`, in their order; each of them is a task that is `part_of` it.
    """

    id: str
    role: str
    goal: str
    needs: list[str] = field(default_factory=list)
    state: TaskState = TaskState.PENDING
    attempts: int = 0
    rounds: int = 0
    start_commit: str | None = None
    checkpoint: str | None = None
    checkpoint_ref: str | None = None
    commit: str | None = None
    landed: str | None = None
    reverted: str | None = None
    result: dict[str, Any] | None = None
    why: str | None = None
    doing: str | None = None
    activity: Activity | None = None
    doing_since: float | None = None
    gates: list[GateResult] = field(default_factory=list)
    lost_lines: list[str] = field(default_factory=list)
    decisions: list[DecisionState] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    part_of: str | None = None
    taken_over: bool = False
    """It was done in the run that this one was forked from."""
    used: Tally = field(default_factory=Tally)
    started_at: float | None = None
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run, folded from its events. `status` is `running` until the run has ended, and again once it is resumed."""

    run: str
    name: str = ""
    goal: str = ""
    status: str = "running"
    why: str | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    plan_source: str = ""
    plan_file: str | None = None
    policy: dict[str, str] = field(default_factory=dict)
    policy_hash: str = ""
    forked_from: dict[str, Any] | None = None
    backend: str = ""
    image: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    base_branch: str = ""
    base_before: str = ""
    base_after: str = ""
    moved: bool = False
    why_not: str | None = None
    base_green: bool | None = None
    tip: str = ""
    published: dict[str, str] = field(default_factory=dict)
    intended: dict[str, str] = field(default_factory=dict)
    """Refs as the last publish meant them to be: what a crash may have left without its end in the journal."""
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    made_tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The tasks that the coordinator made, by id, as a plan file would have them."""
    planned: str | None = None
    """Who made the tasks, `file` or `coordinator`; None until they are made."""
    plannings: int = 0
    """How often a coordinator was asked to make them."""
    activity: Activity | None = None
    """What is done for the run itself and for none of its tasks: setup, tests of the base, planning."""
    questions: dict[str, QuestionState] = field(default_factory=dict)
    interrupted: list[InterruptedState] = field(default_factory=list)
    """Commands whose effect was lost with the program, oldest first."""
    limits_reached: list[str] = field(default_factory=list)
    reached: list[ReachedLimit] = field(default_factory=list)
    """The same, for what has to be granted before the run can go on."""
    run_limit_reached: bool = False
    faults: list[str] = field(default_factory=list)
    total: Tally = field(default_factory=Tally)
    roles: dict[str, Tally] = field(default_factory=dict)
    """What the agents of each role used, for all tasks together."""
    role_seconds: dict[str, float] = field(default_factory=dict)
    agents_since: dict[str, tuple[str, float]] = field(default_factory=dict)
    """The agents at work, by task and name: the role of each, and since when."""
    started_at: float = 0.0
    session_started_at: float = 0.0
    updated_at: float = 0.0
    seconds: float = 0.0
    events: int = 0
    head: str = ""

    @property
    def waiting(self) -> list[QuestionState]:
        """The questions that nobody has answered."""
        return [question for question in self.questions.values() if question.allowed is None]

    def branch(self, task: str) -> str:
        """The ref of a task's result in the user's repository."""
        return f"refs/heads/mimo/{self.run}/{task}"
