"""The read commands, from the words that a user types to what they see and the exit code."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agents import events as e
from orchestrator.cli.log import followed
from orchestrator.cli.main import run_program
from orchestrator.cli.state import JOURNAL
from orchestrator.journal.snapshots import snapshot_path, state_now, write_snapshot
from orchestrator.journal.store import JournalStore
from orchestrator.run.lease import lease
from tests.cli.conftest import Type
from tests.cli.test_terminal import on_screen
from tests.views import story
from tests.views.shapes import documented

OTHER = "demo-20260102-120000-cd34"


def test_runs_lists_what_there_is(state: Path, type_in: Type) -> None:
    """Runs are listed for people and for programs."""
    assert story.RUN in type_in("runs").out
    assert [run["run"] for run in json.loads(type_in("runs", "--json").out)] == [story.RUN]


def test_a_repository_without_runs_has_an_empty_list(repository: Path, type_in: Type) -> None:
    """No runs is an answer, an empty one for programs; one run that is wanted and not there is a mistake."""
    assert type_in("runs").code == 0
    assert json.loads(type_in("runs", "--json").out) == []
    typed = type_in("status")
    assert (typed.code, typed.out) == (2, "")
    assert "this repository has no runs" in typed.err


@pytest.mark.parametrize("name", [story.RUN, "demo-20260101", "last"])
def test_a_run_may_be_abbreviated(state: Path, type_in: Type, name: str) -> None:
    """A run is named whole, by a unique beginning, or as the last one."""
    assert json.loads(type_in("status", name, "--json").out)["run"] == story.RUN


def test_an_ambiguous_or_unknown_run_is_refused_with_what_there_is(state: Path, type_in: Type) -> None:
    """A beginning that several runs share is never guessed at."""
    with JournalStore(state / JOURNAL) as store:
        store.append(OTHER, story.started())
    several = type_in("status", "demo")
    assert several.code == 2
    assert f"one of {OTHER}, {story.RUN}" in several.err
    unknown = type_in("status", "demo-20260101-120000-ab13")
    assert unknown.code == 2
    assert f"did you mean '{story.RUN}'" in unknown.err
    assert json.loads(type_in("status", "last", "--json").out)["run"] == OTHER


def test_status_shows_the_run_to_people_and_to_programs(state: Path, type_in: Type) -> None:
    """The result object of `run --json` is there at any time, with the questions that wait."""
    shown = type_in("status").out
    assert "waits for you: make docs" in shown
    told = json.loads(type_in("status", "last", "--json").out)
    assert told["status"] == "stopped"
    assert {task["id"]: task["state"] for task in told["tasks"]} == {
        "survey": "landed",
        "port": "landed",
        "docs": "waiting",
    }
    assert told["questions"][0]["id"] == "docs.q1"


def test_a_run_whose_process_is_gone_is_interrupted(state: Path, type_in: Type) -> None:
    """After a crash nobody is told that the run goes on; while somebody works on it, it does."""
    with JournalStore(state / JOURNAL) as store:
        store.append(OTHER, story.started())
    told = json.loads(type_in("status", OTHER, "--json").out)
    assert (told["status"], told["why"]) == ("interrupted", "its process is gone: it crashed or was killed")
    assert told["totals"]["seconds"] == pytest.approx(told["updated_at"] - told["started_at"], abs=0.001)
    assert f"mimo-orchestrate resume {OTHER}" in type_in("status", OTHER).out
    with lease(state / "locks" / OTHER):
        assert json.loads(type_in("status", OTHER, "--json").out)["status"] == "running"


def test_log_shows_all_of_a_run_or_one_task(state: Path, type_in: Type) -> None:
    """The log is whole, or of one task; for programs it is a list of events in order."""
    assert "survey task started" in type_in("log", "last").out
    assert "survey task started" not in type_in("log", "last", "port").out
    events = json.loads(type_in("log", "last", "--json").out)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["task"] for event in json.loads(type_in("log", "last", "port", "--json").out)} == {"port"}
    wrong = type_in("log", "last", "prot")
    assert (wrong.code, "did you mean 'port'?" in wrong.err) == (2, True)


def test_a_followed_log_ends_with_its_run(state: Path, type_in: Type) -> None:
    """Following gives each event as a line of JSON and stops where the run has ended."""
    lines = type_in("log", "last", "--follow", "--json").out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert json.loads(lines[-1])["kind"] == "run ended"


def test_a_followed_log_waits_for_what_comes(state: Path) -> None:
    """Events that are written while the log is followed appear, and a resumed run is followed past its first end."""
    later: list[story.Story] = [
        [("docs", e.TaskStarted(commit=story.BASE))],
        [(None, e.RunEnded(status="done", base_after=story.BASE, moved=False))],
    ]
    with JournalStore(state / JOURNAL) as store:
        store.append(story.RUN, [(None, e.RunResumed(program="1"))])

        def wait() -> None:
            store.append(story.RUN, later.pop(0))

        kinds = [event.kind for event in followed(store, story.RUN, wait=wait)]
    assert kinds[-4:] == ["run ended", "run resumed", "task started", "run ended"]


def test_review_shows_the_change_that_landed(state: Path, type_in: Type) -> None:
    """The diff comes from the hub, and stands beside commands and verdicts."""
    shown = type_in("review", "last", "port").out
    for expected in ("-old = 1", "+new = 2", "$ curl https://example.com  deny, refused", "Ported it."):
        assert expected in shown
    told = json.loads(type_in("review", "--json").out)
    assert [task["id"] for task in told["tasks"]] == ["survey", "port", "docs"]
    assert "+new = 2" in told["tasks"][1]["patch"]


def test_the_overview_stands_where_it_is_seen(state: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which tasks to look at stands first for a pipe and a pager, and last where a terminal scrolls, never twice."""
    piped = type_in("review").out
    assert piped.index("task to look at") < piped.index("=== port")
    screen = on_screen(monkeypatch)
    assert run_program(["review"]) == 0
    scrolled = screen.getvalue()
    assert scrolled.index("=== port") < scrolled.index("task to look at")
    assert (piped.count("to look at"), scrolled.count("to look at")) == (2, 2)


