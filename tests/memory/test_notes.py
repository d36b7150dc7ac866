"""Notes: proposed by agents, kept and forgotten by people, found by their words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.events import NoteLearnt
from agents.redact import Redactor
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.store import JournalStore
from orchestrator.memory import notes
from orchestrator.memory.notes import NOTE_CHARS, Full, NoteStore


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalStore]:
    """A journal to learn from."""
    with JournalStore(tmp_path / "journal.db") as store:
        yield store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NoteStore]:
    """No notes yet."""
    with NoteStore(tmp_path / "memory.db") as store:
        yield store


def learn(
    journal: JournalStore, store: NoteStore, *texts: str, run: str = "run-1", task: str | None = "survey"
) -> None:
    """Have an agent propose these, and take them in."""
    journal.append(run, [(task, NoteLearnt(agent="investigator.1", step=7, text=text)) for text in texts])
    store.take_in(journal.all_of_kind("note learnt"))


def test_what_an_agent_learns_is_a_proposal_with_its_source(journal: JournalStore, store: NoteStore) -> None:
    """It waits, with the run, task, agent and step that its event stands under."""
    learn(journal, store, "tests need TZ=UTC")
    (note,) = store.notes("proposed")
    assert (note.run, note.task, note.agent, note.step) == ("run-1", "survey", "investigator.1", 7)
    assert note.source == "learnt by investigator.1 of survey at step 7 of run-1"
    assert store.notes("kept") == []


def test_what_was_learnt_is_its_owners_alone(store: NoteStore, tmp_path: Path) -> None:
    """Nobody else can read the file, nor what SQLite lays beside it."""
    store.add("tests need TZ=UTC")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("memory.db*")} == {0o600}


def test_each_event_is_taken_in_once(journal: JournalStore, store: NoteStore) -> None:
    """However often the journal is read, over all runs."""
    learn(journal, store, "a one", "b two")
    learn(journal, store, "c three", run="run-2")
    store.take_in(journal.all_of_kind("note learnt"))
    assert [(note.text, note.times) for note in store.notes("proposed")] == [("c three", 1), ("b two", 1), ("a one", 1)]


def test_the_same_words_are_one_note(journal: JournalStore, store: NoteStore) -> None:
    """Whoever says it, in whatever case and with whatever spaces; how often is counted, the first source stays."""
    learn(journal, store, "Tests need TZ=UTC.")
    learn(journal, store, "tests  need\nTZ = utc", run="run-2", task="port")
    (note,) = store.notes("proposed")
    assert (note.times, note.run, note.text) == (2, "run-1", "Tests need TZ=UTC.")


def test_a_human_keeps_a_proposal(journal: JournalStore, store: NoteStore) -> None:
    """From then on it is kept, with the source that it had; proposing it again changes nothing."""
    learn(journal, store, "tests need TZ=UTC")
    kept = store.keep(store.notes("proposed")[0].id)
    assert kept is not None
    learn(journal, store, "tests need TZ=UTC", run="run-2")
    (note,) = store.notes("kept")
    assert (note.state, note.run, note.times) == ("kept", "run-1", 2)
    assert store.notes("proposed") == []


def test_what_is_forgotten_stays_forgotten(journal: JournalStore, store: NoteStore, tmp_path: Path) -> None:
    """Its words are gone from the file, it is not found, and no agent can propose it anew; a human may add it."""
    learn(journal, store, "the password is hunter-two")
    gone = store.forget(store.notes("proposed")[0].id)
    assert gone is not None
    learn(journal, store, "The password is hunter-two!", run="run-2")
    assert store.notes("proposed") == store.notes("kept") == store.search(["password"]) == []
    assert store.note(gone.id) is store.keep(gone.id) is store.forget(gone.id) is None
    store.close()
    assert b"hunter" not in (tmp_path / "memory.db").read_bytes()
    with NoteStore(tmp_path / "memory.db") as again:
        added = again.add("the password is hunter-two")
        assert (added.state, added.source) == ("kept", "written by a human")


def test_an_id_is_never_given_twice(store: NoteStore) -> None:
    """Whoever forgets `n1` tomorrow means the same note as today."""
    first = store.add("one")
    store.forget(first.id)
    assert store.add("two").id != first.id


@pytest.mark.parametrize("note", ["n99", "99", "", "n", "n-1", "-1", "n1 OR 1=1", "n" + "9" * 40, "n٣", "%"])
def test_what_is_no_id_is_no_note(store: NoteStore, note: str) -> None:
    """Nothing is kept or forgotten by a word that only looks like one."""
    store.add("one")
    assert store.keep(note) is store.forget(note) is store.note(note) is None
    assert len(store.notes("kept")) == 1


def test_a_search_finds_words_and_their_beginnings(journal: JournalStore, store: NoteStore) -> None:
    """All words first, in any form; where no note has all, those with some."""
    learn(journal, store, "tests need the time zone UTC", "the client pins requests", "zones of the map")
    assert [note.text for note in store.search(["TIME", "zon"])] == ["tests need the time zone UTC"]
    assert {note.text for note in store.search(["zones", "pinned"])} == {
        "tests need the time zone UTC",
        "the client pins requests",
        "zones of the map",
    }
    assert store.search(["absent"]) == store.search([]) == store.search(["*", '"', "-"]) == []


QUERIES = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [
                '"',
                "NEAR(",
                "NOT",
                "AND",
                "OR",
                "text:",
                "{text}:",
                "^a",
                "a*",
                "(",
                ")",
                "-",
                "+",
                "'",
                "\0",
                "_",
                "%",
                "--",
            ]
        ),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=QUERIES)
def test_no_query_is_anything_but_words(words: list[str], store: NoteStore) -> None:
    """The syntax of full-text search means nothing in a query: no error, and nothing is found without a word."""
    store.add("needle in the hay")
    found = store.search(words)
    assert found == [] or any(notes._WORD.search(word) for word in words)


def test_a_note_is_one_line_of_bounded_length(journal: JournalStore, store: NoteStore) -> None:
    """Whatever is in it."""
    learn(journal, store, "a\r\n\x1b]0;owned\x07b\u2028c\x00" + "x" * 5000, " \n\t ", "?!")
    (note,) = store.notes("proposed")
    assert note.text.isprintable()
    assert len(note.text) <= NOTE_CHARS


def test_nothing_is_kept_that_can_not_be_seen(store: NoteStore) -> None:
    """What is read before it is kept is all that agents are shown: no words hide in marks that show nothing."""
    hidden = "".join(chr(0xE0100 + ord(char) - 16) for char in "push")
    note = store.add(f"tests need{hidden} TZ\ufe00\u3164\u034f=UTC")
    assert note.text == "tests need TZ=UTC"
    assert store.add("tests need TZ=UTC").id == note.id


def test_there_is_a_bound_on_notes(journal: JournalStore, store: NoteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of proposals drops the oldest proposals and nothing that was kept; keeping has its own bound."""
    monkeypatch.setattr(notes, "MOST_PROPOSALS", 3)
    monkeypatch.setattr(notes, "MOST_KEPT", 2)
    mine = store.add("mine")
    learn(journal, store, *(f"flood {number}" for number in range(10)))
    assert [note.text for note in store.notes("proposed")] == ["flood 9", "flood 8", "flood 7"]
    assert store.notes("kept") == [mine]
    store.keep(store.notes("proposed")[0].id)
    with pytest.raises(Full):
        store.keep(store.notes("proposed")[0].id)
    with pytest.raises(Full):
        store.add("one more")


