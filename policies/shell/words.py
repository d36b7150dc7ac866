"""Words as the shell would see them: quotes removed, braces expanded, and what can't be known marked as such."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, pairwise, product
from shlex import quote

from policies.shell.reading import MAX_NESTING
from policies.shell.refusal import too_much, unparsable

UNKNOWN = "\x00"
MAX_BRACES = 64

# A quoted character that would be special unquoted is carried as a private-use character until the word is finished.
_MARK_BASE = 0x100000
_SPECIAL = "{},*?[]~=:\\$"
_MARK = {ord(char): _MARK_BASE + ord(char) for char in _SPECIAL}
_UNMARK = {mark: char for char, mark in _MARK.items()}

_RESERVED = re.compile("[\U00100000-\U001000ff]")

HERE = "\U001000ff"
"""In a marked text: the directory that the shell stands in, of which more than one is possible."""

_WORD_FAULT = re.compile(r"(?<!\\)(?:\\\\)*(?:[\s;&|<>()`'\"]|\$[A-Za-z0-9_@*#?$!{(\[-])")
_QUOTED_FAULT = re.compile(r"(?<!\\)(?:\\\\)*(?:[`\"]|\$[A-Za-z0-9_@*#?$!{(\[-])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_QUOTED = re.compile(r"\\([$`\"\\])")
_ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_ANSI_RARE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:c|x\{)")
_ANSI_NAMED = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_GLOB = re.compile(r"[*?]|\[.*\]", re.DOTALL)
_RANGE = re.compile(r"(-?\d{1,6})\.\.(-?\d{1,6})(?:\.\.-?\d{1,4})?|([A-Za-z])\.\.([A-Za-z])(?:\.\.-?\d{1,4})?")


class Known(IntEnum):
    """How much of a word is known before the script runs."""

    FULLY = 0
    NUMBER = 1  # its unknown part is a number
    LOOP = 2  # its unknown part is the variable of a loop, or what xargs reads
    NOT = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A word after expansion; each unknown stretch of it is one UNKNOWN character."""

    text: str
    known: Known = Known.FULLY
    glob: bool = False
    braced: bool = False
    """Whether it came of braces, which are never written to name a program."""

    @property
    def static(self) -> bool:
        """Whether the word is known well enough to be judged: nothing in it but a number is open."""
        return self.known <= Known.NUMBER


class BraceBomb(Exception):
    """A word stands for more words than are judged."""


def literal(text: str) -> Word:
    """A word that is known and has nothing special in it."""
    return Word(text)


def typed(words: Sequence[Word]) -> str:
    """Words as a command line that would give them; `...` stands for what can't be known."""
    return " ".join(word.text.replace(UNKNOWN, "...") if UNKNOWN in word.text else quote(word.text) for word in words)


def bare(raw: str) -> str:
    """An unquoted stretch of a word, its backslashes taken out."""
    if _WORD_FAULT.search(raw):
        raise unparsable(f"a word is not what it seems: {raw}")
    return _ESCAPED.sub(lambda found: quoted(found[1]), raw)


def unescaped(raw: str) -> str:
    """Text in which a backslash stands for nothing but what follows it."""
    return _ESCAPED.sub(r"\1", raw)


def quoted(text: str) -> str:
    """Text from within quotes, its special characters marked as plain."""
    return text.translate(_MARK)


def double_quoted(raw: str) -> str:
    """A stretch within double quotes."""
    if _QUOTED_FAULT.search(raw):
        raise unparsable(f"a quotation is not what it seems: {raw}")
    return quoted(_ESCAPED_QUOTED.sub(r"\1", raw))


