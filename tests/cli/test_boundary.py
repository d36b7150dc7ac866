"""The boundary: every error has its exit code and its message, and a bug leaves a report without secrets."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.errors import ModelRefused
from orchestrator.airlock.errors import DiskFull, GitUnusable, NotARepository
from orchestrator.cli.boundary import guarded
from orchestrator.errors import CannotRun, UsageProblem
from policies.problems import DocumentError, Problem
from sandbox.errors import SandboxLost, SandboxUnavailable

PROBLEM = Problem(file="plan.yaml", line=2, col=3, message="wrong", hint="did you mean 'right'?")


def raising(error: BaseException) -> Callable[[], int]:
    """A command that ends so."""

    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageProblem("no such task", hint="there is a"), 2, "mimo-orchestrate: no such task\n  there is a\n"),
        (DocumentError([PROBLEM], "a\n  b"), 2, "plan.yaml:2:3: wrong\n    b\n    ^\n  did you mean 'right'?\n"),
        (CannotRun("no key", "set one"), 4, "mimo-orchestrate: no key\n  set one\n"),
        (SandboxUnavailable("no engine", "start one"), 4, "mimo-orchestrate: no engine\n  start one\n"),
        (SandboxLost("s1", "it died"), 4, "mimo-orchestrate: sandbox s1 was lost: it died\n"),
        (NotARepository("no repository", "git init"), 4, "mimo-orchestrate: no repository\n  git init\n"),
        (GitUnusable("git is too old"), 4, "mimo-orchestrate: git is too old\n"),
        (ModelRefused("m/x", "bad key"), 4, "mimo-orchestrate: m/x: bad key\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 4, "mimo-orchestrate: /x: No space left on device\n"),
        (sqlite3.OperationalError("disk is full"), 4, "mimo-orchestrate: the journal can't be used: disk is full\n"),
        (KeyboardInterrupt(), 130, "mimo-orchestrate: interrupted\n"),
        (ExceptionGroup("tasks", [ExceptionGroup("inner", [CannotRun("a", "b")])]), 4, "mimo-orchestrate: a\n  b\n"),
    ],
)
def test_every_foreseen_error_has_its_code_and_words(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What went wrong is said on stderr, with the way out; stdout stays for results."""
    assert guarded(raising(error)) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", said)


def test_a_full_disk_under_git_is_the_machines_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """A git that found no space is no bug of ours."""
    assert guarded(raising(DiskFull("No space left on device"))) == 4
    assert "No space left" in capsys.readouterr().err


def test_messages_can_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names from elsewhere in an error are escaped."""
    guarded(raising(UsageProblem("no task \x1b[2J\u202e")))
    assert capsys.readouterr().err == "mimo-orchestrate: no task \\x1b[2J\\u202e\n"


def test_a_bug_is_one_line_and_a_report_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 5, one line with the report's path; the report is its owner's alone and holds no key."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "canary-0123456789")
    assert guarded(raising(RuntimeError("it held\ncanary-0123456789"))) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    reports = list((tmp_path / "mimo-orchestrate" / "reports").iterdir())
    assert [str(report) in said for report in reports] == [True]
    text = reports[0].read_text()
    assert "RuntimeError" in text
    assert "in command" in text
    assert "canary-0123456789" not in text + said
    assert reports[0].stat().st_mode & 0o077 == 0


def test_a_report_goes_to_the_temporary_files_where_the_state_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug on a machine without a usable state directory still leaves its report."""
    blocked, temporary = tmp_path / "file", tmp_path / "tmp"
    blocked.touch()
    temporary.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert guarded(raising(RuntimeError("x"))) == 5
    assert [str(report) in capsys.readouterr().err for report in temporary.iterdir()] == [True]
