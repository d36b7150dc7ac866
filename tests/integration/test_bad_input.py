"""What is refused before a model is asked: in clear words, with the right exit code, and without a trace."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.aftermath import no_traceback, nothing_left, refused
from tests.integration.program import SCRIPT, Program, make_program
from tests.integration.scripting import editor, plan

pytestmark = pytest.mark.slow

PLAN = plan(editor("one", "Write one."))


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in a repository of two commits, with a good plan beside it; no model is in reach."""
    made = make_program(tmp_path, None, {"a.txt": "a\n"})
    made.git("commit", "-q", "--allow-empty", "-m", "second")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return made


def cloned(program: Program, *how: str) -> Program:
    """The program in a clone of its repository, made as a user would over a network."""
    program.git("config", "uploadpack.allowFilter", "true")
    program.git("clone", "-q", *how, f"file://{program.repository}", str(program.repository.parent / "clone"))
    return replace(program, repository=program.repository.parent / "clone")


def elsewhere(program: Program, *init: str) -> Program:
    """The program in a fresh directory, made a repository by `git init` with these options if any are given."""
    place = program.repository.parent / "elsewhere"
    place.mkdir()
    if init:
        program.git("init", "-q", "--initial-branch=main", *init, str(place))
    return replace(program, repository=place)


