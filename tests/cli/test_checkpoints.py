"""Checkpoints are listed, and one that is not there is answered with those that are."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agents.events import RunStarted, TaskStarted
from agents.fork_events import ForkedFrom, TaskTakenOver
from orchestrator.cli.state import JOURNAL
from orchestrator.errors import UsageProblem
from orchestrator.journal.store import JournalStore
from orchestrator.rewind.checkpoints import START, checkpoints_of, choose_checkpoint
from tests.cli.conftest import Type
from tests.views import story, telling


def test_a_task_has_one_for_each_step_that_changed_files(state: Path, type_in: Type) -> None:
    """And one where it began; of one task, or of all in the order of time."""
    listed = json.loads(type_in("log", story.RUN, "--checkpoints", "--json").out)
    assert [(each["task"], each["number"]) for each in listed] == [("survey", 0), ("port", 0), ("port", 1), ("docs", 0)]
    assert [each["step"] for each in listed] == [None, None, 3, None]
    assert listed[2]["ref"] == story.SAVED
    (title, *rows) = type_in("log", story.RUN, "port", "--checkpoints").out.splitlines()
    assert title.split() == ["TASK", "N", "STEP", "COMMIT", "TIME", "FILES"]
    assert [row.split()[:4] for row in rows if row.startswith("port")] == [
        ["port", "0", "start", listed[1]["commit"][:10]],
        ["port", "1", "editor.1", "3"],
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["survey", "1"], "it has 0 alone, where it began"),
        (["port", "7"], "it has 0 to 1: mimo-orchestrate log"),
        (["port", "lst"], "did you mean 'last'"),
        (["prot", "last"], "has no task 'prot'"),
    ],
)
def test_one_that_is_not_there(state: Path, type_in: Type, tmp_path: Path, words: list[str], said: str) -> None:
    """A mistake of usage says what there is, and makes nothing."""
    typed = type_in("restore", story.RUN, *words, "-o", str(tmp_path / "out"))
    assert (typed.code, typed.out) == (2, "")
    assert said in typed.err
    assert not (tmp_path / "out").exists()


def test_a_task_that_was_started_again_began_once() -> None:
    """Checkpoint 0 is where it began at first, whatever became of the first process."""
    told = [
        *story.started(),
        ("port", TaskStarted(commit="1" * 40)),
        ("port", TaskStarted(commit="2" * 40)),
    ]
    found = checkpoints_of(telling.timed(told, run=story.RUN, start=0.0))
    assert [(each.number, each.commit) for each in found] == [(START, "1" * 40)]
    assert choose_checkpoint(story.RUN, "port", found, "last") == found[0]
    with pytest.raises(UsageProblem, match="it has not begun; see which tasks have some: mimo-orchestrate log"):
        choose_checkpoint(story.RUN, "docs", found, "last")


@pytest.mark.parametrize(
    "words", [["log", "fork", "survey", "--checkpoints"], ["restore", "fork", "survey", "0", "-o", "out"]]
)
def test_what_was_done_before_a_fork_has_its_checkpoints_there(state: Path, type_in: Type, words: list[str]) -> None:
    """It did begin, in another run, whose name is told; a task that did not begin is said not to have."""
    origin = ForkedFrom(run=story.RUN, task="port", checkpoint=1, commit="1" * 40, head="2" * 64)
    (_, began), *rest = story.started()
    assert isinstance(began, RunStarted)
    with JournalStore(state / JOURNAL) as store:
        started = (None, began.model_copy(update={"forked_from": origin}))
        store.append("fork", [started, *rest, ("survey", TaskTakenOver(state="merged"))])
    typed = type_in(*words)
    assert typed.code == 2
    assert f"survey was done in {story.RUN}, so fork has no checkpoint of it" in typed.err
    assert f"log {story.RUN} survey --checkpoints" in typed.err
    assert "it has not begun" in type_in(*words[:2], "port", *words[3:]).err


def test_nothing_is_forked_that_was_changed(state: Path, type_in: Type) -> None:
    """A fork stands on what happened, as what is resumed does: a journal that was tampered with is no ground for it."""
    with closing(sqlite3.connect(state / JOURNAL)) as journal:
        journal.execute("DROP TRIGGER events_unchanged")
        journal.execute("UPDATE events SET time = time + 1 WHERE seq = 2")
        journal.commit()
    typed = type_in("fork", story.RUN, "--task", "port", "--at", "1")
    assert (typed.code, typed.out) == (4, "")
    assert "is broken at event 2" in " ".join(typed.err.split())


def test_a_restored_checkpoint_is_told(state: Path, type_in: Type, tmp_path: Path) -> None:
    """Where to and how much; as JSON what the list has of it, and the tree."""
    typed = type_in("restore", "last", "port", "last", "-o", str(tmp_path / "out"))
    assert (typed.code, typed.err) == (0, f"checkpoint 1 of port: 1 file in {tmp_path / 'out'}\n")
    assert (tmp_path / "out" / "a.py").read_text() == "new = 2\n"
    printed = json.loads(type_in("restore", "last", "port", "0", "-o", str(tmp_path / "began"), "--json").out)
    assert (printed["number"], printed["directory"]) == (0, str(tmp_path / "began"))
    assert (tmp_path / "began" / "a.py").read_text() == "old = 1\n"
