"""Everything a journal can hold: one class for each kind of event, told apart by `kind`.

Times are Unix seconds, costs US dollars, sizes bytes. A payload's shape changes only with its version `v`. What a step
of an agent leaves is in `agents.step_events`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from agents.binding import bound_text
from agents.fork_events import ConversationTakenOver, ForkedFrom, TaskTakenOver
from agents.model import Message, Usage
from agents.publish_events import PublishEnded, PublishStarted
from agents.resuming_events import CommandInterrupted, RunResumed, StoreRemade
from agents.step_events import (
    CheckpointTaken,
    CommandJudged,
    CommandProposed,
    CommandRun,
    ContextRebuilt,
    ContextSection,
    JournalEvent,
    JudgedPart,
    ModelAnswered,
    ModelAsked,
    NetworkAsked,
    NetworkUsed,
    NoteKind,
    NoteLearnt,
    Role,
    Source,
    Told,
)

__all__ = [
    "AttemptEnded",
    "AttemptStarted",
    "ChangeMerged",
    "ChangeQueued",
    "ChangeRefused",
    "ChangeReverted",
    "CheckpointTaken",
    "Choice",
    "CommandInterrupted",
    "CommandJudged",
    "CommandProposed",
    "CommandRun",
    "ContextRebuilt",
    "ContextSection",
    "ConversationTakenOver",
    "DecisionMade",
    "Event",
    "FaultMet",
    "FaultRetried",
    "ForkedFrom",
    "GateFailed",
    "GatePassed",
    "GateStarted",
    "JudgedPart",
    "LimitReached",
    "ModelAnswered",
    "ModelAsked",
    "NetworkAsked",
    "NetworkUsed",
    "NoteKind",
    "NoteLearnt",
    "PlanMade",
    "PublishEnded",
    "PublishStarted",
    "QuestionAnswered",
    "QuestionAsked",
    "Role",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "RunStatus",
    "SandboxPrepared",
    "Source",
    "StoreRemade",
    "TaskEnded",
    "TaskStarted",
    "TaskState",
    "TaskTakenOver",
    "Told",
    "VerifiedBase",
    "event_adapter",
]

TaskState = Literal["landed", "ready", "failed", "refused", "skipped", "waiting"]
RunStatus = Literal["done", "partial", "failed", "stopped", "interrupted"]
Choice = Literal["another approach", "split", "give up"]


# --- the run ---------------------------------------------------------------------------------------------------


class RunStarted(JournalEvent):
    """A run begins: everything that later decides anything is here, so that `resume` needs no file of the user's."""

    kind: Literal["run started"] = "run started"
    program: str
    plan: dict[str, Any]
    plan_source: str
    base_branch: str
    base_commit: str
    policy: dict[str, str]
    """Layer name to its text, nearest first; `policy_hash` is over all of it."""
    policy_hash: str
    backend: str
    image: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    plan_file: str | None = None
    """Where the plan was read from, so that `resume` can tell what has changed there since."""
    forked_from: ForkedFrom | None = None


class RunEnded(JournalEvent):
    """The process is done with the run; it closes the chain unless the run is resumed."""

    kind: Literal["run ended"] = "run ended"
    status: RunStatus
    why: str | None = None
    base_after: str
    moved: bool
    why_not: str | None = None


class PlanMade(JournalEvent):
    """The tasks of the run, as they will be worked on; `why` is the coordinator's reason, where it made them."""

    v: int = 2
    kind: Literal["plan made"] = "plan made"
    source: Literal["file", "coordinator"] = "file"
    tasks: list[dict[str, Any]]
    why: str | None = None


class VerifiedBase(JournalEvent):
    """The plan's `verify` on the base, before a token was spent."""

    kind: Literal["base verified"] = "base verified"
    commit: str
    green: bool
    why: str | None = None


class SandboxPrepared(JournalEvent):
    """What every sandbox of the run begins with, and who said so: an image, what a setup made, files taken along.

    `setup_from` names the plan or a file of the base commit; `kept_as` the image or the cache with what the setup made,
    `reused` that it was there already. `included` are untracked files that every worktree has, `left_out` those that
    were asked for, each with the reason.
    """

    kind: Literal["sandbox prepared"] = "sandbox prepared"
    image: str | None = None
    image_from: str
    setup: list[str] = Field(default_factory=list)
    setup_from: str
    kept_as: str | None = None
    reused: bool = False
    included: list[str] = Field(default_factory=list)
    left_out: list[str] = Field(default_factory=list)


# --- a task and its attempts -----------------------------------------------------------------------------------


class TaskStarted(JournalEvent):
    """A task's needs have landed; it starts from `commit`."""

    kind: Literal["task started"] = "task started"
    commit: str


class TaskEnded(JournalEvent):
    """A task's outcome in this process; `commit` is its result, if any."""

    kind: Literal["task ended"] = "task ended"
    state: TaskState
    why: str | None = None
    commit: str | None = None


class AttemptStarted(JournalEvent):
    """An agent begins a conversation (round 1), or goes on with it for the reasons given (later rounds).

    `agent` names the conversation, for instance `editor.1`; `added` is what the conversation starts or goes on with,
    `told` who else's words are in that.
    `tree` holds the files that it begins with, None in older journals: mostly those of `commit`.
    """

    kind: Literal["attempt started"] = "attempt started"
    agent: str
    role: Role
    attempt: int
    round: int
    model: str
    commit: str
    sandbox: str
    added: list[Message] = Field(default_factory=list)
    told: list[Told] = Field(default_factory=list)
    tree: str | None = None


