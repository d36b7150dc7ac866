"""A slower reading of a script, for what the grammar refused: it follows where commands begin and end.

What the grammar does not read as bash does is put into other words: `[` as the command that it is to bash, assignments
with a redirection as a command of no name, `time` and `coproc` in front of a compound left out, a here-string as a
file. A wrong guess does no harm: each word put in must come back from the grammar as the name of a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from policies.shell.reading import unused_name
from policies.shell.refusal import unparsable
from policies.shell.scan import Scanner
from policies.shell.scanned import Frame, Opens, Scanned

_PIECES = re.compile(r"[ \t]+|;;&|;;|;&|[;&|]+|[^ \t;&|]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=")
_COMPOUND = r"(?=\(|\{[ \t\n]|(?:if|for|while|until|case)[ \t\n])"
# A keyword in front of a compound, and a word between them that is no part of it.
_LEFT_OUT = {
    "time": re.compile(rf"[ \t]+(?:(-p)[ \t]+)?{_COMPOUND}"),
    "coproc": re.compile(rf"[ \t]+(?:(?!(?:if|for|while|until|case)\b)([A-Za-z_][A-Za-z0-9_]*)[ \t]+)?{_COMPOUND}"),
}
_ESAC = re.compile(r"\s*esac\b")
_BEGINNING = frozenset("if then else elif do while until { !".split())


@dataclass(slots=True)
class _Place:
    """Where the scanner stands within one level of parentheses.

    `begins`: a command may begin here; `assigned`: the command has only assignments so far; `cases` are the open `case`
    statements: before their `in`, in a pattern, or in a branch; `array`: these are an array's; `names`: a function's
    name comes next.
    """

    begins: bool = True
    assigned: bool = False
    cases: list[str] = field(default_factory=list)
    array: bool = False
    names: bool = False


def scan_carefully(raw: bytes) -> Scanned:
    """Read a script's quoting and where its commands begin.

    Raises:
        Unreadable: as `scan`.

    """
    scanner = Careful(raw.decode("latin-1"))
    scanner.run()
    return scanner.result()


@dataclass  # with slots, it would be another class than the one that `super()` asks about
class Careful(Scanner):
    """A scanner that knows a command's beginning."""

    places: list[_Place] = field(default_factory=lambda: [_Place()])
    in_word: bool = False
    skips: bool = False

    def result(self) -> Scanned:
        """What was read."""
        return replace(
            super().result(),
            bracket=f"{self.marker}bracket",
            nothing=f"{self.marker}nothing",
            careful=True,
        )

    def push(self, frame: Frame, opening: str) -> None:
        """Go in: what is within begins with a command, but for an array."""
        array = frame is Frame.PAREN and self.out[-1:] != [] and self.out[-1].endswith("=")
        super().push(frame, opening)
        self.places.append(_Place(begins=not array, array=array))
        self.in_word = False

    def pop(self, closing: str) -> None:
        """Go out: behind a subshell or a function's parentheses a command may begin."""
        if self.places.pop().cases:
            raise unparsable("a case without its esac")
        frame = self.stack[-1]
        super().pop(closing)
        self.in_word = frame is not Frame.PAREN
        if frame is Frame.PAREN and not self.places[-1].assigned:
            self.places[-1].begins = True

    def code(self, frame: Frame) -> None:
        """Read on where commands stand."""
        if self.text[self.at] in "\\'\"$`" and not self.in_word:
            self._word("")
        super().code(frame)

    def escaped(self) -> None:
        """Read a backslash outside of quotes, and put it out as quotes: before some letters the grammar ends a word."""
        char = self.text[self.at + 1 : self.at + 2]
        if not char or char == "\n" or not char.isascii():
            super().escaped()
            return
        kind = Opens.DOUBLE if char == "'" else Opens.SINGLE
        quote = '"' if char == "'" else "'"
        start = self.length
        self.emit(f"{quote}{char}{quote}", consumed=2)
        self.note(kind, start)

    def plain(self, run: str) -> None:
        """Put out a stretch without quotes, piece by piece."""
        end = self.at + len(run)
        for found in _PIECES.finditer(run):
            piece = found[0]
            if piece[0] in " \t":
                self.in_word = False
                super().plain(piece)
            elif piece[0] in ";&|":
                self._separator(piece, more=self.text[self.at + len(piece) : self.at + len(piece) + 1])
            elif self.in_word:
                super().plain(piece)
            else:
                self._piece(piece, whole=found.end() < len(run) or self.text[end : end + 1] in ("", "\n", "(", ")"))

    def _piece(self, piece: str, *, whole: bool) -> None:
        if self.skips:
            self.skips = False
            self.emit(" " * len(piece))
            return
        place = self.places[-1]
        begins = place.begins
        following = self.text[self.at + len(piece) : self.at + len(piece) + 1]
        if place.assigned and piece.isdigit() and following in ("<", ">"):
            self._nothing()
        self._word(piece if whole else "", part=piece)
        if whole and begins and piece == "[" and following in (" ", "\t"):
            self._put("bracket", consumed=1)
        elif not (whole and begins and self._leaves_out(piece)):
            super().plain(piece)
        self.in_word = True

    def _leaves_out(self, piece: str) -> bool:
        """Leave out a keyword, and the word behind it next, where a compound follows."""
        if piece not in _LEFT_OUT or (found := _LEFT_OUT[piece].match(self.text, self.at + len(piece))) is None:
            return False
        named = found[1] or ""
        self.keywords.append(f"{piece} {named}".rstrip() if piece == "coproc" else piece)
        self.skips = bool(named)
        self.places[-1].begins = True
        self.emit(" " * len(piece))
        return True

    def _word(self, whole: str, *, part: str = "") -> None:
        """Note that a word begins: all of it if it is known, or its first part."""
        place = self.places[-1]
        self.in_word = True
        if place.array:
            return
        if place.cases and not place.begins and self._within_case(place, whole):
            return
        if place.names:
            place.names, place.begins = False, True
            return
        if not place.begins:
            place.assigned = place.assigned and bool(_ASSIGNMENT.match(part))
            return
        place.begins = whole in _BEGINNING
        place.assigned = bool(_ASSIGNMENT.match(part))
        place.names = whole == "function"
        if whole == "case":
            place.cases.append("case")
        elif whole == "esac" and place.cases and place.cases[-1] == "branch":
            place.cases.pop()

    def _within_case(self, place: _Place, whole: str) -> bool:
        match place.cases[-1]:
            case "case":
                place.cases[-1] = "subject"
            case "subject" if whole == "in":
                place.cases[-1] = "patterns"
            case "patterns" if whole == "esac":
                place.cases.pop()
            case "patterns":
                place.cases[-1] = "pattern"
            case kind:
                return kind != "branch"
        return True

    def _separator(self, piece: str, *, more: str) -> None:
        place = self.places[-1]
        before = self.out[-1][-1:] if self.out else ""
        redirects = piece.endswith("&") and more == ">"
        self.in_word = False
        if before in ("<", ">") and piece in ("&", "|"):
            super().plain(piece)
            return
        if redirects and place.assigned:
            self._nothing()
        if piece[-2:] == ";&" and _ESAC.match(self.text, self.at + len(piece)):
            self.emit(";;", consumed=len(piece))  # behind the last branch there is none to go on with
        else:
            super().plain(piece)
        if redirects and piece == "&":
            return
        if place.cases and place.cases[-1] == "branch" and piece in (";;", ";&", ";;&"):
            place.cases[-1] = "patterns"
            place.begins = False
        elif not place.cases or place.cases[-1] == "branch":
            self._ends()

    def _ends(self) -> None:
        place = self.places[-1]
        place.begins, place.assigned = not place.array, False

    def newline(self) -> None:
        """Read a line's end, which ends a command."""
        super().newline()
        self.in_word = False
        if not self.places[-1].cases or self.places[-1].cases[-1] == "branch":
            self._ends()

    def paren(self, char: str, frame: Frame) -> None:
        """Read a parenthesis, which may be a pattern's."""
        place = self.places[-1]
        if place.cases and char == "(" and place.cases[-1] == "patterns":
            place.cases[-1] = "pattern"
            self.emit(char)
        elif place.cases and char == ")" and place.cases[-1] == "pattern":
            place.cases[-1] = "branch"
            self._ends()
            self.in_word = False
            self.emit(char)
        else:
            super().paren(char, frame)

    def angle(self) -> None:
        """Read a redirection."""
        process = self.text[self.at : self.at + 2] in ("<(", ">(")
        if process:
            self._word("")
        elif self.places[-1].assigned:
            self._nothing()
        if self.text.startswith("<<<", self.at):
            # Behind a redirection to a file, the grammar knows no here-string.
            self.descriptor()
            self.strings.add(self.length)
            self.emit("<", consumed=3)
        else:
            super().angle()
        self.in_word = False
        if not process:
            self.places[-1].begins = False  # behind a redirection no word is a keyword

    def _nothing(self) -> None:
        self._put("nothing", consumed=0)
        self.emit(" ", consumed=0)
        self.places[-1].assigned = False

    def _put(self, name: str, *, consumed: int) -> None:
        self.marker = self.marker or unused_name(self.text)
        if self.out and self.out[-1][-1] not in " \t\n;&|(":
            self.emit(" ", consumed=0)
        word = f"{self.marker}{name}"
        self.inserted.add(self.length)
        self.emit(word, consumed=consumed)