def test_one_task_is_reviewed_without_an_overview(state: Path, type_in: Type) -> None:
    """Whoever names a task wants that one, be there much or little to see."""
    assert type_in("review", "last", "port").out.startswith("=== port  editor  landed\n")
    assert type_in("review", "last", "docs").out.startswith("=== docs  editor  waiting\n")


def test_audit_verifies_an_untouched_run(state: Path, type_in: Type) -> None:
    """A journal as it was written is said to be so."""
    typed = type_in("audit", "verify", "last")
    assert typed.code == 0
    assert "each as it was written; closed by its end" in typed.out.replace("\n", " ")
    told = json.loads(type_in("audit", "verify", "last", "--json").out)
    assert told["intact"] is True
    assert set(told) == documented("audit verify")


def tampered(journal: Path, statement: str) -> None:
    """Change the journal behind the program's back."""
    with sqlite3.connect(journal) as connection:
        for trigger in ("events_unchanged", "events_kept"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "broken_at", "why"),
    [
        ("UPDATE events SET payload = replace(payload, 'true', 'false') WHERE seq = 3", 3, "was changed"),
        ("DELETE FROM events WHERE seq = 7", 7, "event 7 is missing"),
        ("DELETE FROM events WHERE seq > 5", 6, "the end was cut off"),
    ],
)
def test_audit_names_the_first_event_that_is_wrong(
    state: Path, type_in: Type, statement: str, broken_at: int, why: str
) -> None:
    """A changed event, a missing one, and a journal that was cut short, are found and named."""
    tampered(state / JOURNAL, statement)
    told = json.loads(type_in("audit", "verify", "last", "--json").out)
    assert (told["intact"], told["broken_at"]) == (False, broken_at)
    assert why in told["why"]
    assert type_in("audit", "verify", "last").code == 1


def test_audit_names_a_snapshot_that_is_not_what_the_events_say(state: Path, type_in: Type) -> None:
    """A kept state is compared: where it lies, the file to remove is named, and without it all is well."""
    with JournalStore(state / JOURNAL) as store:
        kept = state_now(store, story.RUN)
        write_snapshot(store, kept)
        assert type_in("audit", "verify", "last").code == 0
        kept.total.cost += 1
        write_snapshot(store, kept)
        lying = snapshot_path(store, story.RUN)
    typed = type_in("audit", "verify", "last")
    assert typed.code == 1
    assert str(lying) in typed.out.replace("\n", "")
    told = json.loads(type_in("audit", "verify", "last", "--json").out)
    assert (told["intact"], told["wrong_snapshot"]) == (True, str(lying))
    lying.unlink()
    assert type_in("audit", "verify", "last").code == 0


def test_status_of_a_run_that_is_kept_imports_nothing_of_its_events(state: Path) -> None:
    """What reading events takes to be imported is more than all else that `status` does."""
    with JournalStore(state / JOURNAL) as store:
        write_snapshot(store, state_now(store, story.RUN))
    script = (
        "import sys; from orchestrator.cli.main import run_program; run_program(['status', 'last', '--json']);"
        "print(sorted({'pydantic', 'anyio', 'agents.events'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["run"] == story.RUN
    assert ran.stderr.strip() == "[]"


def test_a_journal_that_no_longer_reads_points_to_the_audit(state: Path, type_in: Type) -> None:
    """Damage is no bug of ours: the message says how to look at it."""
    tampered(state / JOURNAL, "UPDATE events SET payload = '{}' WHERE seq = 3")
    typed = type_in("status")
    assert typed.code == 4
    assert f"mimo-orchestrate audit verify {story.RUN}" in typed.err


def test_outside_of_a_repository_the_way_out_is_named(
    tmp_path: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a repository there is nothing to read: exit code 4, and what to do."""
    monkeypatch.chdir(tmp_path)
    typed = type_in("runs")
    assert typed.code == 4
    assert "not in a git repository" in typed.err
    assert "git init" in typed.err
