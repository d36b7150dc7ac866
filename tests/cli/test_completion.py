"""Completion offers what may be typed next, and never an error, a trace or a danger."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.repository import UserRepository
from orchestrator.cli.completion.answer import completed
from orchestrator.cli.completion.candidates import FREE, OFFERS, ROLE_LIMITS, RUN_LIMITS, TASK_LIMITS
from orchestrator.cli.completion.line import choices_of, options_of
from orchestrator.cli.completion.past import repository_of
from orchestrator.cli.completion.shells import SHELLS, VARIABLE, line_of, quoted
from orchestrator.cli.main import command_line
from orchestrator.cli.state import JOURNAL
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Bounds, Limits, TaskLimits
from policies.printable import is_unsafe
from tests.cli.conftest import git
from tests.cli.test_program import HEAVY
from tests.views import story

OTHER = "second-20260202-120000-cd34"
PLAN = """
version: 1
model: openai/gpt-5.2
tasks:
  - id: survey
    goal: look
  - {id: 'port-client', goal: port}
"""
TREE = command_line()


def asked(shell: str, typed: str) -> dict[str, str]:
    """What a shell sends when Tab is pressed behind what was typed."""
    if shell != "bash":
        return {VARIABLE: f"complete_{shell}", "_TYPER_COMPLETE_ARGS": f"mimo-orchestrate {typed}"}
    words = ["mimo-orchestrate", *typed.split(" ")]
    return {VARIABLE: "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}


def offered(typed: str, shell: str = "fish") -> list[str]:
    """The words that may follow, or go on with, what was typed."""
    return list(helped(typed, shell))


def helped(typed: str, shell: str = "fish") -> dict[str, str]:
    """The same, with the help of each."""
    lines = completed(lambda: TREE, asked(shell, typed)).splitlines()
    return {value: help for value, _, help in (line.partition("\t") for line in lines)}


@pytest.fixture
def place(repository: Path) -> Path:
    """A repository with plans and other files in it."""
    for name in ("plan.yaml", "docs/deep.yml", "my plan.yaml", "notes.txt", ".hidden.yaml"):
        path = repository / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(PLAN)
    return repository


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("sta", ["status"]),
        ("pl", ["plan.yaml"]),
        ("docs", ["docs/"]),
        ("docs/", ["docs/deep.yml"]),
        (".", [".git/", ".hidden.yaml"]),
        ("run p", ["plan.yaml"]),
        ("run my\\ p", ["my plan.yaml"]),
        ("check 'my", ["my plan.yaml"]),
        ("policy ", ["check", "test", "show", "changes", "backtest", "coverage", "suggest"]),
        ("help pol", ["policy"]),
        ("help policy s", ["show", "suggest"]),
        ("schema ", ["plan", "policy"]),
        ("plan.yaml --back", ["--backend"]),
        ("plan.yaml --backend ", ["auto", "docker", "bubblewrap"]),
        ("plan.yaml --ask=", ["--ask=prompt", "--ask=deny", "--ask=wait"]),
        ("--hold --ask pr", ["prompt"]),
        ("--hold pl", ["plan.yaml"]),
        ("plan.yaml --ask deny --as", []),
        ("plan.yaml --limit cost=1 --lim", ["--limit"]),
        ("plan.yaml --limit c", ["cost=", "cpu=", "context=", "coordinator."]),
        ("plan.yaml --limit reviewer.", [f"reviewer.{key}=" for key in ("steps", "tokens", "cost", "wall", "cpu")]),
        ("plan.yaml --limit port-client.st", ["port-client.steps="]),
        ("plan.yaml --limit port", ["port-client."]),
        ("plan.yaml --model o", ["openai/gpt-5.2"]),
        ("plan.yaml --model rec", ["recorded/"]),
        ("plan.yaml --model recorded/n", ["recorded/notes.txt"]),
        ("plan.yaml --events n", ["notes.txt"]),
        ("plan.yaml --parallel ", []),
        ("policy check ls --role ed", ["editor"]),
        ("policy test s", ["standard", "strict"]),
        ("policy backtest s", ["standard", "strict"]),
        ("log last --only d", ["decisions"]),
        ("log last --only failed --only fa", ["faults"]),
        ("demo d", ["docs/"]),
        ("draft goal -o n", ["notes.txt"]),
        ("policy show --policy docs/", ["docs/deep.yml"]),
        ("deny last ID --why ", []),
        ("--install-completion z", ["zsh"]),
        ("--show-completion fish ", []),
        ("stauts ", []),
        ("clean ", ["--cache", "--json", "--help"]),
    ],
)
def test_what_may_follow_is_offered(typed: str, expected: list[str]) -> None:
    """Commands, options, choices, keys and files, wherever they may stand; a plan in place of a command is `run`."""
    assert offered(typed) == expected


@pytest.mark.usefixtures("place")
def test_the_first_word_is_a_command_or_a_plan() -> None:
    """All commands in the order of the help, then plans and the directories that may hold some."""
    assert offered("") == [*TREE.commands, "docs/", "my plan.yaml", "plan.yaml"]
    assert helped("")["status"].startswith("Show one run")
    assert offered("plan.yaml ") == [*options_of(TREE.commands["run"]), "--help"]


def test_runs_tasks_and_questions_are_offered(state: Path) -> None:
    """Runs newest first with how they stand, tasks with their goals, questions that wait; a run is named in any way."""
    with JournalStore(state / JOURNAL) as store:
        store.append(OTHER, story.started())
    assert offered("status ") == ["last", OTHER, story.RUN]
    assert helped("resume demo") == {story.RUN: "stopped: Make it better."}
    assert helped("log last")["last"].startswith(f"{OTHER}, interrupted")
    assert offered("log last ") == ["survey", "port", "docs"]
    assert helped(f"review {story.RUN} s") == {"survey": "landed: List the uses."}
    assert offered("merge demo survey docs ") == ["port"]
    assert helped("restore demo port ") == {
        "last": "step 3: src/a.py",
        "1": "step 3: src/a.py",
        "0": "as the task began",
    }
    assert offered("approve last ") == []
    (question,) = offered("approve demo ")
    assert helped(f"deny {story.RUN} ")[question].startswith("make docs")
    assert offered("resume last --limit d") == ["docs."]


def test_a_journal_that_is_written_to_is_read_as_it_is(state: Path) -> None:
    """What a run has just written is offered, while it goes on writing."""
    with JournalStore(state / JOURNAL) as store:
        assert offered("status second") == []
        store.append(OTHER, story.started())
        assert offered("status second") == [OTHER]


@pytest.mark.parametrize("open_elsewhere", [True, False])
def test_nothing_is_written(state: Path, open_elsewhere: bool) -> None:
    """Neither the journal nor anything beside it or in the repository changes."""
    other = sqlite3.connect(state / JOURNAL)
    other.execute("SELECT count(*) FROM events").fetchone()
    if not open_elsewhere:
        other.close()
    before = contents(state.parents[2])
    for typed in ("", "status ", "log last ", "approve last ", "plan.yaml --model "):
        offered(typed)
    assert contents(state.parents[2]) == before
    other.close()


def contents(place: Path) -> dict[str, bytes]:
    """Every file below a place, but what SQLite shares between processes that have a journal open."""
    return {
        str(path): path.read_bytes() if path.is_file() and not path.name.endswith("-shm") else b""
        for path in place.rglob("*")
    }


def test_a_repository_without_runs_gets_no_journal(repository: Path) -> None:
    """Looking for runs makes no state directory."""
    assert offered("status ") == []
    assert not (repository.parent / "state").exists()


def test_the_repository_is_found_from_anywhere_in_it(
    state: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a directory below, from a linked worktree and from a submodule, as git itself finds it."""
    (repository / "below/deep").mkdir(parents=True)
    git(repository, "worktree", "add", "-q", "--detach", "../linked")
    git(repository, "init", "-q", "--separate-git-dir", "../elsewhere.git", "../apart")
    for place in ("below/deep", "../linked"):
        monkeypatch.chdir(repository / place)
        assert story.RUN in offered("status ")
    for top in (repository, repository / "../linked", repository / "../apart"):
        found = repository_of(top.resolve())
        assert found is not None
        assert found.repo_hash == UserRepository.locate(top).repo_hash


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no runs, and everything else is offered; even where the directory is gone."""
    monkeypatch.chdir(tmp_path)
    assert offered("status ") == []
    assert offered("stat") == ["status"]
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert offered("status ") == []
    assert offered("stat") == ["status"]


@pytest.mark.parametrize("damage", ["noise", "cut", "empty", "tables", "payloads", "pipe"])
def test_a_damaged_journal_is_passed_over(state: Path, damage: str) -> None:
    """What can be read is offered, else nothing; the commands always are."""
    journal = state / JOURNAL
    match damage:
        case "noise":
            journal.write_bytes(os.urandom(50_000))
        case "cut":
            journal.write_bytes(journal.read_bytes()[:9000])
        case "empty":
            journal.write_bytes(b"")
        case "pipe":
            journal.unlink()
            os.mkfifo(journal)
        case _:
            with sqlite3.connect(journal) as connection:
                connection.execute("DROP TRIGGER events_unchanged")
                statement = "UPDATE events SET payload = '[1'" if damage == "payloads" else "DROP TABLE events"
                connection.execute(statement)
            connection.close()
    for typed in ("log ", "log last ", "approve last ", "plan.yaml --model "):
        offered(typed)
    assert offered("stat") == ["status"]
    assert offered("status ") == (["last", story.RUN] if damage == "payloads" else [])


def test_names_that_would_steer_a_terminal_are_left_out(state: Path, repository: Path) -> None:
    """Files, runs and tasks; in helps such characters are written out."""
    for name in (
        "good.yaml",
        "clear\x1b[2J.yaml",
        "two\nlines.yaml",
        "turned\u202e.yaml",
        os.fsdecode(b"bytes\xff.yaml"),
    ):
        (repository / name).touch()
    with JournalStore(state / JOURNAL) as store:
        store.append("evil\x1b[2J", story.started())
        store.append("good-run", story.started())
    assert [name for name in offered("") if name.endswith("yaml")] == ["good.yaml"]
    assert set(offered("status ")) == {"last", "good-run", story.RUN}
    for shell in SHELLS:
        text = completed(lambda: TREE, asked(shell, "log last "))
        assert "port" in text
        assert not any(map(is_unsafe, text.replace("\n", "").replace("\t", "")))
    assert "\\x1b[2J[red]markup[/red]" in helped("log last ")["port"]


def test_odd_files_are_no_obstacle(repository: Path) -> None:
    """Links in a circle and pipes are names like others; what would be read as an option is left out."""
    (repository / "circle.yaml").symlink_to("circle.yaml")
    (repository / "--hold.yaml").touch()
    os.mkfifo(repository / "pipe.yaml")
    (repository / "plan.yaml").write_text(PLAN)
    assert offered("")[-3:] == ["circle.yaml", "pipe.yaml", "plan.yaml"]
    assert offered("./-") == ["./--hold.yaml"]
    assert offered("pipe.yaml --limit s") == ["steps="]
    assert offered("pipe.yaml --model o") == ["openai/gpt-5.2"]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_names_that_a_shell_would_run_are_quoted(repository: Path, shell: str) -> None:
    """A file's name goes onto the command line as a word, whichever quote it was begun with."""
    (repository / "no$(touch it).yaml").touch()
    assert offered("no", shell) == [r"no\$\(touch\ it\).yaml"]
    assert offered('"no', shell) == [r"no\$(touch it).yaml"]
    assert offered("'no", shell) == ["no$(touch it).yaml"]