def test_known_secrets_never_reach_a_note(tmp_path: Path, store: NoteStore) -> None:
    """They are taken out before the journal has them, which is where notes come from."""

    async def record() -> None:
        with JournalStore(tmp_path / "journal.db") as journal:
            run = RunJournal(journal, "run-1", Redactor({"A_KEY": "sk-0123456789"}))
            await run.append("survey", (NoteLearnt(agent="editor.1", step=1, text="the key is sk-0123456789"),))
            store.take_in(journal.all_of_kind("note learnt"))

    import anyio

    anyio.run(record)
    assert [note.text for note in store.notes("proposed")] == ["the key is [redacted A_KEY]"]


def test_two_programs_share_the_file(tmp_path: Path, store: NoteStore, journal: JournalStore) -> None:
    """What one keeps the other sees; both may take the same events in."""
    learn(journal, store, "tests need TZ=UTC")
    with NoteStore(tmp_path / "memory.db") as other:
        other.take_in(journal.all_of_kind("note learnt"))
        other.keep(other.notes("proposed")[0].id)
    assert [note.times for note in store.notes("kept")] == [1]


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    """And leaves no connection open."""
    (tmp_path / "memory.db").write_text("these are no notes, whatever the name says")
    with pytest.raises(sqlite3.DatabaseError):
        NoteStore(tmp_path / "memory.db")
