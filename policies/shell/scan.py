"""A first reading of a script, character by character, by bash's rules of quoting and nothing else.

It is the second opinion on what the grammar sees: it notes where each quotation and substitution opens, which the tree
must match exactly. It also takes out what the grammar reads wrongly: a backslash before a line's end, and the bodies of
here-documents, which become files with a name that the script does not hold.

Text is handled as bytes decoded as latin-1, so that an index is the byte offset that the parser gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from policies.shell.guard import DISGUISE
from policies.shell.refusal import too_much, unparsable

MAX_NESTING = 50

_SIMPLE = re.compile(r"[A-Za-z0-9_./:=@%+,\- ]*")
_PLAIN_CODE = re.compile(r"[^\\'\"`$<>()#\n]+")
_PLAIN_QUOTED = re.compile(r"[^\\\"`$\n]+")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n$`\\]+)\"|\\?([A-Za-z0-9_.+:%@-]+))(?=[ \t\n;|&)<>]|$)")
_SIMPLE_EXPANSION = re.compile(
    r"\\.|(?P<span>\$\([^()\"`$\\\n]*\)|\$\{[^{}\"'`$\\\n]*\}|`[^`\"\\\n]*`)|(?P<odd>`|\$[({\[])|.", re.DOTALL
)
_GROUP = re.compile(r"\([A-Za-z0-9_+\-*/%<>=!&|^~?: \t]*\)")
_WORD_ENDS = " \t\n;&|()"


class Opens(Enum):
    """What a noted character opens; the value is the kind of the tree's node that must start there."""

    SINGLE = "raw_string"
    DOUBLE = "string"
    ANSI = "ansi_c_string"
    COMMAND = "command_substitution"
    PROCESS = "process_substitution"
    PARAMETER = "expansion"
    ARITHMETIC = "arithmetic_expansion"


class _Frame(Enum):
    CODE = "code"
    PAREN = "("
    COMMAND = "$("
    PROCESS = "<("
    BACKTICK = "`"
    DOUBLE = '"'
    PARAMETER = "${"
    QUOTED_PARAMETER = '"${'
    ARITHMETIC = "$(("
    OLD_ARITHMETIC = "$["