SHOWN = st.text(min_size=1).filter(lambda text: not any(map(is_unsafe, text)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(SHOWN, st.sampled_from(["", "'", '"'])), min_size=1))
def test_a_quoted_word_is_read_as_it_is(words: list[tuple[str, str]]) -> None:
    """Whatever it consists of, bash's reading of it is the word; and so is ours, when it is gone on with."""
    typed = [f"{quote}{quoted(value, quote)}{quote}" for value, quote in words]
    script = f"printf '%s\\0' {' '.join(typed)}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert ran.stdout.decode().split("\0")[:-1] == [value for value, _ in words]
    assert line_of("zsh", asked("zsh", " ".join([*typed, ""]))).words == tuple(value for value, _ in words)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan.yaml", "--ask", "="], ["prompt", "deny", "wait"]),
        (["plan.yaml", "--ask", "=", "pr"], ["prompt"]),
        (["plan.yaml", "--limit", "po"], ["port-client."]),
        (["plan.yaml", "--limit", "steps", "=", "5", "--ho"], ["--hold"]),
        (["plan.yaml", "--limit", "steps", "=", "5", "--model", "openai/"], ["openai/gpt-5.2"]),
        (["plan.yaml", "--model", "a", ":", "b", "--ho"], ["--hold"]),
    ],
)
def test_bash_gets_the_rest_of_what_it_splits(words: list[str], expected: list[str]) -> None:
    """Bash takes `=` and `:` for words; what stands before them is on the line already."""
    sent = ["mimo-orchestrate", *words]
    environ = {VARIABLE: "complete_bash", "COMP_WORDS": "\n".join(sent), "COMP_CWORD": str(len(words))}
    assert completed(lambda: TREE, environ).splitlines() == expected


