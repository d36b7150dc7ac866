"""The program as it is typed: what the first word may be, help, version, and what importing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.models import CommandInfo, TyperInfo

from orchestrator.cli.arguments import with_command
from orchestrator.cli.main import build
from tests.cli.conftest import Type

COMMANDS = frozenset({"run", "check", "status"})
OPTIONS = frozenset({"--help", "-h", "--version"})

HEAVY = ("litellm", "docker", "pydantic", "ruamel", "rich", "detect_secrets", "sqlite3", "anyio", "tree_sitter")
"""What `--help` has no use for."""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan.yaml"], ["run", "plan.yaml"]),
        (["plan.yml", "--hold"], ["run", "plan.yml", "--hold"]),
        (["--hold", "plan.yaml"], ["run", "--hold", "plan.yaml"]),
        (["a-file"], ["run", "a-file"]),
        (["status"], ["status"]),
        (["stauts"], ["stauts"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["--hold"], ["--hold"]),
        ([], []),
    ],
)
def test_a_plan_in_place_of_a_command_is_run(
    words: list[str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that is a file, or ends like a plan, means `run`; a command's name stays a command."""
    monkeypatch.chdir(tmp_path)
    for name in ("a-file", "status"):
        (tmp_path / name).touch()
    assert with_command(words, commands=COMMANDS, own_options=OPTIONS) == expected


def test_a_mistyped_command_is_answered_with_the_right_one(type_in: Type) -> None:
    """Exit code 2 and "did you mean"; nothing on stdout."""
    typed = type_in("stauts")
    assert (typed.code, typed.out) == (2, "")
    assert "Did you mean 'status'?" in typed.err


def names() -> list[list[str]]:
    """Every command, those of groups included."""
    app = build()
    found = [[str(command.name)] for command in app.registered_commands]
    for group in app.registered_groups:
        members = group.typer_instance.registered_commands if group.typer_instance is not None else []
        found += [[group_name(group), command_name(command)] for command in members]
    return found


def command_name(command: CommandInfo) -> str:
    """The name of a command, given or taken from its function."""
    return str(command.name or getattr(command.callback, "__name__", ""))


def group_name(group: TyperInfo) -> str:
    """The name of a group, wherever it was given."""
    own = group.typer_instance.info.name if group.typer_instance is not None else None
    return str(own if isinstance(own, str) else group.name)


@pytest.mark.parametrize("words", names(), ids=" ".join)
def test_every_command_has_help_with_an_example(type_in: Type, words: list[str]) -> None:
    """Help says what a command does in a sentence, and shows how it is typed."""
    typed = type_in(*words, "--help")
    assert typed.code == 0
    assert "Examples:" in typed.out
    assert f"mimo-orchestrate {' '.join(words)}" in typed.out.split("Examples:")[1]
    assert max(len(line) for line in typed.out.splitlines()) <= 80


def test_help_lists_every_command(type_in: Type) -> None:
    """The first page names all that there is, with a line for each."""
    listed = type_in("--help").out
    for words in names():
        assert f"\n  {words[0]} " in listed


def test_the_version_is_one_line(type_in: Type) -> None:
    """Scripts can read it."""
    typed = type_in("--version")
    assert typed.code == 0
    assert typed.out.startswith("mimo-orchestrate ")
    assert typed.out.count("\n") == 1


def test_schema_prints_the_schemas(type_in: Type) -> None:
    """Both files that users write have a schema on stdout."""
    for which in ("plan", "policy"):
        typed = type_in("schema", which)
        assert typed.code == 0
        Draft202012Validator.check_schema(json.loads(typed.out))
    assert type_in("schema", "plann").code == 2


def test_help_imports_nothing_heavy() -> None:
    """Typing `--help` costs no more than showing it."""
    script = (
        "import sys; from orchestrator.cli.main import run_program; run_program(['--help']);"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"
