"""What the first reading of a script gives to the grammar."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import Enum
from operator import itemgetter


class Opens(Enum):
    """What a noted character opens; the value is the kind of the tree's node that must start there."""

    SINGLE = "raw_string"
    DOUBLE = "string"
    ANSI = "ansi_c_string"
    COMMAND = "command_substitution"
    PROCESS = "process_substitution"
    PARAMETER = "expansion"
    ARITHMETIC = "arithmetic_expansion"


class Frame(Enum):
    """What the scanner stands in."""

    CODE = "code"
    PAREN = "("
    COMMAND = "$("
    PROCESS = "<("
    DOUBLE = '"'
    BODY = "a here-document"
    PARAMETER = "${"
    QUOTED_PARAMETER = '"${'
    ARITHMETIC = "$(("
    GROUP = "$((("
    OLD_ARITHMETIC = "$["


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document taken out of the script; `code` is what its body would expand, None where that is nothing."""

    quoted: bool
    body: str
    code: Scanned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the text for the grammar was in the script: `moves` are places in both, from which on they go in step.

    What lies in an `opaque` stretch was written in another way, and is nowhere as it is.
    """

    text: str
    moves: list[tuple[int, int]]
    opaque: list[tuple[int, int]]

    def of(self, start: int, end: int) -> str | None:
        """The script's own text for a stretch; None where there is none."""
        if self._is_opaque(start) or self._is_opaque(end):
            return None
        return self.text[self._at(start) : self._at(end, before=True)].encode("latin-1").decode(errors="replace")

    def _is_opaque(self, place: int) -> bool:
        index = bisect_left(self.opaque, (place, 0)) - 1
        return index >= 0 and place < self.opaque[index][1]

    def _at(self, place: int, *, before: bool = False) -> int:
        # Text that was put in has no length in the script: a stretch begins behind it, or ends before.
        find = bisect_left if before else bisect_right
        index = find(self.moves, place, key=itemgetter(0)) - 1
        out, source = self.moves[max(index, 0)]
        return source + place - out


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A script ready for the grammar.

    `spans` are the start, end and kind of each quotation and substitution; `heredocs` are found by their file's name,
    which is that of `openings`, by the place of the redirection;
    `descriptors` are the variables of redirections such as `{fd}>`, and `both` the redirections `<>`, by their place;
    `origin` knows what was written where the text holds something else. What only a careful scanner finds: `inserted`
    are the places of words that it put in as a command's name, either `bracket`, for a `[`, or `nothing`, where there
    is none; `strings` are the places of `<<<` that are put out as `<`; `keywords` are what was left out in front of
    compounds: `time`, or `coproc` with its name.
    """

    text: bytes
    spans: frozenset[tuple[int, int, str]] = frozenset()
    heredocs: dict[str, Heredoc] = field(default_factory=dict)
    openings: dict[int, str] = field(default_factory=dict)
    descriptors: dict[int, str] = field(default_factory=dict)
    both: frozenset[int] = frozenset()
    origin: Origin | None = None
    bracket: str = ""
    nothing: str = ""
    inserted: frozenset[int] = frozenset()
    strings: frozenset[int] = frozenset()
    keywords: tuple[str, ...] = ()
    careful: bool = False
