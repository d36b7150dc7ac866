"""The boundary: every error has its exit code and its message, and a bug leaves a report without secrets."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.errors import AccountEmpty, CredentialsRefused, ModelRefused
from orchestrator.airlock.errors import DiskFull, GitUnusable, NotARepository
from orchestrator.cli.boundary import guarded
from orchestrator.cli.terminal import Unread
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
        (OSError(errno.EACCES, "Permission denied", "/x"), 4, "mimo-orchestrate: /x: Permission denied\n"),
        (ModelRefused("m/x", "no such model"), 4, "mimo-orchestrate: m/x: no such model\n"),
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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DiskFull("No space left on device"), "No space left on device"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "/x: No space left on device"),
        (sqlite3.OperationalError("disk is full"), "the journal can't be written: disk is full"),
        (sqlite3.DatabaseError("no database"), "the journal can't be read: no database"),
    ],
)
def test_a_full_or_broken_disk_is_the_machines_fault(
    error: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no bug of ours; the message says where room is to be made, or what to move away."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert guarded(raising(error)) == 4
    shown = capsys.readouterr().err
    assert said in shown
    assert str(tmp_path) in shown


def test_a_reader_that_went_away_is_no_fault(capfd: pytest.CaptureFixture[str]) -> None:
    """`| head -1` ends a command with the code of SIGPIPE, and not a word."""
    saved = os.dup(1)
    try:
        assert guarded(raising(ExceptionGroup("tasks", [Unread()]))) == 141
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    assert capfd.readouterr().err == ""


def test_a_refused_key_names_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, the provider's words, and which variable holds the key."""
    assert guarded(raising(CredentialsRefused("openai/x", "Incorrect API key"))) == 4
    said = capsys.readouterr().err
    assert "openai/x: Incorrect API key" in said
    assert "OPENAI_API_KEY" in said


def test_an_empty_account_is_told_from_a_wrong_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Another key would not help: the message says what does, and that nothing is lost meanwhile."""
    assert guarded(raising(AccountEmpty("openai/x", "You exceeded your current quota"))) == 4
    said = capsys.readouterr().err
    assert "openai/x: You exceeded your current quota" in said
    assert "top up the account" in said
    assert "resume last" in said


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


def test_a_report_holds_the_end_of_the_run_s_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file says where the program was and what led there, without secrets even where the log had one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "canary-0123456789")
    log = tmp_path / "run.jsonl"
    log.write_text("".join(f'{{"event": "number {number}"}}\n' for number in range(500)) + "canary-0123456789\n")
    monkeypatch.setattr("orchestrator.telling.files.OPENED", [log])
    assert guarded(raising(RuntimeError("it broke"))) == 5
    (report,) = (tmp_path / "mimo-orchestrate" / "reports").iterdir()
    text = report.read_text()
    assert str(log) in text
    assert '"number 499"' in text
    assert '"number 200"' not in text
    assert "canary-0123456789" not in text + capsys.readouterr().err


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
