"""What a task's worktree costs in a large repository: making it, its disk, and saving a step of five files.

usage: python -m benchmarks.worktrees [ROUNDS] [FILES]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from benchmarks.figures import DISK, Figure, table
from orchestrator.airlock import commits
from orchestrator.airlock.base_checkout import BaseCheckout, base_checkout
from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.importer import import_records
from orchestrator.airlock.overlay import prepare_overlay
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.user_config import Identity
from orchestrator.airlock.worktree import prepare_worktree
from sandbox.backends import BACKENDS
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Command, Record, RecordKind, Sandbox, SandboxSpec

ROUNDS = 50
FILES = 50_000
TASK_MS, TASK_MB, HELD_UP_MS, COMMIT_MS = 500.0, 1.0, 20.0, 400.0
_AUTHOR = Identity(name="Una User", email="una@example.com")
_STEP = "for i in 1 2 3 4 5; do echo {round} >> package{round}/file$i.py; done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A repository of many files, our stores for it, a later tip of a run, and where worktrees are made."""

    hub: Hub
    base: str
    later: str
    place: Path


def ground(place: Path, files: int) -> Ground:
    """Make it: packages of a hundred files of some lines each."""
    user = place / "user"
    subprocess.run(["git", "init", "-q", "-b", "main", str(user)], check=True)
    subprocess.run(["git", "-C", str(user), "fast-import", "--quiet"], input=_history(files), check=True)
    repository = UserRepository.locate(user)
    commit = repository.base().commit
    store = BaseStore.open(place / "state", repository)
    store.fetch(repository, commit)
    hub = Hub.open(place / "state", store)
    records = [Record(path=b"package1/file%d.py" % i, kind=RecordKind.FILE, data=b"later\n") for i in range(5)]
    records.append(Record(path=b"package2/file1.py", kind=RecordKind.DELETED))
    later = _commit(hub, records, commit)
    hub.create("refs/mimo/runs/benchmark/task/1", later)
    return Ground(hub=hub, base=commit, later=later, place=place / "worktrees")


def _history(files: int) -> bytes:
    lines = [b"commit refs/heads/main\ncommitter Una User <una@example.com> 1700000000 +0000\ndata 1\nx\n"]
    for number in range(files):
        text = b"line of file %d\n" % number * 20
        path = b"package%d/file%d.py" % (number // 100, number % 100)
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(text), text))
    return b"".join(lines)


def _commit(hub: Hub, records: list[Record], parent: str) -> str:
    imported = import_records(hub, records, parent=parent)
    return commits.commit(hub, tree=imported.tree, parents=[parent], message="step\n", author=_AUTHOR, when=1)


@contextmanager
def timed(times: list[float]) -> Iterator[None]:
    """Add what the block took, in milliseconds."""
    began = time.perf_counter()
    yield
    times.append((time.perf_counter() - began) * 1000)


def laid_out(at: Ground, checkout: BaseCheckout, head: str, name: str) -> Path:
    """A task's worktree."""
    directory = at.place / name
    prepare_overlay(at.hub, directory, checkout, task="task", head=head, owner_uid=sandbox_uid())
    return directory


def making(at: Ground, checkout: BaseCheckout, rounds: int) -> list[Figure]:
    """What a worktree takes in time and on disk, where its task begins at the base and where at a later tip."""
    figures = []
    for name, head in (("the base", at.base), ("a later tip", at.later)):
        times: list[float] = []
        sizes: list[int] = []
        for number in range(rounds):
            with timed(times):
                directory = laid_out(at, checkout, head, f"{name[-4:]}{number}")
            sizes.append(sum(path.lstat().st_blocks * 512 for path in (directory, *directory.rglob("*"))))
            remove_worktree(directory)
        figures += [
            Figure(name=f"worktree: a new task from {name}", value=statistics.median(times), unit="ms", bar=TASK_MS),
            Figure(name=f"worktree: its disk, from {name}", value=max(sizes) / 1e6, unit="MB", bar=TASK_MB),
        ]
    return figures


@asynccontextmanager
async def sandbox_of(at: Ground, checkout: BaseCheckout, backend: str) -> AsyncIterator[Sandbox]:
    """A sandbox of that backend on a fresh worktree."""
    directory = laid_out(at, checkout, at.base, backend)
    spec = SandboxSpec(
        run="benchmark", task="task", worktree=directory, base_objects=at.hub.base.objects, lower=checkout.files
    )
    try:
        async with BACKENDS[backend]().open(spec) as sandbox:
            yield sandbox
    finally:
        remove_worktree(directory)


async def steps(at: Ground, checkout: BaseCheckout, backend: str, rounds: int) -> list[Figure]:
    """What a step of five files holds the agent up by, and when its commit is there."""
    held_up: list[float] = []
    committed: list[float] = []
    status: list[float] = []
    parent = at.base
    async with sandbox_of(at, checkout, backend) as sandbox:
        with timed(status):
            await _run(sandbox, "git status --porcelain")
        for number in range(rounds):
            await _run(sandbox, _STEP.format(round=number + 1))
            with timed(committed):
                with timed(held_up):
                    records = [record async for record in sandbox.snapshot()]
                parent = _commit(at.hub, records, parent)
            if len(records) != 5:
                raise RuntimeError(f"{len(records)} changed files")
    return [
        Figure(name=f"worktree: the first git status, {backend}", value=status[0], unit="ms"),
        _median(f"step of 5 files: the agent is held up, {backend}", held_up, HELD_UP_MS),
        _median(f"step of 5 files: its commit is there, {backend}", committed, COMMIT_MS),
    ]


def _median(name: str, times: list[float], bar: float) -> Figure:
    return Figure(name=name, value=statistics.median(times), unit="ms", bar=bar)


async def _run(sandbox: Sandbox, script: str) -> None:
    result = await sandbox.execute(Command(script=script))
    if not result.ok:
        raise RuntimeError(f"not run: {result}")


def once(name: str, make: Callable[[], object]) -> Figure:
    """What is done once in a run, or was done for each task before."""
    times: list[float] = []
    with timed(times):
        make()
    return Figure(name=f"worktree: {name}", value=times[0], unit="ms")


async def measure(rounds: int = ROUNDS, files: int = FILES) -> list[Figure]:
    """All of it in a repository of so many files."""
    with tempfile.TemporaryDirectory(dir=DISK) as place:
        at = ground(Path(place), files)
        owner = sandbox_uid()
        plain = {"task": "task", "head": at.base, "base": at.base}
        figures = [
            once("a plain checkout", lambda: prepare_worktree(at.hub, at.place / "plain", owner_uid=owner, **plain)),
            once("the checkout below all tasks, once", lambda: base_checkout(at.hub, at.base, owner_uid=owner)),
        ]
        remove_worktree(at.place / "plain")
        checkout = base_checkout(at.hub, at.base, owner_uid=owner)
        figures += making(at, checkout, rounds)
        for backend in BACKENDS:
            figures += await steps(at, checkout, backend, rounds)
        remove_worktree(checkout.files.parent)
        return figures


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:3])]
    print(table(anyio.run(partial(measure, **dict(zip(("rounds", "files"), given, strict=False))))))
