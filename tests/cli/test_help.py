"""Help is the manual of a command, and a mistake on the command line is answered with what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from orchestrator.cli.boundary import PROGRAM
from orchestrator.cli.layout import WIDEST
from orchestrator.cli.main import build, command_line
from orchestrator.cli.options import ASK_MODES, BACKENDS, PRESETS, ROLES
from orchestrator.plan.models import SandboxSettings
from orchestrator.run.options import AskMode
from policies import file, loader
from tests.cli.conftest import Type


def commands(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and every group of commands."""
    for name, member in getattr(command, "commands", {}).items():
        yield (*before, name)
        yield from commands(member, (*before, name))


COMMANDS = list(commands(typer.main.get_command(build())))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_page_is_all_that_one_needs(type_in: Type, words: tuple[str, ...]) -> None:
    """What the command does in a sentence and then at length, how it is typed with examples, and what goes with it."""
    page = type_in(*words, "--help").out
    usage, sentence, about, *_ = page.split("\n\n")
    assert usage.startswith(f"Usage: mimo-orchestrate {' '.join(words)} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(about) > len(sentence)
    examples, others = page.split("\nExamples:\n")[1].split("\n\nSee also:")
    assert f"  mimo-orchestrate {' '.join(words)}" in examples
    for other in others.split(","):
        assert tuple(other.split()) in COMMANDS


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_a_page_fits_the_terminal(type_in: Type, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wider than 80 columns there; a wide terminal is used as far as lines can be read."""
    widths = {}
    for columns in (80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        widths[columns] = max(map(len, type_in(*words, "--help").out.splitlines()))
    assert widths[80] <= 80
    assert widths[80] <= widths[200] <= WIDEST


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_there_is_more_than_one_way_to_a_page(type_in: Type, words: tuple[str, ...]) -> None:
    """`help COMMAND`, `COMMAND -h` and `COMMAND --help` show the same, on stdout."""
    page = type_in(*words, "--help")
    assert page.code == 0
    assert page == type_in(*words, "-h") == type_in("help", *words)


@pytest.mark.parametrize("name", sorted({words[0] for words in COMMANDS}))
def test_a_command_that_is_made_alone_is_the_same(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Only the command that was typed is made; what it is and takes does not depend on the others."""
    whole, alone = command_line(), command_line(name)
    assert list(alone.commands) == [name]
    pages = []
    for tree in (whole, alone):
        tree.main([name, "--help"], prog_name=PROGRAM, standalone_mode=False)
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1] != ""


def test_the_first_page_leads_to_everything(type_in: Type) -> None:
    """About a screen, with a line for each command below what it is for."""
    page = type_in("--help").out
    assert page == type_in("-h").out == type_in("help").out
    assert page.count("\n") <= 60
    for name in {words[0] for words in COMMANDS}:
        assert re.search(rf"^  {name} +[A-Z].*\.$", page, re.MULTILINE)
    titles = re.findall(r"^([A-Z][A-Za-z ]+):$", page, re.MULTILINE)
    assert titles[-2:] == ["Options", "Examples"]
    assert len(titles) > 4


@pytest.mark.parametrize("words", [(), ("policy",)])
def test_a_group_without_a_command_shows_its_page(type_in: Type, words: tuple[str, ...]) -> None:
    """As a complaint: exit code 2, and nothing on stdout, which may be a pipe into something."""
    typed = type_in(*words)
    assert (typed.code, typed.out) == (2, "")
    assert typed.err.strip() == type_in(*words, "--help").out.strip()


@pytest.mark.parametrize(
    ("line", "wrong", "meant"),
    [
        ("stauts", "no such command: stauts", "did you mean 'status'?"),
        ("policy chekc ls", "no such command: chekc", "did you mean 'check'?"),
        ("help policy chekc", "no such command: chekc", "did you mean 'check'?"),
        ("status --jsn", "no such option: --jsn", "did you mean '--json'?"),
        ("--versoin", "no such option: --versoin", "did you mean '--version'?"),
        ("--hold", "no such option: --hold", "it is an option of run, resume"),
        ("run plan.yaml --backend dokcer", "--backend dokcer: not one of auto, docker", "did you mean 'docker'?"),
        ("plan.yaml --ask promt", "--ask promt: not one of prompt", "did you mean 'prompt'?"),
        ("policy check ls --role editr", "--role editr: not one of investigator", "did you mean 'editor'?"),
        ("schema plans", "schema plans: not one of plan, policy", "did you mean 'plan'?"),
        ("log last --only failures", "--only: 'failures' is not one of", "did you mean 'failed'"),
        ("log", "missing: RUN", "usage: mimo-orchestrate log [OPTIONS] RUN [TASK]"),
        ("status a b c", "unexpected argument: b c", "usage: mimo-orchestrate status [OPTIONS] [RUN]"),
        ("run plan.yaml --parallel two", "--parallel: it should be a valid integer", "usage: mimo-orchestrate run"),
        ("run plan.yaml --limit", "option '--limit' requires an argument", "usage: mimo-orchestrate run"),
    ],
)
def test_a_mistake_is_answered_with_what_was_meant(type_in: Type, line: str, wrong: str, meant: str) -> None:
    """Exit code 2, nothing on stdout; what is wrong, what would be right, and where there is more."""
    typed = type_in(*line.split())
    assert (typed.code, typed.out) == (2, "")
    problem, hint, *more = typed.err.splitlines()
    assert problem.startswith(f"mimo-orchestrate: {wrong}")
    assert hint.startswith(f"  {meant}")
    assert all(re.fullmatch(r"  see: mimo-orchestrate.* --help", last) for last in more)


@pytest.mark.usefixtures("repository")
def test_a_mistyped_file_or_limit_is_answered_too(type_in: Type) -> None:
    """A plan beside the one that was named, a key, a task."""
    Path("plan.yaml").write_text("{version: 1, name: p, goal: g, model: m, tasks: [{id: port, role: editor, goal: g}]}")
    for line, meant in (
        ("paln.yaml", "plan.yaml"),
        ("plan.yaml --dry-run --limit stpes=3", "steps"),
        ("plan.yaml --dry-run --limit prot.steps=3", "port"),
    ):
        typed = type_in(*line.split())
        assert typed.code == 2
        assert f"did you mean '{meant}'?" in typed.err


def test_the_words_of_other_packages_are_known() -> None:
    """What the command line writes down, so that its help stays cheap, is what plans and policies know."""
    assert get_args(SandboxSettings.model_fields["backend"].annotation) == BACKENDS
    assert get_args(AskMode) == ASK_MODES
    assert get_args(file.Role) == ROLES
    assert loader.PRESETS == PRESETS
