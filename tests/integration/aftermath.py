"""What a command of the program may leave behind: nothing that runs, and no worktree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.program import Program


def nothing_left(program: Program) -> None:
    """No process that names this home, and no worktree in its state directory, is left."""
    needle = str(program.repository.parent).encode()
    for line in map(_command_line, Path("/proc").glob("[0-9]*/cmdline")):
        assert needle not in line or b"tests.server" in line, line
    runs = Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/runs/*")
    assert [path.name for path in runs] == []


@contextmanager
def running(program: Program, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The program at work; it does not outlive the test."""
    with program.start(*words) as process:
        try:
            yield process
        finally:
            process.kill()


def no_traceback(finished: subprocess.CompletedProcess[str]) -> None:
    """The user is told in words, and no bug is reported."""
    for text in (finished.stdout, finished.stderr):
        assert "Traceback" not in text, text
        assert "a bug of ours" not in text, text


def refused(program: Program, *words: str | Path, code: int, says: tuple[str, ...]) -> None:
    """The command line ends with this code and these words on stderr, changes no ref, and leaves nothing."""
    before = refs(program)
    finished = program.run(*words)
    no_traceback(finished)
    assert finished.returncode == code, f"exit {finished.returncode}\n{finished.stderr}\n{finished.stdout}"
    for said in says:
        assert said in finished.stderr, finished.stderr
    assert refs(program) == before
    nothing_left(program)


def refs(program: Program) -> str:
    """HEAD and all refs of the repository the program stands in; empty where there is none."""
    words = ["git", "-C", str(program.repository), "show-ref", "--head"]
    return subprocess.run(words, capture_output=True, text=True, env=program.env, check=False).stdout


def _command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
