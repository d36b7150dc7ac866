"""The one place where what went wrong becomes a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.terminal import Unread, say, write_results
from orchestrator.telling.known import KNOWN

PROGRAM = "mimo-orchestrate"

_MACHINE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}


_KEY = (
    "set the provider's variable (OPENAI_API_KEY, ANTHROPIC_API_KEY...) to a key that it accepts; "
    f"`{PROGRAM} doctor --model ID` tells which"
)


_MONEY = f"top up the account, or raise its limit with the provider; `{PROGRAM} resume last` goes on"


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command; whatever it raises is said on stderr."""
    try:
        code = command()
        write_results("")
        return code
    except (KeyboardInterrupt, EOFError):
        say(f"{PROGRAM}: interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the boundary: past here there is only the interpreter's traceback
        return told(error)


def told(error: Exception) -> int:
    """Say what an error means, or where the report of it is; returns its exit code."""
    for cause in _causes(error):
        if isinstance(cause, Unread):
            # What is still in the buffer must go somewhere when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.UNREAD
        code, message = explained(cause)
        if code is not ExitCode.BUG:
            say(message)
            return code
    return _bug(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, or those that a task group holds together."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    else:
        yield error


def explained(error: BaseException) -> tuple[ExitCode, str]:
    """The exit code of an error and what to tell the user; BUG where it is none that was foreseen."""
    from orchestrator.errors import CannotRun, UsageProblem
    from policies.problems import DocumentError

    match error:
        case KeyboardInterrupt():
            return ExitCode.INTERRUPTED, f"{PROGRAM}: interrupted"
        case DocumentError():
            return ExitCode.USAGE, str(error)
        case UsageProblem():
            return ExitCode.USAGE, _message(error.problem, error.hint)
        case CannotRun():
            return ExitCode.CANNOT_RUN, _message(error.what, error.remedy)
        case _:
            return _explained_part(error)


def _explained_part(error: BaseException) -> tuple[ExitCode, str]:
    from agents.errors import AccountEmpty, CredentialsRefused, ModelError
    from orchestrator.airlock.errors import DiskFull, GitUnusable, RepositoryUnusable, UnsafeTree
    from sandbox.errors import SandboxError, SandboxUnavailable

    match error:
        case SandboxUnavailable() | RepositoryUnusable():
            return ExitCode.CANNOT_RUN, _message(error.what, error.remedy)
        case AccountEmpty():
            return ExitCode.CANNOT_RUN, _message(f"the provider wants to be paid: {error}", _MONEY)
        case CredentialsRefused():
            return ExitCode.CANNOT_RUN, _message(f"the provider refused the credentials: {error}", _KEY)
        case DiskFull():
            return ExitCode.CANNOT_RUN, _message(str(error), _room())
        case GitUnusable() | UnsafeTree() | SandboxError() | ModelError():
            return ExitCode.CANNOT_RUN, _message(str(error), None)
        case _:
            return _explained_machine(error)


def _explained_machine(error: BaseException) -> tuple[ExitCode, str]:
    import sqlite3

    match error:
        case OSError() if error.errno in _MACHINE_ERRNOS:
            where = f"{error.filename}: " if error.filename else ""
            return ExitCode.CANNOT_RUN, _message(f"{where}{error.strerror}", _remedy(error.errno))
        case sqlite3.OperationalError():
            return ExitCode.CANNOT_RUN, _message(f"the journal can't be written: {error}", _room())
        case sqlite3.DatabaseError():
            return ExitCode.CANNOT_RUN, _message(f"the journal can't be read: {error}", _anew())
        case _:
            return ExitCode.BUG, ""


def _remedy(number: int | None) -> str | None:
    if number in {errno.EMFILE, errno.ENFILE}:
        return "let it have more open files: ulimit -n"
    return _room() if number in {errno.ENOSPC, errno.EDQUOT, errno.EROFS} else None


def _room() -> str:
    return f"see that there is room and leave to write in {_state()}; `{PROGRAM} resume last` goes on"


def _anew() -> str:
    from orchestrator.cli.state import JOURNAL

    return f"to begin a new one, move this repository's {JOURNAL} below {_state()} aside"


def _state() -> Path:
    """The state directory, or one among the temporary files for a user who has no place for it."""
    import tempfile

    from orchestrator.cli.state import state_home
    from orchestrator.errors import CannotRun

    try:
        return state_home()
    except CannotRun:
        return Path(tempfile.gettempdir(), PROGRAM)


def _message(what: str, remedy: str | None) -> str:
    return f"{PROGRAM}: {what}\n  {remedy}" if remedy else f"{PROGRAM}: {what}"


def _bug(error: BaseException) -> int:
    from orchestrator.cli.bug_report import write_report

    report = write_report(error, directory=_state() / "reports")
    kept = f"please send {report}" if report is not None else "and the report of it could not be written"
    said = " ".join(f"{type(error).__name__}: {error}".split())
    # Before it is cut: half of a secret is not known again.
    say(f"{PROGRAM}: a bug of ours ({KNOWN.text(said)[:200]}): {kept}")
    return ExitCode.BUG
