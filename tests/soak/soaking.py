"""A long run of parallel tasks in which much goes wrong, and what it held of this machine meanwhile."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.circuit import Circuits
from agents.events import Role
from agents.model import Model
from agents.recorder import Recorder
from agents.retry import Asking, Patience, RetryingModel
from orchestrator.airlock.repository import UserRepository
from orchestrator.journal.chain import ChainReport, Recorded, verify_chain
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.plan.loader import read_plan
from orchestrator.run.drive import drive
from orchestrator.run.opening import Surroundings, open_new_run
from orchestrator.run.options import RunOptions
from policies.loader import preset
from tests.soak.faulty import Chance, FaultyModel, FragileWorksites

SHARE = 0.05
"""The part of the steps in which something goes wrong."""

TASKS = 8

CONTEXT = 8000
"""Soon full, so that conversations are rebuilt and don't grow with the steps."""

PATIENCE = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the program held after so many steps: resident memory in MiB, files, threads."""

    steps: int
    memory_mib: float
    files: int
    threads: int


@dataclass(slots=True, kw_only=True)
class Soaked:
    """What became of it; `lines` has those of each task's file as they landed."""

    status: str = ""
    steps: int = 0
    seconds: float = 0.0
    journal: ChainReport | None = None
    lines: dict[str, list[str]] = field(default_factory=dict)
    answers: int = 0
    counted: int = 0
    prompt_tokens: int = 0
    met: dict[str, int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def watch(self, recorded: Recorded) -> None:
        """Count the answers, and look at this process now and then."""
        if recorded.kind == "model answered":
            self.answers += 1
            if self.answers % 20 == 0:
                self.held.append(_held(self.answers))

    def peaks(self) -> tuple[Held, Held]:
        """The most that was held in the first half, past a tenth to warm up in, and in the second.

        The last tenth is left out: in it the tasks land, which takes what no step does.
        """
        tenth, half = self.answers / 10, self.answers / 2
        first = [held for held in self.held if tenth < held.steps <= half]
        second = [held for held in self.held if half < held.steps <= self.answers - tenth]
        return _most(first), _most(second)


def _most(held: list[Held]) -> Held:
    return Held(
        steps=held[-1].steps,
        memory_mib=max(each.memory_mib for each in held),
        files=max(each.files for each in held),
        threads=max(each.threads for each in held),
    )


def _held(steps: int) -> Held:
    status = Path("/proc/self/status").read_text()
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Held(steps=steps, memory_mib=kib / 1024, files=files, threads=threading.active_count())


async def soak(place: Path, *, steps: int, seed: int, share: float = SHARE, backend: str = "bubblewrap") -> Soaked:
    """So many steps in all, in parallel tasks that each write a line a step to a file of their own."""
    chance, soaked = Chance(seed=seed, share=share), Soaked(steps=steps)
    each = steps // TASKS
    repository, text = _repository(place / "repository"), _plan(backend)
    around = Surroundings(
        repository=repository,
        state_directory=place / "state",
        options=RunOptions(),
        say=lambda line: None,
        prompt=lambda state, question, waiting, gone: "never",
        watchers=(soaked.watch,),
    )
    began = time.monotonic()
    opening = open_new_run(
        around, read_plan(text, file="plan.yaml"), plan_source=text, base=repository.base(), policy=preset("standard")
    )
    async with opening as ctx:
        ctx.model_of = _models(each, chance, ctx.circuits)
        ctx.worksites = FragileWorksites(inner=ctx.worksites, chance=chance)
        await drive(ctx)
        soaked.status, soaked.counted = ctx.state.status, ctx.state.total.steps
        soaked.prompt_tokens, run = ctx.state.total.prompt, ctx.run
    soaked.seconds, soaked.met = time.monotonic() - began, dict(chance.met)
    _read(soaked, place, run)
    return soaked


def _read(soaked: Soaked, place: Path, run: str) -> None:
    with JournalStore(place / "state" / "journal.db") as store:
        events = list(store.events(run))
    soaked.journal = verify_chain(events)
    for task in fold(events).tasks:
        shown = ["git", "-C", str(place / "repository"), "show", f"main:{task}.txt"]
        soaked.lines[task] = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.split()


def _models(steps: int, chance: Chance, circuits: Circuits) -> Any:
    models: dict[str, FaultyModel] = {}

    def model_of(role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        model = models.setdefault(task, FaultyModel(task=task, steps=steps, chance=chance))
        asking = Asking(task=task, agent=agent, circuits=circuits)
        return RetryingModel(model, recorder=recorder, patience=PATIENCE, asking=asking)

    return model_of


def _repository(place: Path) -> UserRepository:
    place.mkdir(parents=True)
    (place / "README").write_text("nothing\n")
    identity = ["-c", "user.name=Soak", "-c", "user.email=soak@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "the beginning"]):
        subprocess.run(["git", "-C", str(place), *words], check=True)
    for key, value in (("user.name", "Soak"), ("user.email", "soak@example.org")):
        subprocess.run(["git", "-C", str(place), "config", key, value], check=True)
    return UserRepository.locate(place)


def _plan(backend: str) -> str:
    """Editors without gates, as many as there are tasks; JSON is YAML."""
    tasks = [{"id": f"task-{number}", "role": "editor", "goal": "Write lines.", "gates": []} for number in range(TASKS)]
    plan: dict[str, Any] = {
        "version": 1,
        "name": "soak",
        "goal": "Go on and on.",
        "model": "soak/model",
        "sandbox": {"backend": backend},
        "limits": {"steps": 10**6, "tokens": 10**9, "context": CONTEXT, "parallel": TASKS},
        "tasks": tasks,
    }
    return json.dumps(plan)
