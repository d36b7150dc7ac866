"""A whole run in this process: real git and a real journal, a scripted model, and sandboxes that run nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents.events import Role
from agents.model import Message, Model, ModelReply, ModelRequest
from agents.recorder import Recorder
from orchestrator.airlock.repository import UserRepository
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import fold
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Plan
from orchestrator.run import opening
from orchestrator.run.context import RunContext
from orchestrator.run.drive import drive
from orchestrator.run.opening import Surroundings, open_new_run, open_old_run
from orchestrator.run.options import RunOptions
from policies.loader import load_policy
from policies.policy import Policy
from tests.fakes.model import reply
from tests.fakes.sandbox import FakeSandbox

Answer = Callable[["Asked"], Message]
POLICY = load_policy("standard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as a model gets it: who asks, and everything it is told."""

    task: str
    agent: str
    role: Role
    request: ModelRequest

    @property
    def text(self) -> str:
        """All that the model reads besides its own words."""
        return "\n".join(message.content for message in self.request.messages if message.role != "assistant")

    @property
    def turn(self) -> int:
        """How often this conversation was answered."""
        return sum(message.role == "assistant" for message in self.request.messages)


class _Backend:
    name = "bubblewrap"

    async def sweep(self, run: str | None = None) -> list[str]:
        return []


class _Starting(FakeSandbox):
    async def ready(self) -> FakeSandbox:
        return self


class _Worksites:
    def __init__(self, whole: WholeRun) -> None:
        self._whole = whole

    @asynccontextmanager
    async def at(
        self, task: str, commit: str, *, tree: str | None = None, read_only: bool = False
    ) -> AsyncIterator[Any]:
        self._whole.heads.append(commit)
        yield self._whole.sandbox()

    async def expect(self, tasks: Sequence[str], commit: str, *, working: Collection[str] = ()) -> None:
        return None

    async def over(self) -> None:
        return None


@dataclass(slots=True, kw_only=True)
class WholeRun:
    """Runs plans in a repository of its own below `place`; `asked` are all requests, in their order."""

    place: Path
    answer: Answer
    sandbox: Callable[[], FakeSandbox] = _Starting
    model: Model | None = None
    """Asked in the place of `answer`, where there is one."""
    asked: list[Asked] = field(default_factory=list)
    rows: list[Recorded] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """The commit of each worktree, in their order."""
    used: dict[str, float] = field(default_factory=dict)
    """What the run's budget counted."""
    said: list[str] = field(default_factory=list)
    """What the user is told."""

    async def run(self, *tasks: dict[str, Any], **more: Any) -> RunState:
        """Carry the tasks out."""
        document = {"version": 1, "name": "test", "goal": "Make it better.", "model": "m/x", "tasks": list(tasks)}
        plan = Plan.model_validate({**document, **more})
        around = self._around(self._repository())
        base = around.repository.base(plan.base)
        opened = open_new_run(around, plan, plan_source=json.dumps(document), base=base, policy=POLICY)
        async with opened as ctx:
            ctx.model_of, ctx.worksites = self._model, _Worksites(self)
            await drive(ctx)
            self.used = ctx.budget.account.used
            return ctx.state

    @asynccontextmanager
    async def again(self, *, resume: bool) -> AsyncIterator[RunContext]:
        """The run, opened once more as by another process."""
        around = self._around(UserRepository.locate(self.place / "repository"))
        async with open_old_run(around, self.rows[0].run, self.settle, resume=resume) as ctx:
            ctx.model_of, ctx.worksites = self._model, _Worksites(self)
            yield ctx

    def settle(self, store: JournalStore) -> tuple[RunState, Plan, Policy]:
        """How the run stands, and what it goes on with."""
        state = fold(store.events(self.rows[0].run))
        tasks = [*state.plan.get("tasks", ()), *state.made_tasks.values()]
        return state, Plan.rebuilt({**state.plan, "tasks": tasks}), POLICY

    def _around(self, repository: UserRepository) -> Surroundings:
        return Surroundings(
            repository=repository,
            state_directory=self.place / "state",
            options=RunOptions(),
            say=self.said.append,
            prompt=lambda *_: pytest.fail("nobody is to be asked"),
            watchers=(self.rows.append,),
        )

    def _repository(self) -> UserRepository:
        top = self.place / "repository"
        top.mkdir(parents=True)
        (top / "a.txt").write_text("a\n")
        for words in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "."),
            ("-c", "user.name=U", "-c", "user.email=u@example.org", "commit", "--quiet", "-m", "a"),
        ):
            subprocess.run(["git", "-C", str(top), *words], check=True, capture_output=True)
        return UserRepository.locate(top)

    def _model(self, role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        return self.model or _Model(self, role=role, task=task, agent=agent)


class _Model:
    id = "scripted/model"
    window = None

    def __init__(self, whole: WholeRun, *, role: Role, task: str, agent: str) -> None:
        self._whole = whole
        self._role = role
        self._task = task
        self._agent = agent

    async def ask(self, request: ModelRequest) -> ModelReply:
        asked = Asked(task=self._task, agent=self._agent, role=self._role, request=request)
        self._whole.asked.append(asked)
        return reply(self._whole.answer(asked))


@pytest.fixture
def no_sandboxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process choose a backend that opens nothing."""

    async def choose(_: str) -> _Backend:
        return _Backend()

    monkeypatch.setattr(opening, "choose", choose)
