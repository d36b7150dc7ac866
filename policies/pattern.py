"""Patterns of rules: shell words, with alternatives, wildcards and a closing `$`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern; `names` are the literal first words it can match, or empty for a wildcard."""

    text: str
    names: frozenset[str]
    path: bool
    first: re.Pattern[str]
    rest: tuple[re.Pattern[str], ...]
    options: tuple[str, ...]
    closed: bool

    def names_program(self, names: Collection[str]) -> bool:
        """Whether the first word matches any of a program's names."""
        if self.names:
            return not self.names.isdisjoint(names)
        return any(self.first.fullmatch(name) for name in names)

    def matches(self, arguments: Sequence[str]) -> bool:
        """Whether the words after the name match, in their order, from the first on."""
        if len(arguments) < len(self.rest) or (self.closed and len(arguments) > len(self.rest)):
            return False
        return all(word.fullmatch(given) for word, given in zip(self.rest, arguments, strict=False))

    def matches_loosely(self, arguments: Sequence[str]) -> bool:
        """Whether its operands begin the given ones and its options stand anywhere: for rules that restrict."""
        if self.closed:
            return self.matches(arguments)
        plain = [word for word in self.rest if word.pattern not in self.options]
        operands = _operands(arguments)
        if len(operands) < len(plain) or not all(w.fullmatch(o) for w, o in zip(plain, operands, strict=False)):
            return False
        return all(_has_option(option, arguments) for option in self.options)


def compile_pattern(text: str) -> Pattern:
    """Compile a rule's pattern.

    Raises:
        ValueError: it is empty, its quotes are not closed, or `$` stands elsewhere than at its end.

    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError(f"the pattern {text!r} has a quote or a backslash at its end that is not closed") from None
    closed = bool(words) and words[-1] == "$"
    words = words[:-1] if closed else words
    if not words:
        raise ValueError(f"the pattern {text!r} names no command")
    if "$" in words:
        raise ValueError(f"in the pattern {text!r} `$` stands elsewhere than at the end")
    rest = tuple(_word(word) for word in words[1:])
    return Pattern(
        text=text,
        names=frozenset(alternatives(words[0])) if "*" not in words[0] else frozenset(),
        path="/" in words[0],
        first=_word(words[0]),
        rest=rest,
        options=tuple(compiled.pattern for compiled, word in zip(rest, words[1:], strict=True) if word.startswith("-")),
        closed=closed,
    )


def word_matcher(text: str) -> re.Pattern[str]:
    """A matcher of one whole word: `a|b` alternatives, `*` any characters."""
    return _word(text)


def alternatives(word: str) -> list[str]:
    """The alternatives of a word; a lone `|`, as in `||`, is itself."""
    return word.split("|") if all(word.split("|")) else [word]


def _word(word: str) -> re.Pattern[str]:
    return re.compile("|".join(starred(part, ".") for part in alternatives(word)), re.DOTALL)


def starred(text: str, any_of: str, escape: Callable[[str], str] = re.escape) -> str:
    """The expression of a text in which `*` is any run of such characters.

    What stands between two stars is taken where it comes first: another place would leave less for the rest, and to
    try each of them would take hours for a few stars.
    """
    begin, *pieces = map(escape, text.split("*"))
    return (
        begin
        + "".join(f"(?>{any_of}*?{piece})" for piece in pieces[:-1])
        + "".join(f"{any_of}*{piece}" for piece in pieces[-1:])
    )


def _operands(arguments: Sequence[str]) -> list[str]:
    return [word for word in arguments if not word.startswith("-") or word == "-"]


def _has_option(option: str, arguments: Sequence[str]) -> bool:
    matcher = re.compile(option, re.DOTALL)
    letter = re.fullmatch(r"\\?-([A-Za-z0-9])", option)
    for word in arguments:
        if matcher.fullmatch(word) or matcher.fullmatch(word.partition("=")[0]):
            return True
        if letter and re.match(r"-[^-]", word) and letter[1] in word:
            return True
        if word.startswith("--") and len(word) > 3 and matcher.fullmatch(word) is None:
            # An abbreviated long option means what it begins.
            name = word.partition("=")[0]
            if option.replace("\\", "").startswith(name):
                return True
    return False


def voids(option: str, arguments: Sequence[str]) -> bool:
    """Whether an argument is the one named by an `unless`, however it is written."""
    return _has_option(_word(option).pattern, arguments)
