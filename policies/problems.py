"""What is wrong with a file that a user wrote, each with its place, and how it is shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.printable import printable

_WIDEST_LINE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file; line and column count from 1."""

    file: str
    line: int
    col: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        """One line: `FILE:LINE:COL: message`."""
        return printable(f"{self.file}:{self.line}:{self.col}: {self.message}")


class DocumentError(Exception):
    """A file can't be used: all of its problems, and its text to show them in."""

    def __init__(self, problems: Sequence[Problem], text: str) -> None:
        """Keep the problems in the order of their places."""
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.col)))
        self.text = text
        super().__init__(render(self.problems, text))


def render(problems: Iterable[Problem], text: str) -> str:
    """Every problem with its source line, a caret and its hint; safe to print on a terminal."""
    lines = text.split("\n")
    return "\n".join(_rendered(problem, lines) for problem in problems)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known words that are close to a mistaken one, or None."""
    close = difflib.get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(repr(match) for match in close)}?" if close else None


def _rendered(problem: Problem, lines: Sequence[str]) -> str:
    shown = [str(problem)]
    if (
        0 < problem.line <= len(lines) and lines[problem.line - 1].strip()
    ):  # of a file that is not there nothing is shown
        line = lines[problem.line - 1].rstrip("\r")[:_WIDEST_LINE]
        # The caret stands under the escaped text, so what precedes it is measured escaped as well.
        before = printable(line[: problem.col - 1])
        shown += [f"  {printable(line)}", f"  {' ' * len(before)}^"]
    if problem.hint:
        shown.append(f"  {printable(problem.hint)}")
    return "\n".join(shown)
