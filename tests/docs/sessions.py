"""The commands of a page, run in order in one shell, and what they print held to what the page shows.

`sh` blocks are run and must succeed. In `console` blocks a command stands behind `$ `, what it prints below it; `...`
stands for anything, and ids, times, costs and the home are not compared. A command may fail where the next one is
`echo $?`. A block of another language whose first line is a comment with a path is written there, without that line. A
block whose first line says `# not run: WHY` is left alone.
"""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

HOME = "/home/you"
"""How pages write the home of whoever reads them."""

NOT_RUN = re.compile(r"\A# not run: (.+)$", re.MULTILINE)
FILE = re.compile(r"\A# (\S*[./]\S+)$", re.MULTILINE)
_SHELL = "shell"
_OVER = "--- over ---"
_ASK_CODE = "echo $?"
_COMPARED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_UNSTABLE = (
    (re.compile(r"-\d{8}-\d{6}-[0-9a-f]{4}\b"), "-WHEN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b|\b\d\d:\d\d:\d\d\b"), "WHEN"),
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "ID"),
    (re.compile(r"\$\d+\.\d+\+?"), "COST"),
    (re.compile(r"\b(\d+(\.\d+)?[kM]? of )?\d+(\.\d+)?[kM]? tokens\b"), "TOKENS"),
    (re.compile(r"\b\d+\.\ds\b|\b\d+m\d\ds\b"), "TIME"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command of a `console` block, and what the page shows that it prints."""

    command: str
    shown: str


class Shell:
    """One bash, so that `cd` and `export` hold for what follows."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        self.home = home
        self._process = process

    def run(self, command: str) -> tuple[str, int]:
        """What a command prints to both streams, and its exit code, which `$?` still has afterwards."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{{\n{command}\n}} </dev/null; _code=$?; printf '\\n%s %s\\n' '{_OVER}' $_code; (exit $_code)\n")
        stdin.flush()
        said: list[str] = []
        for line in stdout:
            if line.startswith(_OVER):
                return "".join(said)[:-1], int(line.removeprefix(_OVER))
            said.append(line)
        raise AssertionError(f"the shell ended in: {command}\n{''.join(said)}")


@contextmanager
def shell(home: Path, start: Path, env: dict[str, str]) -> Iterator[Shell]:
    """A shell of this home that stands in `start`; nothing that it started is left."""
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc"],
        cwd=start,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Shell(process, home)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def document_of(page: Path) -> Document:
    """A page with its blocks of each language that can be run."""
    parsers = [
        CodeBlockParser("sh", run_block),
        CodeBlockParser("console", run_calls),
        *(CodeBlockParser(language, write_file) for language in ("yaml", "python", "dockerfile")),
    ]
    return Sybil(parsers=parsers, pattern="*.md").parse(page)


def play_page(page: Path, shell: Shell) -> None:
    """Run every block of a page; raises AssertionError at the first that is not as the page says."""
    document = document_of(page)
    document.namespace[_SHELL] = shell
    for example in document:
        if not NOT_RUN.search(example.parsed):
            example.evaluate()


def run_block(example: Example) -> str | None:
    """Run a block of commands as a whole."""
    said, code = shell_of(example).run(example.parsed)
    return f"exit {code}\n{said}" if code else None


def run_calls(example: Example) -> str | None:
    """Run the commands of a block one by one, and compare."""
    calls = list(calls_of(example.parsed))
    followers = [call.command for call in calls[1:]] + [""]
    for call, follower in zip(calls, followers, strict=True):
        said, code = shell_of(example).run(call.command)
        if code and follower != _ASK_CODE:
            return f"$ {call.command}\nexit {code}\n{said}"
        difference = compared(call.shown, said, shell_of(example).home)
        if difference is not None:
            return f"$ {call.command}\n{difference}\nAs it was printed:\n{said}"
    return None


def write_file(example: Example) -> str | None:
    """Write a file that the page shows, where its first line says where."""
    named = FILE.search(example.parsed)
    if named is not None:
        here, _ = shell_of(example).run("pwd")
        path = Path(here.strip(), named[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(example.parsed[named.end() + 1 :])
    return None


def calls_of(block: str) -> Iterator[Call]:
    """The commands of a `console` block; a line behind `> ` goes on with the command above."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        while lines and lines[0].startswith("> "):
            command += "\n" + lines.pop(0)[2:]
        yield Call(command=command, shown="".join(f"{line}\n" for line in lines))


def compared(shown: str, said: str, home: Path) -> str | None:
    """None where the output is what the page shows, else what differs."""
    checker = doctest.OutputChecker()
    want, got = stable(shown), stable(said.replace(str(home), HOME))
    if checker.check_output(want, got, _COMPARED):
        return None
    return checker.output_difference(doctest.Example("", want), got, _COMPARED)


def stable(text: str) -> str:
    """A text without what is another at each run."""
    for pattern, word in _UNSTABLE:
        text = pattern.sub(word, text)
    return text


def shell_of(example: Example) -> Shell:
    """The shell of the page."""
    found: Shell = example.namespace[_SHELL]
    return found