@settings(deadline=None)
@given(
    st.sampled_from([*SHELLS, "csh", ""]), st.text(alphabet="mimo run-=:'\"\\ \n$~/.", max_size=40), st.text(max_size=3)
)
def test_whatever_is_sent_is_answered(shell: str, typed: str, number: str) -> None:
    """No command line, and no lack of one, is an error."""
    completed(lambda: TREE, {VARIABLE: f"complete_{shell}"})
    completed(lambda: TREE, {VARIABLE: f"complete_{shell}", "_TYPER_COMPLETE_ARGS": typed})
    completed(lambda: TREE, {VARIABLE: f"complete_{shell}", "COMP_WORDS": typed, "COMP_CWORD": number})


@pytest.mark.parametrize("shell", SHELLS)
def test_completing_imports_nothing_heavy(state: Path, shell: str) -> None:
    """Whoever presses Tab waits for it; a journal needs SQLite, and that is all."""
    script = (
        "import os, sys; from orchestrator.cli.main import main; main();"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    environ = {**os.environ, **asked(shell, "log last ")}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert "survey" in ran.stdout
    assert ran.stderr.strip() == "['sqlite3']"


def test_every_kind_of_word_has_its_row() -> None:
    """Of whatever a command takes, something is offered, or it is known to be anybody's guess."""
    params = [param for command in leaves(TREE) for param in command.params if not getattr(param, "is_flag", False)]
    arguments = {param.metavar for param in params if param.param_type_name == "argument" and not choices_of(param)}
    options = {
        max(param.opts, key=len) for param in params if param.param_type_name == "option" and not choices_of(param)
    }
    assert (arguments | options) - set(OFFERS) == FREE


def leaves(command: Any) -> list[Any]:
    """The commands that are no groups of commands."""
    members = getattr(command, "commands", None)
    return [command] if members is None else [leaf for member in members.values() for leaf in leaves(member)]


def test_the_limits_are_those_of_a_plan() -> None:
    """Completion knows them without importing what knows them."""
    for known, model in ((RUN_LIMITS, Limits), (TASK_LIMITS, TaskLimits), (ROLE_LIMITS, Bounds)):
        assert set(known) == {field.alias or name for name, field in model.model_fields.items()} - {"roles"}
