"""The memory of a run: which notes for which goal, and looking back without holding what was."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from agents.assignment import Inspection
from agents.events import CommandRun, NoteLearnt
from agents.redact import Redactor
from orchestrator.airlock.git import Git
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.memory.notes import NoteStore
from orchestrator.memory.origins import ForkPoint
from orchestrator.memory.project import ProjectMemory
from orchestrator.memory.run_memory import KEPT, KEPT_CHARS, RunMemory, load_memory
from tests.agents.bench import assignment
from tests.airlock.site import git


def ran(step: int, output: str) -> CommandRun:
    """A command of the agent that put something out."""
    return CommandRun(
        id=f"editor.1.{step}.1",
        agent="editor.1",
        step=step,
        sandbox="s",
        command="make",
        exit_code=0,
        stdout=output,
        wall_seconds=0,
    )


def memory(**kept: str) -> RunMemory:
    """A run's memory with one file and these notes, newest first."""
    notes = {f"{name} (written by a human)": text for name, text in kept.items()}
    project = ProjectMemory(files={"AGENTS.md": "Run the tests.", ".mimo/memory/a.md": "A."})
    return RunMemory(run="run-1", journal=Path("journal.db"), project=project, kept=notes)


def test_notes_stand_behind_the_files() -> None:
    """In one section, each with its source; without notes there is none."""
    told = memory(n1="tests need TZ=UTC").notes("Port the client.")
    assert [note.source for note in told] == [".mimo/memory/a.md", KEPT]
    assert told[1].text == "n1 (written by a human): tests need TZ=UTC"
    assert [note.source for note in memory().notes("Port the client.")] == [".mimo/memory/a.md"]


def test_a_gate_of_a_fork_is_none_of_before() -> None:
    """`reviewer.1` of the fork is another than that of the run before: its steps are not the fork's reviewer's own."""
    forked = replace(memory(), origins=(ForkPoint(run="run-0", task="port", last=9),))
    assert forked.past(assignment()).before == (("run-0", 9),)
    assert forked.past(assignment(inspection=Inspection(diff=""))).before == ()


def test_notes_with_words_of_the_goal_come_first() -> None:
    """Then the newest; as many as there is room for, and how many more there are."""
    kept = {f"n{number}": f"{'client ' if number == 77 else ''}{'x' * 200}" for number in range(100)}
    lines = memory(**kept).notes("Port the client.")[-1].text.splitlines()
    assert lines[0].startswith("n77 ")
    assert lines[1].startswith("n0 ")
    assert lines[-1] == f"({100 - len(lines) + 1} more, which recall searches)"
    assert sum(map(len, lines)) < KEPT_CHARS + 100


async def test_all_of_it_can_be_recalled() -> None:
    """Files and notes by their names and words, and what was found for this task."""
    past = memory(n1="tests need TZ=UTC").past(assignment())
    assert await past.text("n1") == "tests need TZ=UTC"
    assert await past.text("AGENTS.md") == "Run the tests."


@pytest.mark.real
def test_a_run_begins_with_what_was_kept(tmp_path: Path) -> None:
    """Not with proposals, nor with what a file of the repository says already; and without notes that can't be read."""
    top = tmp_path / "user"
    (top / ".mimo/memory").mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    (top / ".mimo/memory/learnt.md").write_text("- written down (learnt by x)\n")
    git(top, "add", "-A")
    git(top, "-c", "user.name=U", "-c", "user.email=u@example.org", "commit", "-qm", "x")
    state = RunState(run="run-2", base_before=git(top, "rev-parse", "HEAD").decode().strip())
    said: list[str] = []
    with JournalStore(tmp_path / "state/journal.db") as journal:
        journal.append("run-1", [("port", NoteLearnt(agent="editor.1", step=1, text="proposed"))])
        with NoteStore(tmp_path / "state/memory.db") as notes:
            notes.add("written down")
            notes.add("the key is sk-0123456789")

        def load() -> RunMemory:
            known = Redactor({"A_KEY": "sk-0123456789"})
            place = tmp_path / "state"
            return load_memory(state, place, journal, Git(git_dir=top / ".git"), redactor=known, say=said.append)

        assert load().kept == {"n2 (written by a human)": "the key is [redacted A_KEY]"}
        (tmp_path / "state/memory.db").write_text("these are no notes, whatever the name says")
        assert load().kept == {}
    assert len(said) == 1
    assert "can't be read" in said[0]


@pytest.mark.real
async def test_to_look_back_holds_little(tmp_path: Path) -> None:
    """A search through megabytes of output has one of them in memory at a time."""
    output = ("needle in the hay " * 50 + "\n") * 400
    with JournalStore(tmp_path / "journal.db") as store:
        store.append("run-1", [("port", ran(step, output)) for step in range(1, 61)])
    past = RunMemory(run="run-1", journal=tmp_path / "journal.db").past(assignment())
    tracemalloc.start()
    try:
        found = await past.search(["needle"], before=61)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.hits[0].place == "step 60"
    assert peak_bytes < 20 * len(output) < 60 * len(output)
