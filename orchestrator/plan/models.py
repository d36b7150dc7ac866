"""A plan file as it is written: frozen models that refuse what they do not know.

A plan comes from a file and stays what was written: `Plan.dumped` gives a document that `Plan.rebuilt` (or the loader)
reads back to an equal plan, so that the journal can keep it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from orchestrator.plan.fields import (
    Count,
    Dollars,
    Duration,
    Globs,
    Host,
    Line,
    Listed,
    ModelChain,
    Name,
    PositiveCount,
    Revision,
    Size,
    Text,
    Time,
    VariableName,
    VariableValue,
)

TaskRole = Literal["investigator", "editor", "tester", "reviewer"]
"""The roles that a task may have; the coordinator makes tasks and never is one."""

Gate = Literal["tester", "reviewer"]
"""What may look at a task's change before it is queued."""

EDITOR_GATES: tuple[Gate, ...] = ("tester", "reviewer")
"""The gates of an editor's task that names none."""

WRITING_ROLES = frozenset({"editor", "tester"})
"""The roles whose changes may land; what the others change is discarded with their sandbox."""

MAIN = "main"
"""No task may have this id: `mimo/RUN/main` is where the run's tasks land."""

MOST_TASKS = 500
"""Far more than anybody reviews; it keeps what compares each task with each other quick."""


def _whole_number(value: Any) -> Any:
    # `true` and `1.0` equal 1 in Python, but no file means them so.
    if type(value) is not int:
        raise PydanticCustomError("version", "must be the number 1")
    return value


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Models(_Written):
    """The models of each role, first to last; None where the plan's `model` serves."""

    coordinator: ModelChain | None = None
    investigator: ModelChain | None = None
    editor: ModelChain | None = None
    tester: ModelChain | None = None
    reviewer: ModelChain | None = None


class Price(_Written):
    """Dollars per million tokens; those of a provider's cache, read and written, are None where they cost as others."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    cache_write: Dollars | None = None


class SandboxSettings(_Written):
    """Where the commands run and what they may use."""

    backend: Literal["auto", "docker", "bubblewrap"] = "auto"
    image: Line | None = None
    dockerfile: Line | None = None
    setup: Listed[Text] = ()
    setup_network: Listed[Host] = ()
    secrets: Listed[VariableName] = ()
    disk_bytes: Size = Field(default=4 * 1024**3, alias="disk")
    network: Listed[Host] = ()
    cpus: Annotated[float, Strict(), Field(gt=0, le=1024, allow_inf_nan=False)] = 2.0
    memory_bytes: Size = Field(default=2 * 1024**3, alias="memory")
    pids: Annotated[int, Strict(), Field(ge=1, le=4_000_000)] = 256
    timeout_seconds: Duration = Field(default=600.0, alias="timeout")
    env: dict[VariableName, VariableValue] = Field(default_factory=dict)


class Bounds(_Written):
    """What somebody may use; None where only what is above bounds it."""

    steps: Count | None = None
    tokens: Count | None = None
    cost: Dollars | None = None
    wall_seconds: Time | None = Field(default=None, alias="wall")
    cpu_seconds: Time | None = Field(default=None, alias="cpu")

    def amounts(self) -> dict[str, float]:
        """The limits that are set, by their names in a plan, in seconds where they are times."""
        fields = {spec.alias or name: name for name, spec in Bounds.model_fields.items()}
        return {key: float(value) for key, name in fields.items() if (value := getattr(self, name)) is not None}


class RoleLimits(_Written):
    """What the agents of each role may use in the whole run, together; None where only the run's limits hold."""

    coordinator: Bounds | None = None
    investigator: Bounds | None = None
    editor: Bounds | None = None
    tester: Bounds | None = None
    reviewer: Bounds | None = None


class Limits(Bounds):
    """What the whole run may use; `context` caps the prompt, in tokens."""

    parallel: PositiveCount = 4
    steps: Count = 200
    tokens: Count = 5_000_000
    cost: Dollars = 10.0
    wall_seconds: Time = Field(default=7200.0, alias="wall")
    attempts: PositiveCount = 2
    rounds: PositiveCount = 4
    context: PositiveCount = 200_000
    roles: RoleLimits | None = None


class TaskLimits(Bounds):
    """What one task may use; None where only the run's limit holds."""

    attempts: PositiveCount | None = None
    rounds: PositiveCount | None = None
    context: PositiveCount | None = None


class MergeSettings(_Written):
    """How what is done reaches the base branch."""

    mode: Literal["auto", "hold"] = "auto"
    style: Literal["squash", "merge"] = "squash"


class Task(_Written):
    """One piece of work for one role; `paths` None means whatever the policy lets change."""

    id: Name
    role: TaskRole
    goal: Text
    needs: Listed[Name] = ()
    paths: Globs | None = None
    verify: Listed[Text] = ()
    gates: Listed[Gate] | None = None
    limits: TaskLimits = TaskLimits()

    @property
    def effective_gates(self) -> tuple[Gate, ...]:
        """The gates that this task's change has to pass, in order: all for an editor that names none."""
        if self.gates is not None:
            return tuple(gate for gate in EDITOR_GATES if gate in self.gates)
        return EDITOR_GATES if self.role == "editor" else ()

    @property
    def writes(self) -> bool:
        """Whether what this task changes may land."""
        return self.role in WRITING_ROLES


def _few_enough(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    if len(tasks) > MOST_TASKS:
        raise PydanticCustomError("too_many", "must be at most {most} tasks", {"most": MOST_TASKS})
    return tasks


class Plan(_Written):
    """A whole plan; every number in seconds, bytes, tokens or US dollars."""

    version: Annotated[Literal[1], BeforeValidator(_whole_number)]
    name: Name
    goal: Text
    base: Revision | None = None
    model: Line | None = None
    models: Models = Models()
    prices: dict[Line, Price] = Field(default_factory=dict)
    sandbox: SandboxSettings = SandboxSettings()
    policy: Line | None = None
    verify: Listed[Text] = ()
    limits: Limits = Limits()
    merge: MergeSettings = MergeSettings()
    tasks: Annotated[Listed[Task], AfterValidator(_few_enough), Field(json_schema_extra={"maxItems": MOST_TASKS})] = ()

    def task(self, task_id: str) -> Task:
        """The task of that id; raises KeyError."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the plan has work for, in the order of their work; all where tasks are still to be made."""
        if not self.tasks:
            return tuple(Models.model_fields)
        used = {task.role for task in self.tasks} | {gate for task in self.tasks for gate in task.effective_gates}
        return tuple(role for role in Models.model_fields if role in used)

    def models_of(self, role: str) -> tuple[str, ...]:
        """The model ids for a role, first to last; empty where neither `models` nor `model` names one."""
        chain: tuple[str, ...] | None = getattr(self.models, role)
        if chain is not None:
            return chain
        return () if self.model is None else (self.model,)

    def dumped(self) -> dict[str, Any]:
        """This plan as a JSON-able document in the plan file's own form, every default written out."""
        document: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return document

    @classmethod
    def rebuilt(cls, document: dict[str, Any]) -> Self:
        """The plan that `dumped` gave; raises pydantic.ValidationError."""
        return cls.model_validate(document)
