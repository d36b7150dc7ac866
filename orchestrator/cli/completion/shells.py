"""What a shell sends when Tab is pressed, and what it takes back; `scripts/` holds the shells' side.

A shell sends the command line up to the cursor as it was typed, quotes and all, in the variables that typer uses. It
gets a candidate a line; zsh and fish get some words of help with it. For bash and zsh they are quoted as the word was
begun: a shell that puts the name of a file on its command line as it is would run what the name says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.printable import is_unsafe, printable

VARIABLE = "_MIMO_ORCHESTRATE_COMPLETE"
"""Set to `complete_SHELL`, it turns the program into one that completes."""

SHELLS = ("bash", "zsh", "fish")

_ESCAPED = frozenset('$`"\\\n')
"""What a backslash protects in double quotes."""

_SPLITS = frozenset("=:@")
"""What bash splits words at, although no shell would."""

_HELP_COLUMNS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A whole word that could stand at the cursor, and what it means."""

    value: str
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A command line up to the cursor: the words behind the program's name, and the one that is being typed.

    `quote` is the quote that is open in it, `settled` the beginning of it that bash takes for words of their own.
    """

    words: tuple[str, ...]
    word: str
    quote: str = ""
    settled: str = ""


def script(shell: str) -> str:
    """What a shell is to read, so that Tab asks this program."""
    return (Path(__file__).parent / "scripts" / f"completion.{shell}").read_text(encoding="utf-8")


def line_of(shell: str, environ: Mapping[str, str]) -> Line:
    """The command line that a shell asks about; raises LookupError and ValueError where it sent none."""
    if shell != "bash":
        words, quote = _split(environ["_TYPER_COMPLETE_ARGS"])
        return Line(words=tuple(words[1:-1]), word=words[-1], quote=quote)
    at = int(environ["COMP_CWORD"])
    words, quote = _split(environ["COMP_WORDS"])
    words = [*words, ""][: at + 1]
    joined, settled = _joined(words)
    return Line(words=tuple(joined[1:-1]), word=joined[-1], quote=quote, settled=settled)


def reply(shell: str, line: Line, candidates: Iterable[Candidate]) -> str:
    """The candidates that go on with what was typed, as a shell takes them; names that it can't show are left out."""
    lines = []
    for candidate in candidates:
        if not candidate.value.startswith(line.word) or any(map(is_unsafe, candidate.value)):
            continue
        if "!" in candidate.value and line.quote == '"':
            continue  # it would be looked up in the history, and no backslash keeps it from that there
        value = candidate.value[len(line.settled) :]
        value = value if shell == "fish" else quoted(value, line.quote)
        lines.append(f"{value}\t{_help(candidate)}" if shell != "bash" and candidate.help else value)
    return "".join(f"{line}\n" for line in lines)


def _split(text: str) -> tuple[list[str], str]:
    """The words of a command line as a shell reads them, the last of them at the cursor, and the quote that is open.

    `shlex` does not say which quote is open, and reads what stands in double quotes as no shell does.
    """
    words, word, quote = [], None, ""
    chars = iter(text)
    for char in chars:
        if char == quote:
            quote = ""
        elif char == "\\" and quote != "'":
            escaped = next(chars, "")
            word = (word or "") + (escaped if not quote or escaped in _ESCAPED else f"\\{escaped}")
        elif char in "'\"" and not quote:
            word, quote = word or "", char
        elif char in " \t\n" and not quote:
            words += [] if word is None else [word]
            word = None
        else:
            word = (word or "") + char
    return [*words, word or ""], quote


def _joined(words: list[str]) -> tuple[list[str], str]:
    """The words as any other shell has them, and what bash takes for words of their own before the last."""
    joined: list[str] = []
    settled = ""
    for before, word in zip(["", *words], words, strict=False):
        splits = bool(word) and _SPLITS.issuperset(word)
        if joined and (splits or (before and _SPLITS.issuperset(before) and not word.startswith("--"))):
            settled = joined[-1] + (word if splits else "")
            joined[-1] += word
        else:
            settled = ""
            joined.append(word)
    return joined, settled


def quoted(value: str, quote: str) -> str:
    """A word as it is typed behind a quote, or without one, so that the shell reads it as it is."""
    if quote == "'":
        return value.replace("'", r"'\''")
    if quote == '"':
        return re.sub(r'([$`"\\])', r"\\\1", value)
    escaped = re.sub(r"[^\w@%+=:,./~-]", r"\\\g<0>", value)
    # Shells read these at the beginning of a word; a home is meant as it was typed.
    special = escaped.startswith(("~", "=")) and not escaped.startswith("~/")
    return f"\\{escaped}" if special else escaped


def _help(candidate: Candidate) -> str:
    text = printable(" ".join(candidate.help[:1000].split()))
    return text if len(text) <= _HELP_COLUMNS else f"{text[: _HELP_COLUMNS - 3]}..."
