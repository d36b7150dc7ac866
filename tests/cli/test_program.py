"""The program as it is typed: what the first word may be, version, schemas, and what importing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestrator.cli.arguments import with_command
from tests.cli.conftest import Type

COMMANDS = frozenset({"run", "check", "status"})
OPTIONS = frozenset({"--help", "-h", "--version"})

HEAVY = (
    "structlog",
    "litellm",
    "docker",
    "pydantic",
    "ruamel",
    "rich",
    "detect_secrets",
    "sqlite3",
    "anyio",
    "tree_sitter",
)
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


def test_what_only_reads_waits_for_no_log() -> None:
    """The library of logs takes longer to import than `status` takes: only what works on a run has it."""
    script = (
        "import sys, orchestrator.cli.main, orchestrator.cli.status, orchestrator.views.status, orchestrator.views.log;"
        "import orchestrator.airlock.repository, orchestrator.journal.store, orchestrator.telling.files;"
        "print(sorted({'structlog', 'logging.handlers'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
