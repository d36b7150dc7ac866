"""What an agent of a forked run looks back at: its task in the runs before, up to where each was forked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.events import Event, RunStarted
from agents.fork_events import ConversationTakenOver, ForkedFrom
from orchestrator.journal.store import JournalStore
from orchestrator.memory.origins import ForkPoint, before, origins
from orchestrator.memory.past import JournalPast
from tests.contracts.test_past import answered, ran
from tests.fakes.model import call, calling


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    """An empty journal."""
    with JournalStore(tmp_path / "journal.db") as store:
        yield store


def started(forked_from: ForkedFrom | None = None) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        program="1",
        plan={},
        plan_source="",
        base_branch="main",
        base_commit="a" * 40,
        policy={},
        policy_hash="",
        backend="bubblewrap",
        forked_from=forked_from,
    )


def step(number: int, said: str) -> list[Event]:
    """A step of the editor that printed something."""
    return [answered(number, calling(call("shell", {"command": f"echo {said}"}))), ran(number, f"echo {said}", said)]


def over(last: int) -> Event:
    """What a fork begins with, where the context was rebuilt after `last`: no word is left of the steps before."""
    return ConversationTakenOver(agent="editor.1", step=last, round=1)


def begun(store: JournalStore, run: str, *steps: Event, at: tuple[str, str, int] | None = None) -> None:
    """A run that works on `port`; forked where `at` names a run, a task and an event of it."""
    fork = None
    if at is not None:
        head = store.hash_of(at[0], at[2])
        fork = ForkedFrom(run=at[0], task=at[1], checkpoint=1, commit="b" * 40, head=str(head))
    store.append(run, [(None, started(fork)), *(("port", event) for event in steps)])


async def test_a_fork_remembers_what_its_task_did_before(store: JournalStore) -> None:
    """All steps up to the checkpoint and those since, each once, and nothing that the other run did later."""
    begun(store, "first", *step(1, "lion"), *step(2, "tiger"))
    begun(store, "second", over(1), *step(2, "zebra"), *step(3, "giraffe"), at=("first", "port", 3))
    begun(store, "third", over(2), *step(3, "hippo"), at=("second", "port", 4))
    forked = event_of_first(store, "third")
    runs = before(origins(store, forked), "port")
    past = JournalPast(journal=store.path, run="third", task="port", agent="editor.1", before=runs)
    assert [(await past.step("editor.1", number))[0].out for number in (1, 2, 3)] == [
        "exit 0\nlion",
        "exit 0\nzebra",
        "exit 0\nhippo",
    ]
    done = [each.line() for each in (await past.work_done()).steps.values()]
    assert done == ["1: $ echo lion -> exit 0", "2: $ echo zebra -> exit 0", "3: $ echo hippo -> exit 0"]
    found = {word: bool((await past.search((word,), before=4)).hits) for word in ("lion", "tiger", "giraffe")}
    assert found == {"lion": True, "tiger": False, "giraffe": False}


def event_of_first(store: JournalStore, run: str) -> dict[str, object]:
    """What a run was forked from."""
    forked = RunStarted.model_validate_json(next(store.events(run)).payload).forked_from
    assert forked is not None
    return forked.model_dump()


def test_a_task_that_was_begun_anew_remembers_nothing(store: JournalStore) -> None:
    """A fork at another task, here or on the way, cuts off what was before it."""
    begun(store, "first", *step(1, "lion"))
    begun(store, "second", *step(1, "zebra"), at=("first", "docs", 3))
    begun(store, "third", at=("second", "port", 3))
    way = list(origins(store, event_of_first(store, "third")))
    assert way == [ForkPoint(run="second", task="port", last=3), ForkPoint(run="first", task="docs", last=3)]
    assert before(way, "port") == (("second", 3),)
    assert before(way, "docs") == ()


def test_a_run_that_is_not_there_is_passed_over(store: JournalStore) -> None:
    """A journal may have been cut; what is left of the way is followed."""
    forked = ForkedFrom(run="gone", task="port", checkpoint=1, commit="b" * 40, head="c" * 64)
    assert list(origins(store, forked.model_dump())) == []
    assert list(origins(store, None)) == []
