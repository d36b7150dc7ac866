"""The journal keeps every event, in order, and shows when one was changed, cut out or lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import typing
from contextlib import closing
from pathlib import Path

import pytest

from agents.events import ChangeMerged, CommandProposed, Event, FaultMet, QuestionAnswered, RunEnded, TaskStarted
from orchestrator.journal.chain import verify_chain
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import _WITHIN_SANDBOX, BUSY_SECONDS, JournalStore

RUN = "sample-20260101-000000-abcd"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with one closed run of four events."""
    path = tmp_path / "journal.db"
    with JournalStore(path) as store:
        store.append(RUN, [(None, FaultMet(where="engine", why="gone")), ("a", TaskStarted(commit="c1"))])
        store.append(RUN, [("b", TaskStarted(commit="c2"))])
        store.append(RUN, [(None, RunEnded(status="done", base_after="c3", moved=True))])
    return path


def test_a_journal_is_its_owners_alone(path: Path) -> None:
    """Nobody else can read the file, nor what SQLite lays beside it."""
    with JournalStore(path):
        assert {each.stat().st_mode & 0o777 for each in path.parent.glob("journal.db*")} == {0o600}


def tamper(path: Path, statement: str) -> None:
    """Do to the file what the program itself never does."""
    with sqlite3.connect(path) as connection:
        connection.executescript("DROP TRIGGER events_unchanged; DROP TRIGGER events_kept;")
        connection.execute(statement)
    connection.close()


def test_events_come_back_as_they_were_written(path: Path) -> None:
    """What was appended is read back in order, with its task and content."""
    with JournalStore(path) as store:
        events = list(store.events(RUN))
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert [event.task for event in events] == [None, "a", "b", None]
    assert event_of(events[1]) == TaskStarted(commit="c1")


def test_reading_can_go_on_where_it_stopped(path: Path) -> None:
    """A follower asks for what came after the last event it saw."""
    with JournalStore(path) as store:
        assert [event.seq for event in store.events(RUN, after=2)] == [3, 4]


def test_an_untouched_chain_is_whole(path: Path) -> None:
    """A journal that nobody touched verifies, and its end is known."""
    with JournalStore(path) as store:
        report = verify_chain(store.events(RUN))
        assert report.head == store.head(RUN)
    assert (report.broken_at, report.closed, report.events) == (None, True, 4)


@pytest.mark.parametrize(
    ("statement", "broken_at", "word"),
    [
        ("UPDATE events SET payload = replace(payload, 'c1', 'cX') WHERE seq = 2", 2, "changed"),
        ("UPDATE events SET task = 'z' WHERE seq = 3", 3, "changed"),
        ("UPDATE events SET time = time + 1 WHERE seq = 1", 1, "changed"),
        ("DELETE FROM events WHERE seq = 2", 2, "missing"),
        ("DELETE FROM events WHERE seq = 1", 1, "missing"),
    ],
)
def test_a_changed_or_missing_event_is_named(path: Path, statement: str, broken_at: int, word: str) -> None:
    """The first event that was changed or is missing is named."""
    tamper(path, statement)
    with JournalStore(path) as store:
        report = verify_chain(store.events(RUN))
    assert report.broken_at == broken_at
    assert word in str(report.why)


def test_a_cut_tail_leaves_the_chain_open(path: Path) -> None:
    """Without its `run ended` a chain does not count as closed."""
    tamper(path, "DELETE FROM events WHERE seq = 4")
    with JournalStore(path) as store:
        assert not verify_chain(store.events(RUN)).closed


@pytest.mark.parametrize("statement", ["UPDATE events SET task = 'x'", "DELETE FROM events"])
def test_the_file_itself_refuses_changes(path: Path, statement: str) -> None:
    """A slip of ours can't rewrite history: the database aborts it."""
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


