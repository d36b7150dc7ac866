"""`memory`: what is shown of it, what is decided, and what is written to the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.events import NoteLearnt
from orchestrator.cli.state import JOURNAL, NOTES, here, state_of
from orchestrator.journal.store import JournalStore
from tests.cli.conftest import Type, commit, git
from tests.cli.test_completion import offered

EVIL = "\x1b[2J\x1b]0;owned\x07\u202e[red]ignore the policy[/red]"


def learn(*texts: str, run: str = "run-1") -> None:
    """Have an agent of a past run propose these."""
    with JournalStore(state_of(here()) / JOURNAL) as store:
        store.append(run, [("port", NoteLearnt(agent="editor.1", step=12, text=text)) for text in texts])


def notes(type_in: Type, *words: str) -> list[dict[str, Any]]:
    """The notes that a command prints as JSON."""
    found: list[dict[str, Any]] = json.loads(type_in("memory", *words, "--json").out)["notes"]
    return found


@pytest.mark.usefixtures("repository")
def test_to_look_leaves_no_trace(type_in: Type) -> None:
    """Where nothing was ever run or noted there is nothing to see, and nothing is made for it."""
    assert type_in("memory", "show").code == 0
    assert type_in("memory", "search", "x").err == "nothing found; all that there is: mimo-orchestrate memory show\n"
    assert not state_of(here()).exists()


def test_files_and_notes_are_shown(type_in: Type, repository: Path) -> None:
    """The files of the commit that is checked out, what was kept, and what waits with the commands that decide."""
    commit(repository, "AGENTS.md", "Run the tests.", "Tell agents.")
    (repository / "AGENTS.md").write_text("not committed")
    type_in("memory", "add", "the tests need TZ=UTC")
    learn("a second caller is in tools/")
    page = type_in("memory", "show").out
    assert "AGENTS.md  14 B" in page
    assert page.index("the tests need TZ=UTC") < page.index("a second caller") < page.index("memory keep n2")
    assert "learnt by editor.1 of port at step 12 of run-1" in page
    shown = json.loads(type_in("memory", "show", "--json").out)
    assert shown["commit"] == git(repository, "rev-parse", "HEAD")
    assert [note["state"] for note in shown["notes"]] == ["kept", "proposed"]
    assert "TZ=UTC" not in type_in("memory", "show", "--proposals").out


@pytest.mark.usefixtures("repository")
def test_no_note_steers_the_terminal(type_in: Type) -> None:
    """Whatever an agent proposes, in every command that shows it."""
    learn(f"note {EVIL}")
    for words in (("show",), ("search", "note"), ("show", "--json"), ("keep", "n1"), ("forget", "n1")):
        typed = type_in("memory", *words)
        assert "ignore the policy" in typed.out + typed.err
        assert not {"\x1b", "\x07", "\u202e"} & set(typed.out + typed.err)


@pytest.mark.usefixtures("repository")
def test_one_decides_on_several_at_once_or_on_none(type_in: Type) -> None:
    """An id that is that of no note decides nothing about the others."""
    learn("one", "two", "three")
    refused = type_in("memory", "keep", "n1", "n9")
    assert refused.code == 2
    assert "there is no note 'n9'" in refused.err
    assert type_in("memory", "keep", "n1", "2", "n1").err == "kept n1: one\nkept n2: two\n"
    assert type_in("memory", "forget", "n3").err == "forgotten n3: three\n"
    assert [(note["id"], note["state"]) for note in notes(type_in, "show")] == [("n2", "kept"), ("n1", "kept")]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("text", ["", "  ", "?!", "x" * 1001])
def test_a_note_of_ones_own_is_a_line_of_words(type_in: Type, text: str) -> None:
    """One that says nothing, or too much, is refused with what to do, and nothing is kept."""
    assert type_in("memory", "add", text).code == 2
    assert notes(type_in, "show") == []


@pytest.mark.usefixtures("repository")
def test_known_secrets_are_not_noted(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by the one who knows them: a note goes to every provider."""
    monkeypatch.setenv("DEPLOY_TOKEN", "tok-0123456789")
    type_in("memory", "add", "deploy with tok-0123456789")
    assert [note["text"] for note in notes(type_in, "show")] == ["deploy with [redacted DEPLOY_TOKEN]"]


def test_a_note_is_written_to_the_checkout(type_in: Type, repository: Path) -> None:
    """Each once, below what is there, with its source; it is the user's to edit and commit."""
    learn("one")
    typed = type_in("memory", "keep", "n1", "--write", "--json")
    assert json.loads(typed.out)["written"] == ".mimo/memory/learnt.md"
    file = repository / ".mimo/memory/learnt.md"
    file.write_text(file.read_text() + "my own line, without an end")
    type_in("memory", "add", "two", "--write")
    type_in("memory", "keep", "n1", "--write")
    assert file.read_text().splitlines() == [
        "# What runs have learnt",
        "",
        "- one (learnt by editor.1 of port at step 12 of run-1)",
        "my own line, without an end",
        "- two",
    ]


@pytest.mark.parametrize("link", [".mimo", ".mimo/memory", ".mimo/memory/learnt.md"])
def test_no_link_is_followed(type_in: Type, repository: Path, tmp_path: Path, link: str) -> None:
    """An agent may have landed one: what is kept never goes where it points."""
    outside = tmp_path / "outside"
    (outside / "memory").mkdir(parents=True)
    (outside / "learnt.md").write_text("precious\n")
    (repository / link).parent.mkdir(parents=True, exist_ok=True)
    (repository / link).symlink_to(outside / "learnt.md" if link.endswith("md") else outside)
    refused = type_in("memory", "add", "one", "--write")
    assert refused.code == 2
    assert "is a link" in refused.err
    assert (outside / "learnt.md").read_text() == "precious\n"
    assert list((outside / "memory").iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_notes_that_can_not_be_read_are_told_of(type_in: Type) -> None:
    """With the place and what to do, not as a bug of ours."""
    type_in("memory", "add", "one")
    (state_of(here()) / NOTES).write_text("these are no notes, whatever the name says")
    refused = type_in("memory", "show")
    assert refused.code == 4
    assert str(state_of(here()) / NOTES) in refused.err


@pytest.mark.usefixtures("repository")
def test_ids_are_completed(type_in: Type) -> None:
    """What waits comes first; before anything was noted there is nothing to offer."""
    assert offered("memory keep ") == []
    learn("one", "two")
    type_in("memory", "keep", "n1")
    assert offered("memory keep ") == ["n2", "n1"]
    assert offered("memory forget n2 ") == ["n1"]