def after(*words: str) -> Callable[[Program], Program]:
    """The program after a git command in its repository."""

    def do(program: Program) -> Program:
        program.git(*words)
        return program

    return do


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        pytest.param(lambda p: elsewhere(p), ("is not in a git repository", "git init"), id="no repository"),
        pytest.param(lambda p: elsewhere(p, "--bare"), ("bare repository", "in a clone"), id="bare"),
        pytest.param(lambda p: elsewhere(p, "--"), ("no commit to start from", "make a first commit"), id="empty"),
        pytest.param(
            after("checkout", "-q", "--orphan", "fresh"), ("branch 'fresh' has no commit", "`base: main`"), id="unborn"
        ),
        pytest.param(after("checkout", "-q", "--detach"), ("detached HEAD", "`base: main`"), id="detached"),
        pytest.param(lambda p: cloned(p, "--depth=1"), ("shallow clone", "git fetch --unshallow"), id="shallow"),
        pytest.param(lambda p: cloned(p, "--filter=blob:none"), ("partial clone", "without --filter"), id="partial"),
    ],
)
def test_a_repository_that_can_not_serve(
    prepare: Callable[[Program], Program], says: tuple[str, ...], program: Program
) -> None:
    """Exit code 4; the message says what is wrong with the repository and what to do about it."""
    there = prepare(program)
    refused(there, program.repository.parent / "plan.yaml", code=4, says=says)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("mian", ("no local branch 'mian'", "did you mean 'main'?")),
        ("released", ("no local branch 'released'", "a tag", "git branch NAME released")),
    ],
)
def test_a_base_that_is_no_branch(base: str, says: tuple[str, ...], program: Program) -> None:
    """Exit code 4; a branch that is close, or how to make one, is named."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one."), base=base))
    program.git("tag", "released")
    refused(program, path, code=4, says=says)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (None, 2, ("No such file", "did you mean 'plan.yaml'?")),
        ("directory", 2, ("Is a directory", "name the plan file")),
        (b"version: 1\nname: \xff\xfe\n", 2, (":2:7: the file is not UTF-8",)),
        (b"", 2, (":1:1: ",)),
        (PLAN.replace('"goal"', '"gaol"', 1).encode(), 2, ("unknown key 'gaol'", "did you mean 'goal'?")),
    ],
    ids=["missing", "directory", "not UTF-8", "empty", "mistyped key"],
)
def test_a_plan_that_is_none(content: bytes | str | None, code: int, says: tuple[str, ...], program: Program) -> None:
    """Exit code 2, with the place where there is one."""
    path = program.repository.parent / "bad.yaml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "directory":
        path.mkdir()
    refused(program, "run", path, code=code, says=says)


def test_a_plan_without_a_model(program: Program) -> None:
    """Exit code 2; the roles that lack one and both ways to name it are said."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one."), model=None).replace('"model": null, ', ""))
    refused(program, path, code=2, says=("names no model for editor", "--model"))


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("mine.yaml", (":3:5: unknown key 'alow'", "did you mean 'allow'?")),
        ("nowhere.yaml", ("nowhere.yaml", "No such file", "presets: standard")),
        ("in-the-base.yaml", ("in-the-base.yaml", "no such file in the base commit")),
    ],
)
def test_a_policy_with_a_mistake(policy: str, says: tuple[str, ...], program: Program) -> None:
    """Exit code 2, with the file and the place in it."""
    home = program.repository.parent
    (home / "mine.yaml").write_text("version: 1\ncommands:\n  - alow: ls\n")
    named = policy if policy == "in-the-base.yaml" else str(home / policy)
    (home / "plan.yaml").write_text(plan(editor("one", "Write one."), policy=named))
    refused(program, home / "plan.yaml", code=2, says=says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--backend", "dokcer"), ("--backend dokcer", "auto, docker, bubblewrap")),
        (("--limit", "stpes=3"), ("--limit stpes=3", "steps")),
        (("--limit", "cost=much"), ("cost",)),
        (("--events", "/nowhere/events"), ("--events /nowhere/events", "No such file")),
        (("--no-such-option",), ("no such option",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_options_that_can_not_be_followed(words: tuple[str, ...], says: tuple[str, ...], program: Program) -> None:
    """Exit code 2; the option, its value and what would do are named."""
    refused(program, "run", *words, program.repository.parent / "plan.yaml", code=2, says=says)


@pytest.mark.parametrize("command", ["status", "resume", "merge", "audit verify"])
def test_a_repository_without_runs(command: str, program: Program) -> None:
    """Commands that want a run say that there is none, and how to start one."""
    refused(program, *command.split(), "last", code=2, says=("has no runs", "mimo-orchestrate PLAN.yaml"))


def test_no_arguments_show_the_help(program: Program) -> None:
    """Exit code 2, as other programs do that need a command; every line of it fits into 80 columns, none cut."""
    typed = replace(program, env={**program.env, "COLUMNS": "80"}).run()
    assert typed.returncode == 2
    shown = typed.stdout + typed.stderr
    assert "mimo-orchestrate check plan.yaml" in shown
    assert "..." not in shown.replace("[ARGS...]", "")
    no_traceback(typed)


def test_a_state_directory_that_can_not_be_written(program: Program) -> None:
    """Exit code 4; the directory and how to have another are named."""
    in_the_way = program.repository.parent / "state"
    in_the_way.write_text("a file of the user's")
    refused(program, program.repository.parent / "plan.yaml", code=4, says=(str(in_the_way), "XDG_STATE_HOME"))
    assert in_the_way.read_text() == "a file of the user's"


@pytest.mark.parametrize("words", ["--help", "policy show", "runs --json"])
def test_a_reader_that_goes_away(words: str, program: Program) -> None:
    """`| head -1`: the program ends without a word."""
    process = program.start(*words.split())
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) in {1, 141}
    nothing_left(program)


def test_the_program_stays_out_of_a_git_directory(program: Program) -> None:
    """Inside of `.git` there is no working tree: exit code 4."""
    refused(
        replace(program, repository=program.repository / ".git"),
        program.repository.parent / "plan.yaml",
        code=4,
        says=("inside of a .git directory",),
    )


def test_a_repository_of_somebody_else(program: Program) -> None:
    """Git's own safety is kept: exit code 4, and what to type if the owner is trusted."""
    if subprocess.run(["id", "-u"], capture_output=True, text=True, check=True).stdout.strip() != "0":
        pytest.skip("only root can give a repository away")
    subprocess.run(["chown", "-R", "65534", str(program.repository)], check=True)
    finished = program.run(program.repository.parent / "plan.yaml")
    assert finished.returncode == 4
    assert "belongs to another user" in finished.stderr
    assert "safe.directory" in finished.stderr


def test_an_engine_that_does_not_answer(program: Program) -> None:
    """`--backend docker` without an engine: exit code 4, how to get one, and what else there is."""
    nowhere = f"unix://{program.repository.parent}/nowhere.sock"
    there = replace(program, env={**program.env, "DOCKER_HOST": nowhere})
    says = (nowhere, "start one", "--backend bubblewrap")
    refused(there, "--backend", "docker", program.repository.parent / "plan.yaml", code=4, says=says)


def test_a_directory_that_was_removed(program: Program) -> None:
    """A shell may stand in a directory that is gone: exit code 4 says so."""
    gone = program.repository.parent / "gone"
    gone.mkdir()
    words = ["sh", "-c", 'rmdir "$0" && exec "$1" runs', str(gone), str(SCRIPT)]
    typed = subprocess.run(words, cwd=gone, env=program.env, capture_output=True, text=True, check=False)
    no_traceback(typed)
    assert (typed.returncode, "current directory was removed" in typed.stderr) == (4, True)


def test_a_journal_that_is_none(program: Program) -> None:
    """A file that is no journal is left as it is: exit code 4 says what to move aside."""
    path = program.repository.parent / "plan.yaml"
    assert program.run("--backend", "bubblewrap", "--limit", "steps=0", path).returncode == 3
    (journal,) = Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/journal.db")
    for file in journal.parent.glob("journal.db*"):
        file.unlink()
    journal.write_text("something else entirely, and long enough to be looked at")
    for words in (["status"], ["runs"], ["--backend", "bubblewrap", str(path)]):
        refused(program, *words, code=4, says=("the journal can't be read", "journal.db"))
    assert journal.read_text().startswith("something else")
