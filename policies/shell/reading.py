"""What a scanner has read so far, and what it puts out for the grammar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from policies.shell.heredocs import Pending
from policies.shell.refusal import too_much, unparsable
from policies.shell.scanned import Frame, Heredoc, Opens, Origin, Scanned

MAX_NESTING = 50

WORD_ENDS = " \t\n;&|("
_TAIL_ENDS = frozenset(WORD_ENDS + "<>")

_KINDS = {
    Frame.DOUBLE: Opens.DOUBLE,
    Frame.COMMAND: Opens.COMMAND,
    Frame.PROCESS: Opens.PROCESS,
    Frame.PARAMETER: Opens.PARAMETER,
    Frame.QUOTED_PARAMETER: Opens.PARAMETER,
    Frame.ARITHMETIC: Opens.ARITHMETIC,
    Frame.OLD_ARITHMETIC: Opens.ARITHMETIC,
}


@dataclass(slots=True)
class Reading:
    """One script, or one that stands in backticks or a here-document of another, as far as it was read."""

    text: str
    marker: str = ""
    outside: int = 0
    at: int = 0
    glued: int = -1
    words: int = 0
    operators: int = 0
    out: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[Frame] = field(default_factory=lambda: [Frame.CODE])
    starts: list[int] = field(default_factory=list)
    spans: set[tuple[int, int, str]] = field(default_factory=set)
    heredocs: dict[str, Heredoc] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    opaque: list[tuple[int, int]] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    openings: dict[int, str] = field(default_factory=dict)
    descriptors: dict[int, str] = field(default_factory=dict)
    both: set[int] = field(default_factory=set)
    inserted: set[int] = field(default_factory=set)
    strings: set[int] = field(default_factory=set)
    keywords: list[str] = field(default_factory=list)

    def result(self) -> Scanned:
        """What was read."""
        return Scanned(
            text="".join(self.out).encode("latin-1"),
            spans=frozenset(self.spans),
            heredocs=self.heredocs,
            openings=self.openings,
            descriptors=self.descriptors,
            both=frozenset(self.both),
            origin=Origin(text=self.text, moves=self.moves, opaque=self.opaque) if len(self.moves) > 1 else None,
            inserted=frozenset(self.inserted),
            strings=frozenset(self.strings),
            keywords=tuple(self.keywords),
        )

    def emit(self, text: str, *, consumed: int | None = None) -> None:
        """Put text out for the grammar, in place of so many characters: as many as it has itself, if not said."""
        if text:
            self.out.append(text)
            self.length += len(text)
        self.at += len(text) if consumed is None else consumed
        if consumed is not None:
            self.moved()

    def moved(self) -> None:
        """Note that from here on what is put out comes from another place than before."""
        self.moves.append((self.length, self.at))

    def push(self, frame: Frame, opening: str) -> None:
        """Go into a quotation, a substitution or a group."""
        if self.outside + len(self.stack) >= MAX_NESTING:
            raise too_much(f"it is nested deeper than {MAX_NESTING}")
        self.stack.append(frame)
        self.starts.append(self.length)
        self.emit(opening)

    def pop(self, closing: str) -> None:
        """Go out of it again."""
        if any(waiting.depth >= len(self.stack) for waiting in self.pending):
            raise unparsable("a here-document's body lies outside the substitution that opens it")
        frame, start = self.stack.pop(), self.starts.pop()
        self.emit(closing)
        if (kind := _KINDS.get(frame)) is not None:
            self.note(kind, start)

    def span(self, kind: Opens, text: str) -> None:
        """Put out a whole quotation."""
        start = self.length
        self.emit(text)
        self.note(kind, start)

    def note(self, kind: Opens, start: int) -> None:
        """Note a quotation or substitution that ends here."""
        self.spans.add((start, self.length, kind.value))
        self.glued = self.length  # a word that ends in it goes on behind it

    def within(self, text: str) -> Self:
        """A scanner for a script that stands in this one."""
        self.marker = self.marker or unused_name(self.text)
        return type(self)(
            text,
            marker=self.marker,
            outside=self.outside + len(self.stack),
            heredocs=self.heredocs,
            names=self.names,
        )

    def take(self, inside: Reading) -> None:
        """Put out what was read of a script within this one."""
        if len(inside.stack) > 1:
            raise unparsable("a parenthesis within backticks is not closed")
        by = self.length
        self.spans |= {(start + by, end + by, kind) for start, end, kind in inside.spans}
        self.openings |= {place + by: name for place, name in inside.openings.items()}
        self.descriptors |= {place + by: name for place, name in inside.descriptors.items()}
        self.both |= {place + by for place in inside.both}
        self.inserted |= {place + by for place in inside.inserted}
        self.strings |= {place + by for place in inside.strings}
        self.keywords += inside.keywords
        self.emit("".join(inside.out), consumed=0)

    def tail(self) -> str:
        """What was put out last, back to a blank or the like: however it was cut by backslashes before line ends."""
        tail = ""
        for piece in reversed(self.out):
            tail = piece + tail
            if not _TAIL_ENDS.isdisjoint(piece):
                break
        return tail

    def blank(self, count: int) -> None:
        """Take back so many characters that were put out."""
        last = self.out.pop()
        while len(last) < count:
            last = self.out.pop() + last
        self.out.append(last[:-count] + " " * count)


def unused_name(text: str) -> str:
    """The beginning of names that the text does not hold."""
    number = 0
    while (name := f"heredoc{number}x") in text:
        number += 1
    return name