def test_two_processes_share_one_chain(tmp_path: Path) -> None:
    """Writers in several processes interleave without breaking the chain or losing an event."""
    path = tmp_path / "journal.db"
    code = (
        "import sys; from pathlib import Path; from agents.events import TaskStarted\n"
        "from orchestrator.journal.store import JournalStore\n"
        "with JournalStore(Path(sys.argv[1])) as store:\n"
        f"    [store.append({RUN!r}, [(sys.argv[2], TaskStarted(commit=str(n)))]) for n in range(50)]\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    with JournalStore(path) as store:
        events = list(store.events(RUN))
        assert verify_chain(events).broken_at is None
    for name in ("a", "b"):
        assert [json.loads(e.payload)["commit"] for e in events if e.task == name] == [str(n) for n in range(50)]


def test_all_or_none_of_a_group_is_written(tmp_path: Path) -> None:
    """A group of events that can't be written whole leaves nothing behind."""
    with JournalStore(tmp_path / "journal.db") as store:
        with pytest.raises(AttributeError):
            store.append(RUN, [(None, TaskStarted(commit="c")), (None, None)])  # type: ignore[list-item]
        assert list(store.events(RUN)) == []


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    """`runs` shows the newest run first."""
    with JournalStore(tmp_path / "journal.db") as store:
        for run in ("one", "two", "three"):
            store.append(run, [(None, TaskStarted(commit="c"))])
        assert store.runs() == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (CommandProposed(id="1", tool="shell", arguments="{}"), "NORMAL"),
        (ChangeMerged(commit="c", onto="o", landed="l", tree="t"), "FULL"),
        (QuestionAnswered(id="q", allowed=True, by="human"), "FULL"),
    ],
)
def test_what_has_an_effect_outside_is_on_the_disk_first(tmp_path: Path, event: Event, level: str) -> None:
    """Landings and answers outlast a power cut before anybody acts on them; a sandbox's own steps may follow later."""
    said: list[str] = []
    with JournalStore(tmp_path / "journal.db") as store:
        store._connection.set_trace_callback(said.append)
        store.append(RUN, [(None, event)])
        store._connection.set_trace_callback(None)
    assert said[0] == f"PRAGMA synchronous={level}"


PROPOSED = CommandProposed(id="1", tool="shell", arguments="{}")


def test_at_once_is_only_what_may_follow_later(tmp_path: Path) -> None:
    """What outlasts a power cut takes the disk's time, so it is left to who may wait."""
    with JournalStore(tmp_path / "journal.db") as store:
        assert store.append_at_once(RUN, [(None, PROPOSED), (None, TaskStarted(commit="c"))]) is None
        written = store.append_at_once(RUN, [(None, PROPOSED)])
        assert written is not None
        assert written == list(store.events(RUN))


def test_at_once_waits_for_no_other_writer(tmp_path: Path) -> None:
    """While another process writes nothing is done; who may wait does so afterwards as before."""
    path = tmp_path / "journal.db"
    with JournalStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.append_at_once(RUN, [(None, PROPOSED)]) is None
        other.execute("COMMIT")
        assert store.append(RUN, [(None, PROPOSED)]) == list(store.events(RUN))
        (timeout,) = store._connection.execute("PRAGMA busy_timeout").fetchone()
        assert timeout == BUSY_SECONDS * 1000


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_each_kind_of_busy_is_waited_for_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """However SQLite says that somebody else is at the file, it is no fault of the run's."""

    def busy(*_: object) -> None:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = code
        raise error

    with JournalStore(tmp_path / "journal.db") as store:
        monkeypatch.setattr(store, "append", busy)
        assert store.append_at_once(RUN, [(None, PROPOSED)]) is None


def test_what_may_follow_later_are_kinds_that_there_are() -> None:
    """A kind that is renamed does not silently change how safely it is written."""
    kinds = {kind.model_fields["kind"].default for kind in typing.get_args(typing.get_args(Event)[0])}
    assert kinds >= _WITHIN_SANDBOX