def ansi_quoted(raw: str) -> str:
    """What stands between `$'` and `'`."""
    if "\\" not in raw:
        return quoted(raw)
    if _ANSI_RARE.search(raw):
        raise unparsable("a $' quotation with \\c or \\x{ }", instead="write the character itself, or \\xHH")

    def unescape(found: re.Match[str]) -> bytes:
        code = found[1]
        if code[0] in "xuU" and len(code) > 1:
            number = int(code[1:], 16)
            return bytes([number]) if code[0] == "x" else chr(min(number, 0x10FFFF)).encode(errors="replace")
        if code[0] in "01234567":
            return bytes([int(code, 8) & 0xFF])
        if code in _ANSI_NAMED:
            return bytes([_ANSI_NAMED[code]])
        return code.encode() if code in "\\'\"?" else b"\\" + code.encode()

    parts: list[bytes] = []
    at = 0
    for found in _ANSI.finditer(raw):
        parts += [raw[at : found.start()].encode(), unescape(found)]
        at = found.end()
    whole = b"".join([*parts, raw[at:].encode()])
    # Bash ends the string at a NUL; a NUL here also is the sign of an unknown stretch.
    text = whole.split(b"\x00")[0].decode(errors="replace")
    if _RESERVED.search(text):
        raise unparsable("a $' quotation with a character for private use")
    return quoted(text)


def finish(marked: str, known: Known, *, home: str) -> list[Word]:
    """The words that a marked text stands for.

    Raises:
        BraceBomb: there are more of them than are judged.

    """
    if marked.count("{") > MAX_NESTING and _depth(marked) > MAX_NESTING:
        raise too_much(f"its braces are nested deeper than {MAX_NESTING}")
    if marked.count("{") > MAX_BRACES:
        raise BraceBomb
    if "{" in marked and "}" in marked and (texts := _braces(marked)) != [marked]:
        return [replace(_finished(text, known, home), braced=True) for text in texts]
    return [_finished(marked, known, home)]


def _depth(marked: str) -> int:
    return max(accumulate((char == "{") - (char == "}") for char in marked), default=0)


def _finished(marked: str, known: Known, home: str) -> Word:
    glob = _GLOB.search(marked) is not None
    if HERE in marked:
        if marked[0] != HERE or marked[1:2] not in ("", "/") or HERE in marked[1:]:
            return Word(marked.replace(HERE, UNKNOWN).translate(_UNMARK), Known.NOT, glob)
        marked = "." + marked[1:]
    if marked.startswith("~"):
        marked, known = _tilde(marked, known, home)
    return Word(marked.translate(_UNMARK), known, glob)


def _tilde(marked: str, known: Known, home: str) -> tuple[str, Known]:
    name, slash, rest = marked.partition("/")
    match name[1:]:
        case "" | "agent":
            return home + slash + rest, known
        case "root":
            return "/root" + slash + rest, known
        case "+":
            return "." + slash + rest, known
        case user if user.isalnum():
            return f"/home/{user}{slash}{rest}", known
        case _:
            return UNKNOWN + slash + rest, Known.NOT


def _braces(text: str) -> list[str]:
    """Expand the first pair of braces that is one to bash, and what is left and right of it, recursively."""
    start = 0
    while (start := text.find("{", start)) >= 0:
        if text[start - 1 : start] == "$":
            start += 1
            continue
        end, commas = _matching(text, start)
        options = _options(text, start, end, commas) if end > 0 else None
        if options is not None:
            heads = [expanded for option in options for expanded in _braces(option)]
            tails = _braces(text[end + 1 :])
            if len(heads) * len(tails) > MAX_BRACES:
                raise BraceBomb
            return [text[:start] + head + tail for head, tail in product(heads, tails)]
        start += 1
    return [text]


def _matching(text: str, start: int) -> tuple[int, list[int]]:
    depth = 0
    commas: list[int] = []
    for at in range(start, len(text)):
        match text[at]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if depth == 0:
                    return at, commas
            case "," if depth == 1:
                commas.append(at)
    return -1, commas


def _options(text: str, start: int, end: int, commas: list[int]) -> list[str] | None:
    if commas:
        edges = [start, *commas, end]
        return [text[left + 1 : right] for left, right in pairwise(edges)]
    found = _RANGE.fullmatch(text[start + 1 : end])
    if found is None:
        return None
    if found[1] is not None:
        low, high = sorted((int(found[1]), int(found[2])))
    else:
        low, high = sorted((ord(found[3]), ord(found[4])))
    if high - low >= MAX_BRACES:
        raise BraceBomb
    return [str(number) if found[1] is not None else chr(number) for number in range(low, high + 1)]
