"""A first reading of a script, character by character, by bash's rules of quoting and nothing else.

It is the second opinion on what the grammar sees: it notes where each quotation and substitution opens and closes,
which the tree must match exactly. It also takes out what the grammar reads wrongly: a backslash before a line's end,
comments, backticks, which become `$( )`, and the bodies of here-documents, which become files with a name that the
script does not hold.

Text is handled as bytes decoded as latin-1, so that an index is the byte offset that the parser gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.shell import heredocs
from policies.shell.budget import MAX_WORDS
from policies.shell.guard import DISGUISE
from policies.shell.reading import WORD_ENDS, Reading, unused_name
from policies.shell.refusal import too_much, unparsable
from policies.shell.scanned import Frame, Heredoc, Opens, Scanned

# Bounds for the grammar, whose work may grow with the square of these.
MAX_OPERATORS = 2000
MAX_BACKTICKS = 1000
MAX_HEREDOCS = 1000

_SIMPLE = re.compile(r"[A-Za-z0-9_./:=@%+,\- ]*")
_PLAIN_CODE = re.compile(r"[^\\'\"`$<>()#\n]+")
_PLAIN_QUOTED = re.compile(r"[^\\\"`$\n]+")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_BACKTICKED = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)
_BACKTICK_ESCAPE = re.compile(r"\\([$`\\])")
# Quotes that may or may not be some within a quoted `${ }`: with nothing in them, that makes no difference.
_HARMLESS_QUOTED = re.compile(r"\$?'([^'\"`$\\{}\n]*)'|\$'((?:[^'\"`$\\{}\n]|\\[a-z0-9])*)'")
_DESCRIPTOR = re.compile(r"(?:^|[ \t\n;&|(])\{([A-Za-z_]\w*)(\[[^\n]*\])?\}$")
_ZERO = re.compile(r"(?:^|[ \t\n;&|()])(0+)$")
_CODE_FRAMES = frozenset({Frame.CODE, Frame.PAREN, Frame.COMMAND, Frame.PROCESS})
_SUBSTITUTING = frozenset({Frame.COMMAND, Frame.PROCESS})
_QUOTING = frozenset({Frame.DOUBLE, Frame.BODY, Frame.QUOTED_PARAMETER})
_TEXT = frozenset({Frame.DOUBLE, Frame.BODY})


def scan(raw: bytes) -> Scanned:
    """Read a script's quoting.

    Raises:
        Unreadable: a quotation is not closed, nesting is too deep, or it uses a corner that is not judged.

    """
    text = raw.decode("latin-1")
    if len(raw) <= MAX_WORDS and _SIMPLE.fullmatch(text):
        return Scanned(text=raw)
    scanner = Scanner(text)
    scanner.run()
    return scanner.result()


@dataclass(slots=True)
class Scanner(Reading):
    """Reads one script, or one that stands in backticks or a here-document of another."""

    def run(self) -> None:
        """Read to the end."""
        while self.at < len(self.text):
            frame = self.stack[-1]
            if frame in _CODE_FRAMES:
                self.code(frame)
            elif frame in _TEXT:
                self._quoted(frame)
            elif frame in (Frame.PARAMETER, Frame.QUOTED_PARAMETER):
                self._parameter(frame)
            else:
                self._arithmetic(frame)
        if self.pending:
            raise unparsable("a here-document has no body")
        if any(frame is not Frame.PAREN for frame in self.stack[1:]):
            raise unparsable(f"{self.stack[-1].value} is not closed")

    def code(self, frame: Frame) -> None:
        """Read on where commands stand."""
        if (run := _PLAIN_CODE.match(self.text, self.at)) is not None:
            self.plain(run[0])
            return
        char = self.text[self.at]
        match char:
            case "\\":
                self.escaped()
            case "'":
                self._single()
            case '"':
                self.push(Frame.DOUBLE, char)
            case "$" | "`":
                self._dollar(frame)
            case "<" | ">":
                self.angle()
            case "(" | ")":
                self.paren(char, frame)
            case "#":
                self._hash()
            case _:
                self.newline()

    def plain(self, run: str) -> None:
        """Put out a stretch without quotes."""
        _refuse_disguise(run)
        self.words += len(run.split())
        self.operators += run.count("|") + run.count("&")
        if self.words > MAX_WORDS or self.operators > MAX_OPERATORS:
            raise too_much(f"it has more than {MAX_WORDS} words or {MAX_OPERATORS} operators")
        self.emit(run)

    def escaped(self) -> None:
        """Read a backslash outside of quotes."""
        self._backslash()

    def _backslash(self) -> None:
        pair = self.text[self.at : self.at + 2]
        if len(pair) < 2:
            raise unparsable("it ends in a backslash")
        if pair == "\\\n":
            self.emit("", consumed=2)
        else:
            self.emit(pair)
            self.glued = self.length

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise unparsable("a single quote is not closed")
        self.span(Opens.SINGLE, self.text[self.at : end + 1])

    def _dollar(self, frame: Frame) -> None:
        two = self.text[self.at : self.at + 2]
        if two[0] == "`":
            self._backticks()
        elif two == "$(" and self.text.startswith("$((", self.at):
            self.push(Frame.ARITHMETIC, "$((")
        elif two == "$(":
            self.push(Frame.COMMAND, two)
        elif two == "${":
            self.push(Frame.QUOTED_PARAMETER if frame in _QUOTING else Frame.PARAMETER, two)
        elif two == "$[":
            self.push(Frame.OLD_ARITHMETIC, two)
        elif two == "$'" and frame not in _TEXT:
            self._ansi()
        else:
            self.emit("$")

    def _ansi(self) -> None:
        if (found := _ANSI.match(self.text, self.at)) is None:
            raise unparsable("a $' quotation is not closed")
        self.span(Opens.ANSI, found[0])

    def _is_quoted(self) -> bool:
        """Whether quotes are around this place, within the substitution that it stands in."""
        for frame in reversed(self.stack):
            if frame in _CODE_FRAMES:
                return False
            if frame in _QUOTING:
                return True
        return False

    def _backticks(self) -> None:
        """Put out backticks as `$( )`: bash reads what is within, one level of backslashes less, as a script."""
        found = _BACKTICKED.match(self.text, self.at)
        if found is None:
            raise unparsable("a backtick is not closed")
        if "\\" in found[1] and self._is_quoted():
            raise unparsable("a backslash within backticks within quotes", instead="write $( )")
        if len(self.opaque) >= MAX_BACKTICKS:
            raise too_much(f"it has more than {MAX_BACKTICKS} substitutions by backticks")
        inside = self.within(_BACKTICK_ESCAPE.sub(r"\1", found[1]))
        inside.run()
        start = self.length
        self.emit("$( ", consumed=len(found[0]))
        self.take(inside)
        self.emit(")", consumed=0)
        self.opaque.append((start, self.length))
        self.note(Opens.COMMAND, start)

    def angle(self) -> None:
        """Read a redirection's operator, or a process substitution."""
        two = self.text[self.at : self.at + 2]
        if two in ("<(", ">("):
            self.push(Frame.PROCESS, two)
            return
        self.descriptor()
        if self.text.startswith("<<<", self.at):
            self.emit("<<<")
        elif two == "<<":
            self._heredoc()
        elif self.text.startswith("<>&", self.at):
            raise unparsable("<> with a descriptor")
        elif two == "<>":
            self.both.add(self.length)
            self.emit("<", consumed=2)
        else:
            self.emit(self.text[self.at])

    def descriptor(self) -> None:
        """Take out the `{name}` of `{name}>`: the shell sets that variable; and the `0` of `0<`, which says nothing."""
        if not self.out or self.out[-1][-1] not in "0}":
            return
        if self.text[self.at] == "<" and (zero := _ZERO.search(self.tail())) is not None:
            self.blank(len(zero[1]))
            return
        found = _DESCRIPTOR.search(self.tail())
        if found is None:
            return
        if found[2]:
            raise unparsable("an array's element for a file descriptor")
        self.blank(len(found[1]) + 2)
        self.descriptors[self.length] = found[1]

    def paren(self, char: str, frame: Frame) -> None:
        """Read a parenthesis."""
        if char == "(":
            self.push(Frame.PAREN, char)
        elif frame is not Frame.CODE:
            self.pop(char)
        else:
            self.emit(char)  # the end of a case's pattern; elsewhere the grammar refuses it

    def _hash(self) -> None:
        before = self.out[-1][-1] if self.out else "\n"
        if before == ")" and self.length != self.glued:
            raise unparsable("a # directly behind a parenthesis", instead="put a blank between")
        if before not in WORD_ENDS or self.length == self.glued:
            self.emit("#")
            return
        end = self.text.find("\n", self.at)
        comment = self.text[self.at : end if end >= 0 else len(self.text)]
        _refuse_disguise(comment)
        # Comments leave no trace for the grammar to stumble on.
        self.emit(" ", consumed=len(comment))

    def newline(self) -> None:
        """Read the end of a line, and the bodies of here-documents that begin behind it."""
        self.emit("\n")
        waiting, self.pending = self.pending, []
        for pending in waiting:
            lines, self.at = heredocs.body(self.text, self.at, pending)
            self.moved()
            body = "\n".join(lines)
            code = None if pending.quoted else self._expanded(body)
            written = body.encode("latin-1").decode(errors="replace")
            self.heredocs[pending.name] = Heredoc(quoted=pending.quoted, body=written, code=code)

    def _heredoc(self) -> None:
        self.marker = self.marker or unused_name(self.text)
        if len(self.names) >= MAX_HEREDOCS:
            raise too_much(f"it has more than {MAX_HEREDOCS} here-documents")
        name = f"{self.marker}{len(self.names)}x"
        self.names.append(name)
        substituted = any(frame in _SUBSTITUTING for frame in self.stack)
        pending = heredocs.opened(self.text, self.at, name=name, depth=len(self.stack), substituted=substituted)
        self.pending.append(pending)
        self.openings[self.length] = name
        self.emit(f"< {name}", consumed=len(pending.opening))

    def _expanded(self, body: str) -> Scanned | None:
        """The body of an unquoted here-document as a quoted word of `:`; None where nothing in it can run."""
        if "`" not in body and "$" not in body:
            return None
        inside = self.within(body)
        inside.stack = [Frame.BODY]
        inside.emit(': "', consumed=0)
        inside.run()
        inside.emit('"', consumed=0)
        inside.spans.add((2, inside.length, Opens.DOUBLE.value))
        return inside.result()

    def _quoted(self, frame: Frame) -> None:
        if (run := _PLAIN_QUOTED.match(self.text, self.at)) is not None:
            self.emit(run[0])
            return
        match self.text[self.at]:
            case "\\" if frame is Frame.BODY and self.text[self.at + 1 : self.at + 2] not in ("$", "`", "\\"):
                self.emit("\\\\", consumed=1)
            case "\\":
                self._backslash()
            case '"' if frame is Frame.BODY:
                self.emit('\\"', consumed=1)
            case '"':
                self.pop('"')
            case "$" | "`":
                self._dollar(frame)
            case "\n" if self.pending:
                raise unparsable("a quotation runs over the line where a here-document begins")
            case char:
                self.emit(char)

    def _parameter(self, frame: Frame) -> None:
        char = self.text[self.at]
        if frame is Frame.QUOTED_PARAMETER and (char in "'\"\\" or self.text.startswith("$'", self.at)):
            self._within_quoted_parameter(char)
            return
        match char:
            case "\\":
                self._backslash()
            case "}":
                self.pop(char)
            case '"':
                self.push(Frame.DOUBLE, char)
            case "'":
                self._single()
            case "$" | "`":
                self._dollar(frame)
            case "<" | ">" if self.text[self.at + 1 : self.at + 2] == "(":
                raise unparsable("a process substitution within ${ }")
            case _:
                self.emit(char)

    def _within_quoted_parameter(self, char: str) -> None:
        """Read a quote in a quoted `${ }`, where it may be text: only what both readings see alike."""
        body = Frame.BODY in self.stack and not _CODE_FRAMES & set(self.stack[self.stack.index(Frame.BODY) :])
        pair = self.text[self.at : self.at + 2]
        if char == "\\" and (pair in ("\\\\", "\\$", "\\`", "\\}", "\\/", "\\*", "\\.") or not body):
            self._backslash()
        elif char == '"' and not body:
            self.push(Frame.DOUBLE, char)
        elif (found := _HARMLESS_QUOTED.match(self.text, self.at)) is not None:
            inside = found[1] or ""
            self.emit(inside if _SIMPLE.fullmatch(inside) and " " not in inside else "_", consumed=len(found[0]))
        else:
            raise unparsable("a quote within a quoted ${ }", instead="set a variable to that text first")

    def _arithmetic(self, frame: Frame) -> None:
        char = self.text[self.at]
        if frame is Frame.ARITHMETIC and self.text.startswith("))", self.at):
            self.pop("))")
        elif frame is Frame.ARITHMETIC and char == ")":
            raise unparsable("$(( that may open a command", instead="put a blank between: $( (")
        elif (frame is Frame.OLD_ARITHMETIC and char == "]") or (frame is Frame.GROUP and char == ")"):
            self.pop(char)
        elif char == "(":
            self.push(Frame.GROUP, char)
        elif char in "$`":
            self._dollar(frame)
        elif char in "\\'\"":
            raise unparsable("a quote within arithmetic")
        else:
            self.emit(char)


def _refuse_disguise(run: str) -> None:
    """Refuse what no reader sees outside of quotes; in a comment it may move what is read before it."""
    if run.isascii():
        return
    found = DISGUISE.search(run.encode("latin-1").decode(errors="replace"))
    if found is not None:
        raise unparsable(f"it holds U+{ord(found[0]):04X} outside quotes, which disguises a word")