_CODE_FRAMES = frozenset({_Frame.CODE, _Frame.PAREN, _Frame.COMMAND, _Frame.PROCESS, _Frame.BACKTICK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document taken out of the script; `code` judges what its body would expand."""

    quoted: bool
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A script ready for the grammar."""

    text: bytes
    openers: frozenset[tuple[int, str]]
    heredocs: dict[str, Heredoc]


@dataclass(slots=True)
class _Pending:
    name: str
    delimiter: str
    quoted: bool
    strip_tabs: bool
    depth: int


def scan(raw: bytes) -> Scanned:
    """Read a script's quoting.

    Raises:
        Unreadable: a quotation is not closed, nesting is too deep, or it uses a corner that is not judged.

    """
    text = raw.decode("latin-1")
    if _SIMPLE.fullmatch(text):
        return Scanned(text=raw, openers=frozenset(), heredocs={})
    scanner = _Scanner(text)
    scanner.run()
    return scanner.result()


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[_Frame] = field(default_factory=lambda: [_Frame.CODE])
    openers: set[tuple[int, str]] = field(default_factory=set)
    heredocs: dict[str, Heredoc] = field(default_factory=dict)
    pending: list[_Pending] = field(default_factory=list)
    marker: str = ""

    def run(self) -> None:
        """Read to the end."""
        while self.at < len(self.text):
            frame = self.stack[-1]
            if frame in _CODE_FRAMES:
                self._code(frame)
            elif frame is _Frame.DOUBLE:
                self._double()
            elif frame in (_Frame.PARAMETER, _Frame.QUOTED_PARAMETER):
                self._parameter(frame)
            else:
                self._arithmetic(frame)
        if self.pending:
            raise unparsable("a here-document has no body")
        if any(frame is not _Frame.PAREN for frame in self.stack[1:]):
            raise unparsable(f"{self.stack[-1].value} is not closed")

    def result(self) -> Scanned:
        """What was read."""
        return Scanned(
            text="".join(self.out).encode("latin-1"), openers=frozenset(self.openers), heredocs=self.heredocs
        )

    def _emit(self, text: str, *, consumed: int | None = None) -> None:
        if text:
            self.out.append(text)
            self.length += len(text)
        self.at += len(text) if consumed is None else consumed

    def _note(self, kind: Opens) -> None:
        self.openers.add((self.length, kind.value))

    def _push(self, frame: _Frame, opening: str) -> None:
        if len(self.stack) >= MAX_NESTING:
            raise too_much(f"it is nested deeper than {MAX_NESTING}")
        self.stack.append(frame)
        self._emit(opening)

    def _pop(self, closing: str) -> None:
        if any(waiting.depth >= len(self.stack) for waiting in self.pending):
            raise unparsable("a here-document's body lies outside the substitution that opens it")
        self.stack.pop()
        self._emit(closing)

    def _backslash(self) -> None:
        pair = self.text[self.at : self.at + 2]
        if len(pair) < 2:
            raise unparsable("it ends in a backslash")
        if _Frame.BACKTICK in self.stack:
            raise unparsable("a backslash within backticks; write $( ) instead")
        if pair == "\\\n":
            self._emit("", consumed=2)
        else:
            self._emit(pair)

    def _code(self, frame: _Frame) -> None:
        if (run := _PLAIN_CODE.match(self.text, self.at)) is not None:
            self._plain_run(run[0])
            return
        char = self.text[self.at]
        match char:
            case "\\":
                self._backslash()
            case "'":
                self._single()
            case '"':
                self._note(Opens.DOUBLE)
                self._push(_Frame.DOUBLE, char)
            case "$" | "`":
                self._dollar(frame)
            case "<" | ">":
                self._angle()
            case "(" | ")":
                self._paren(char, frame)
            case "#":
                self._hash(frame)
            case _:
                self._newline()

    def _plain_run(self, run: str) -> None:
        if not run.isascii():
            found = DISGUISE.search(run.encode("latin-1").decode(errors="replace"))
            if found is not None:
                raise unparsable(f"it holds U+{ord(found[0]):04X} outside quotes, which disguises a word")
        self._emit(run)

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise unparsable("a single quote is not closed")
        self._note(Opens.SINGLE)
        self._emit(self.text[self.at : end + 1])

    def _dollar(self, frame: _Frame) -> None:
        text, at = self.text, self.at
        if text[at] == "`":
            self._backtick(frame)
        elif text.startswith("$((", at):
            self._open(Opens.ARITHMETIC, _Frame.ARITHMETIC, "$((")
        elif text.startswith("$(", at):
            self._open(Opens.COMMAND, _Frame.COMMAND, "$(")
        elif text.startswith("${", at):
            quoted = frame in (_Frame.DOUBLE, _Frame.QUOTED_PARAMETER)
            self._open(Opens.PARAMETER, _Frame.QUOTED_PARAMETER if quoted else _Frame.PARAMETER, "${")
        elif text.startswith("$[", at):
            self._open(Opens.ARITHMETIC, _Frame.OLD_ARITHMETIC, "$[")
        elif text.startswith("$'", at) and frame is not _Frame.DOUBLE:
            self._ansi()
        else:
            self._emit("$")

    def _open(self, kind: Opens, frame: _Frame, opening: str) -> None:
        self._note(kind)
        self._push(frame, opening)

    def _ansi(self) -> None:
        if (found := _ANSI.match(self.text, self.at)) is None:
            raise unparsable("a $' quotation is not closed")
        self._note(Opens.ANSI)
        self._emit(found[0])

    def _backtick(self, frame: _Frame) -> None:
        if frame is _Frame.BACKTICK:
            self._pop("`")
        elif _Frame.BACKTICK in self.stack:
            raise unparsable("quotes or substitutions across backticks; write $( ) instead")
        else:
            self._open(Opens.COMMAND, _Frame.BACKTICK, "`")

    def _angle(self) -> None:
        two = self.text[self.at : self.at + 2]
        if two in ("<(", ">("):
            self._note(Opens.PROCESS)
            self._push(_Frame.PROCESS, two)
        elif self.text.startswith("<<<", self.at):
            self._emit("<<<")
        elif two == "<<":
            self._heredoc()
        else:
            self._emit(self.text[self.at])

    def _paren(self, char: str, frame: _Frame) -> None:
        if char == "(":
            self._push(_Frame.PAREN, char)
        elif frame in (_Frame.PAREN, _Frame.COMMAND, _Frame.PROCESS):
            self._pop(char)
        elif frame is _Frame.BACKTICK:
            raise unparsable("a closing parenthesis too many")
        else:
            self._emit(char)  # the end of a case's pattern; elsewhere the grammar refuses it

    def _hash(self, frame: _Frame) -> None:
        before = self.out[-1][-1] if self.out else "\n"
        if before not in _WORD_ENDS and before != "`":
            self._emit("#")
            return
        if frame is _Frame.BACKTICK:
            raise unparsable("a comment within backticks")
        end = self.text.find("\n", self.at)
        comment = self.text[self.at : end if end >= 0 else len(self.text)]
        # Comments leave no trace for the grammar to stumble on.
        self._emit(" ", consumed=len(comment))

    def _newline(self) -> None:
        self._emit("\n")
        waiting, self.pending = self.pending, []
        for heredoc in waiting:
            self._body(heredoc)

    def _heredoc(self) -> None:
        found = _HEREDOC.match(self.text, self.at)
        if found is None or _Frame.BACKTICK in self.stack:
            raise unparsable("a here-document whose delimiter is no plain word")
        self.marker = self.marker or _unused_name(self.text)
        name = f"{self.marker}{len(self.heredocs) + len(self.pending)}x"
        plain = found[4]
        quoted = plain is None or found[0].endswith("\\" + plain)
        delimiter = next(group for group in found.groups()[1:] if group is not None)
        self.pending.append(_Pending(name, delimiter, quoted, found[1] == "-", len(self.stack)))
        self._emit(f"< {name}", consumed=len(found[0]))

    def _body(self, heredoc: _Pending) -> None:
        lines: list[str] = []
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line = self.text[self.at : end]
            self.at = min(end + 1, len(self.text))
            if heredoc.strip_tabs:
                line = line.lstrip("\t")
            if line == heredoc.delimiter:
                code = None if heredoc.quoted else _expanded(lines)
                self.heredocs[heredoc.name] = Heredoc(quoted=heredoc.quoted, code=code)
                return
            lines.append(line)
        raise unparsable("a here-document is not closed")

    def _double(self) -> None:
        if (run := _PLAIN_QUOTED.match(self.text, self.at)) is not None:
            self._emit(run[0])
            return
        match self.text[self.at]:
            case "\\":
                self._backslash()
            case '"':
                self._pop('"')
            case "$" | "`":
                self._dollar(_Frame.DOUBLE)
            case "\n" if self.pending:
                raise unparsable("a quotation runs over the line where a here-document begins")
            case char:
                self._emit(char)

    def _parameter(self, frame: _Frame) -> None:
        char = self.text[self.at]
        match char:
            case "\\":
                self._backslash()
            case "}":
                self._pop(char)
            case '"':
                self._note(Opens.DOUBLE)
                self._push(_Frame.DOUBLE, char)
            case "'" if frame is _Frame.PARAMETER:
                self._single()
            case "'":
                raise unparsable("a single quote within a quoted ${ }")
            case "$" | "`":
                self._dollar(frame)
            case "<" | ">" if self.text[self.at + 1 : self.at + 2] == "(":
                raise unparsable("a process substitution within ${ }")
            case _:
                self._emit(char)

    def _arithmetic(self, frame: _Frame) -> None:
        char = self.text[self.at]
        if frame is _Frame.ARITHMETIC and self.text.startswith("))", self.at):
            self._pop("))")
        elif frame is _Frame.OLD_ARITHMETIC and char == "]":
            self._pop("]")
        elif char == "(":
            self._arithmetic_group()
        elif char in "$`":
            self._dollar(frame)
        elif char in "\\'\"":
            raise unparsable("a quote within arithmetic")
        else:
            self._emit(char)

    def _arithmetic_group(self) -> None:
        group = _GROUP.match(self.text, self.at)
        if group is None:
            raise unparsable("arithmetic with nested groups")
        self._emit(group[0])


def _unused_name(text: str) -> str:
    number = 0
    while (name := f"heredoc{number}x") in text:
        number += 1
    return name


def _expanded(lines: list[str]) -> str | None:
    """A script that expands what the body of an unquoted here-document expands; None where nothing in it can run."""
    body = "\n".join(lines)
    if "`" not in body and "$" not in body:
        return None
    if any((len(line) - len(line.rstrip("\\"))) % 2 for line in lines):
        raise unparsable("a line of a here-document ends in a backslash")
    spans: list[str] = []
    for found in _SIMPLE_EXPANSION.finditer(body):
        if found["odd"]:
            raise unparsable("a nested or quoted substitution within a here-document")
        if found["span"]:
            spans.append(f'"{found["span"]}"')
    return f": {' '.join(spans)}".encode("latin-1").decode() if spans else None
