"""What is recorded is free of known secrets, told to whoever watches, and there before anybody goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from anyio.lowlevel import checkpoint

from agents.events import CommandProposed, CommandRun, Event, FaultMet, ModelAsked
from agents.model import Message
from agents.redact import Redactor
from orchestrator.journal.chain import Recorded, verify_chain
from orchestrator.journal.fold import event_of
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.store import JournalStore

RUN = "sample-20260101-000000-abcd"
SECRETS = {"A_KEY": "sk-0123456789", "A_PIN": "12345678", "A_TOKEN": 'pa"ss\nwörd-1'}


def journal(path: Path) -> tuple[JournalStore, RunJournal, list[Recorded]]:
    """A journal that knows some secrets, and what its watcher was told."""
    store = JournalStore(path / "journal.db")
    run, told = RunJournal(store, RUN, Redactor(SECRETS)), list[Recorded]()
    run.watch(told.append)
    return store, run, told


def ran(output: str) -> CommandRun:
    """A command that put something out."""
    return CommandRun(id="1", sandbox="s", command="c", exit_code=0, stdout=output, wall_seconds=0)


def kept(path: Path, secret: str) -> bool:
    """Whether any file of a directory holds a value."""
    return any(secret.encode() in file.read_bytes() for file in path.iterdir())


@pytest.mark.parametrize("secret", SECRETS.values())
async def test_a_known_secret_never_reaches_the_file(tmp_path: Path, secret: str) -> None:
    """Neither the database nor a watcher sees the value, however JSON writes it; the rest stays."""
    store, run, told = journal(tmp_path)
    await run.recorder("a").record(ran(f"before {secret} after"), FaultMet(where="x", why=secret))
    event = event_of(next(iter(store.events(RUN))))
    assert isinstance(event, CommandRun)
    assert event.stdout.startswith("before [redacted A_")
    assert secret not in str([event_of(recorded) for recorded in told])
    store.close()
    assert not kept(tmp_path, secret)


async def test_numbers_that_look_like_a_secret_stay_numbers(tmp_path: Path) -> None:
    """A secret of digits does not make an event unreadable whose count happens to hold them."""
    store, run, _ = journal(tmp_path)
    asked: Event = ModelAsked(
        agent="a.1",
        role="editor",
        step=1,
        model="m",
        added=[Message(role="user", content="12345678")],
        prompt_estimate=12345678,
        max_tokens=1,
    )
    await run.recorder().record(asked)
    event = event_of(next(iter(store.events(RUN))))
    assert isinstance(event, ModelAsked)
    assert (event.prompt_estimate, event.added[0].content) == (12345678, "[redacted A_PIN]")
    store.close()


async def test_watchers_are_told_in_order_what_the_file_holds(tmp_path: Path) -> None:
    """Events of several tasks reach the watcher as they stand in the file, and the head is the last one's."""
    store, run, told = journal(tmp_path)
    for task in ("a", "b", "a"):
        await run.recorder(task).record(ran(task), ran(task))
    assert told == list(store.events(RUN))
    assert run.head == told[-1].hash
    store.close()


async def test_the_program_goes_on_while_another_one_writes(tmp_path: Path) -> None:
    """Nothing stands still behind a writer that takes its time, and what waited for it is recorded."""
    store, run, told = journal(tmp_path)
    recorder = run.recorder("a")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with create_task_group() as tasks:
            tasks.start_soon(recorder.record, CommandProposed(id="1", tool="shell", arguments="{}"))
            await wait_all_tasks_blocked()
            assert told == []
            other.execute("COMMIT")
    assert [one.kind for one in told] == ["command proposed"]
    store.close()


async def test_what_is_written_at_once_never_comes_into_what_takes_its_time(tmp_path: Path) -> None:
    """Tasks that record together, each in its own way, leave one chain, and watchers are told in its order."""
    store, run, told = journal(tmp_path)

    async def record(event: Event) -> None:
        for _ in range(50):
            await run.recorder().record(event)
            await checkpoint()

    async with create_task_group() as tasks:
        for event in (CommandProposed(id="1", tool="shell", arguments="{}"), ran(""), FaultMet(where="x", why="y")):
            tasks.start_soon(record, event)
    assert [one.seq for one in told] == list(range(1, 151))
    assert told == list(store.events(RUN))
    assert verify_chain(told).broken_at is None
    store.close()
