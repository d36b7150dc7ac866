"""All that a run works with, opened once and handed to everyone who takes part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from agents.circuit import Circuits
from agents.events import Role
from agents.model import Model
from agents.policy import Asker
from agents.recorder import Recorder
from agents.redact import Redactor
from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.included import Included
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.saver import Saver
from orchestrator.airlock.user_config import Identity
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.state import RunState
from orchestrator.memory.run_memory import RunMemory
from orchestrator.plan.models import Plan
from orchestrator.run.budget import TimedBudget
from orchestrator.run.caches import Caches
from orchestrator.run.cheap import Worktrees
from orchestrator.run.left_off import LeftOff
from orchestrator.run.recipe import Recipe
from policies.policy import Policy
from sandbox.sandbox import Backend, Limits
from sandbox.starting import StartingSandbox


class ModelOf(Protocol):
    """Makes the model of one agent; its faults and retries go to the recorder."""

    def __call__(self, role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        """The model of `agent`, which has that role in the task."""
        ...


class Worksites(Protocol):
    """Where agents and tests work."""

    def at(
        self, task: str, commit: str, *, tree: str | None = None, read_only: bool = False
    ) -> AbstractAsyncContextManager[StartingSandbox]:
        """A sandbox that is starting, on a fresh worktree of `commit`, with the files of `tree` where one is given."""
        ...

    async def expect(self, tasks: Sequence[str], commit: str, *, working: Collection[str] = ()) -> None:
        """These tasks are to start next, at `commit` unless main moves before; those at `working` have started."""
        ...

    async def over(self) -> None:
        """Nobody comes any more: wait for every sandbox that was left to be gone, and for all that it has to tell."""
        ...


@dataclass(slots=True, kw_only=True)
class RunContext:
    """One run in one process. `state` is folded from the journal as the run goes on."""

    run: str
    plan: Plan
    repository: UserRepository
    base_branch: str
    base_commit: str
    base_store: BaseStore
    hub: Hub
    directory: Path
    """This run's own directory, for worktrees; gone with the run."""
    landing_lock: Path
    journal: RunJournal
    state: RunState
    backend: Backend
    image: str | None
    recipe: Recipe
    caches: Caches
    policy: Policy
    secrets: Redactor
    """Knows the secret values of the environment: no change may bring one in."""
    asker: Asker
    model_of: ModelOf
    budget: TimedBudget
    stopping: Callable[[], bool]
    """Whether the user asked for a stop: agents finish their step, and nothing new starts."""
    author: Identity
    say: Callable[[str], None]
    """Takes a line for the user."""
    saved_plan: Path
    """Where the plan that the coordinator makes is kept for reading."""
    users_commands: frozenset[str]
    """The `verify` commands that the user wrote; any other is judged before it runs."""
    memory: RunMemory
    """What its agents are told of it, and what they can look back at."""
    prepared: Path | None = None
    """What the setup left, with a backend that has no images."""
    setup_kept: str | None = None
    """Under which name what the setup made is kept."""
    included: Included = field(default_factory=Included)
    """Files of the user's that every worktree has."""
    trouble: Exception | None = None
    """The fault of the machine that parked a task: nothing new starts after it."""
    circuits: Circuits = field(default_factory=Circuits)
    """Which models don't answer, as all agents of the run know together."""
    worktrees: Worktrees = field(default_factory=Worktrees)
    """Makes the worktrees of agents and gates."""
    green_trees: set[str] = field(default_factory=set)
    """Trees on which the plan's `verify` passed: never tested twice."""
    saver: Saver = field(init=False)
    """Saves the steps of agents; there as long as the run is open."""
    left_off: dict[str | None, LeftOff] = field(default_factory=dict)
    """What an earlier process left on its way, by task; the run's own planning under None."""
    worksites: Worksites = field(init=False)
    """There as long as the run is open."""

    @property
    def sandbox_limits(self) -> Limits:
        """What each sandbox of the run may use."""
        settings = self.plan.sandbox
        return Limits(
            cpus=settings.cpus,
            memory_bytes=settings.memory_bytes,
            pids=settings.pids,
            disk_bytes=settings.disk_bytes,
            timeout_seconds=settings.timeout_seconds,
        )

    def policy_of(self, task: str, role: Role) -> Policy:
        """The policy of an agent: who works on a part of a split acts for the task that was split as well.

        Gates and the coordinator are the plan's own, whatever the task.
        """
        tasks = self.state.tasks
        if task not in tasks or tasks[task].role != role:
            return self.policy
        above = []
        while (parent := tasks[task].part_of) is not None:
            above.append(tasks[parent].role)
            task = parent
        return self.policy.acting_for(*above)

    async def tree_of(self, commit: str) -> str:
        """The tree of a commit in the hub; raises GitFailed."""
        return await to_thread.run_sync(self.hub.tree_of, commit)