class AttemptEnded(JournalEvent):
    """An agent is done: `result` is what it handed to `finish`."""

    kind: Literal["attempt ended"] = "attempt ended"
    agent: str
    outcome: Literal["finished", "failed", "limit", "interrupted", "parked"]
    result: dict[str, Any] | None = None
    why: str | None = None
    commit: str | None = None


class DecisionMade(JournalEvent):
    """The coordinator's word on an attempt that failed for good.

    `advice` is for the next attempt, where the choice is another approach; `parts` are the tasks that take this one's
    place one after the other, where it is a split.
    """

    kind: Literal["decision made"] = "decision made"
    agent: str
    attempt: int
    choice: Choice
    why: str
    advice: str = ""
    parts: list[dict[str, Any]] = Field(default_factory=list)


# --- gates and landing -----------------------------------------------------------------------------------------


class GateStarted(JournalEvent):
    """A gate looks at `commit`."""

    kind: Literal["gate started"] = "gate started"
    gate: str
    commit: str


class GatePassed(JournalEvent):
    """The gate let `commit` through; `evidence` is what it saw."""

    kind: Literal["gate passed"] = "gate passed"
    gate: str
    commit: str
    evidence: dict[str, Any] = Field(default_factory=dict)


class GateFailed(JournalEvent):
    """The gate sent `commit` back; `why` is what its editor is told."""

    kind: Literal["gate failed"] = "gate failed"
    gate: str
    commit: str
    why: str
    evidence: dict[str, Any] = Field(default_factory=dict)


class QuestionAsked(JournalEvent):
    """A human is needed: `subject` is the exact command or change, `id` is what `approve` and `deny` take.

    A command would run in `cwd`; `bound` holds the SHA-256 of each script that it names, by path. `left_out` says what
    of the files was refused or ignored when they were saved before, as the agent is told.
    """

    v: int = 2
    kind: Literal["question asked"] = "question asked"
    id: str
    about: Literal["command", "change"]
    subject: str
    parts: list[JudgedPart] = Field(default_factory=list)
    cwd: str | None = None
    bound: dict[str, str] = Field(default_factory=dict)
    left_out: str | None = None

    @property
    def binding(self) -> str:
        """What an answer holds for: no other text, directory or content of a script."""
        return bound_text(self.subject, self.cwd, self.bound)


class QuestionAnswered(JournalEvent):
    """A human, or the run's `--ask`, answered."""

    kind: Literal["question answered"] = "question answered"
    id: str
    allowed: bool
    by: str
    why: str | None = None


class ChangeQueued(JournalEvent):
    """A task's commit waits to be landed."""

    kind: Literal["change queued"] = "change queued"
    commit: str


class ChangeMerged(JournalEvent):
    """`landed` is on the run's main branch: `commit` merged onto `onto`, and what it lost of either side, if any."""

    kind: Literal["change merged"] = "change merged"
    commit: str
    onto: str
    landed: str
    tree: str
    lost_lines: list[str] = Field(default_factory=list)


class ChangeRefused(JournalEvent):
    """The merge conflicted or its tests were red."""

    kind: Literal["change refused"] = "change refused"
    commit: str
    onto: str
    why: str
    conflicts: list[str] = Field(default_factory=list)


class ChangeReverted(JournalEvent):
    """A landed task was taken back by `commit`."""

    kind: Literal["change reverted"] = "change reverted"
    landed: str
    commit: str


# --- limits and faults -----------------------------------------------------------------------------------------


class LimitReached(JournalEvent):
    """A limit of the plan ended an attempt or the run."""

    kind: Literal["limit reached"] = "limit reached"
    limit: str
    value: float
    used: float


class FaultMet(JournalEvent):
    """The machine or a provider failed; never shown to a model as a result.

    `agent` is who met it at its model; `usage` and `cost` are what an answer that broke off took, about: the provider
    wants to be paid for it all the same.
    """

    kind: Literal["fault met"] = "fault met"
    where: str
    why: str
    retryable: bool = True
    agent: str | None = None
    usage: Usage | None = None
    cost: float | None = None


class FaultRetried(JournalEvent):
    """The try after a fault."""

    kind: Literal["fault retried"] = "fault retried"
    where: str
    attempt: int
    wait_seconds: float = 0.0


Event = Annotated[
    RunStarted | RunResumed | RunEnded | StoreRemade | PlanMade | SandboxPrepared | VerifiedBase
    | TaskStarted | TaskEnded | AttemptStarted | AttemptEnded | DecisionMade
    | ModelAsked | ModelAnswered | CommandProposed | CommandJudged | CommandRun | CommandInterrupted
    | NetworkAsked | NetworkUsed | CheckpointTaken | ContextRebuilt | NoteLearnt
    | TaskTakenOver | ConversationTakenOver
    | GateStarted | GatePassed | GateFailed | QuestionAsked | QuestionAnswered
    | ChangeQueued | ChangeMerged | ChangeRefused | ChangeReverted | PublishStarted | PublishEnded
    | LimitReached | FaultMet | FaultRetried,
    Field(discriminator="kind"),
]  # fmt: skip

event_adapter: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(defer_build=True))
"""Reads any event back from its JSON; raises pydantic.ValidationError."""
