"""Shell scripts made by their grammar, of which it is known what commands they hold.

Every command has a name that no program has and no other command of its script, so that what a reader found can be
compared with what was written, and bash itself would have nothing to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

VALUES = (
    "a", "b c", "-x", "*y?", "$d", '"q"', "it's", "#h", "a#b", "{x}", "~", "a=b", "\\", "two\nlines", "!", "é", "(",
    ")", ";", "<<E", "`", "${z}", "$(no)", "]", "&", "|", "\t", "E", "\\\\", "'$'", "}", "case", "esac", "x\\", "",
)  # fmt: skip
DYNAMIC = (
    "$x", '"$x"', "${x}", '"${x:-a b}"', "${x%.py}", '"a${x//b/c}d"', "$((x+1))", "$(( (1+2)*3 ))", '"$x  ${y} $z"',
    '" ${x} ${y:=a}\n$z "', "${#x}", '"${x[@]}"', "pre$x'post'", "$[1+2]",
)  # fmt: skip
COMMENTS = ("", "", "", "# it's", '# "', "# $(no)", "# `", "# <<E", "# )", "# esac", "# \\ x")
PATTERNS = ("a", "*.py", "[ab]*", '"x y"', "a|b", "'('", "?", "(a", "(a|'b'")


@dataclass
class Writer:
    """Writes one script; `pick` chooses a number below the one that it is given.

    `planted` is the number of a command, and the name that it gets instead of its own.
    """

    pick: Callable[[int], int]
    heredocs: bool = True
    planted: tuple[int, str] = (-1, "")
    commands: dict[str, list[str | None]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    count: int = 0

    def script(self, depth: int) -> str:
        """Some statements, the bodies of their here-documents behind them."""
        text = ""
        for _ in range(1 + self.pick(3)):
            text += self.statement(depth) + self.end()
        return text

    def end(self) -> str:
        """What ends a statement."""
        if self.bodies:
            bodies, self.bodies = self.bodies, []
            return "\n" + "".join(bodies)
        comment = self.one(*COMMENTS)
        return self.one("; ", ";", "\n", " \n\n\t", f" {comment}\n" if comment else ";  ")

    def one(self, *choices: str) -> str:
        """One of some texts."""
        return choices[self.pick(len(choices))]

    def statement(self, depth: int) -> str:
        """A list, a pipeline, a compound or a simple command."""
        if depth <= 0:
            return self.simple(0)
        match self.pick(8):
            case 0:
                return self.joined(depth, " && ", " || ", "&&", " ||\n", " && \\\n")
            case 1:
                return self.joined(depth, " | ", "|", " |& ", " |\n")
            case 2 | 3 | 4:
                return self.simple(depth)
            case _:
                return self.compound(depth) + self.one("", "", " > /tmp/x", " 2>&1", " < f")

    def joined(self, depth: int, *operators: str) -> str:
        """Two commands with an operator between them."""
        left = self.one("", "", "! ") + self.simple(depth - 1)
        return left if self.bodies else left + self.one(*operators) + self.simple(depth - 1)

    def compound(self, depth: int) -> str:
        """A compound command."""
        writers = (self.group, self.condition, self.loop, self.case, self.function, self.test, self.declared)
        return writers[self.pick(len(writers))](depth - 1)

    def group(self, depth: int) -> str:
        """A subshell or a group."""
        return f"( {self.script(depth)})" if self.pick(2) else f"{{ {self.script(depth)}}}"

    def condition(self, depth: int) -> str:
        """An `if`."""
        more = self.one("", "elif", "else")
        middle = f"elif {self.script(0)}then {self.script(depth)}" if more == "elif" else ""
        last = f"else {self.script(depth)}" if more == "else" else ""
        return f"if {self.script(depth)}then {self.script(depth)}{middle}{last}fi"

    def loop(self, depth: int) -> str:
        """A loop of one kind."""
        match self.pick(4):
            case 0:
                return f"{self.one('while', 'until')} {self.script(depth)}do {self.script(depth)}done"
            case 1:
                return f"for v in {self.words(depth)}; do {self.script(depth)}done"
            case 2:
                return f"select v in {self.words(depth)}; do {self.script(depth)}done"
            case _:
                return f"for ((i=0; i<2; i++)); do {self.script(depth)}done"

    def case(self, depth: int) -> str:
        """A `case`."""
        subject = self.word(depth)
        branches = ""
        for _ in range(self.pick(3)):
            branches += f"{self.one(*PATTERNS)}) {self.script(depth)}{self.one(';;', ';;', ';&', ';;&')}\n"
        return f"case {subject} in\n{branches}esac"

    def function(self, depth: int) -> str:
        """A function."""
        self.count += 1
        return self.one(f"f{self.count}() {{ ", f"function f{self.count} {{ ") + f"{self.script(depth)}}}"

    def declared(self, depth: int) -> str:
        """A declaration, or arithmetic."""
        if self.pick(3) == 0:
            return f"(({self.one('x', 'x+1', 'x > 2', 'x++')}))"
        return f"{self.one('export', 'declare', 'local')} {self.assignment(depth)}"

    def test(self, depth: int) -> str:
        """A test."""
        form = self.one(
            "[ {} = {} ]", "[ -n {} ] && [[ {} == x ]]", "[[ -f {} && ! -n {} ]]", "[ \\( -n {} -o -n {} \\) ]"
        )
        return form.format(self.word(depth), self.word(depth))

    def assignment(self, depth: int) -> str:
        """A variable that is set."""
        name = self.one("A=", "B1+=", "c_=")
        match self.pick(4):
            case 0:
                return name + self.one("", "1")
            case 1:
                return name + self.one("()", "(a b)", "('c d' $x)", '("$y")')
            case _:
                return name + self.word(depth)

    def simple(self, depth: int) -> str:
        """A simple command."""
        place, command = self.planted
        name = command if len(self.commands) == place else f"c{len(self.commands)}x"
        expected: list[str | None] = []
        self.commands[name] = expected
        before = f"A={self.word(depth)} " if self.pick(6) == 0 else ""
        written = self.quoted(name)
        for _ in range(self.pick(4)):
            written += self.one(" ", "  ", "\t", " \\\n  ")
            written += self.word(depth, expected=expected)
        return before + written + self.redirection(depth)

    def redirection(self, depth: int) -> str:
        """What is behind a simple command."""
        match self.pick(12):
            case 0:
                return self.one(" > /tmp/x", ">/tmp/x 2>&1", " 2>/dev/null", " < f", " &> g", " >> h", " >| i", " <> j")
            case 1:
                return f" <<< {self.word(depth)}"
            case 2 if self.heredocs:
                return self.heredoc(depth)
            case _:
                return ""

    def heredoc(self, depth: int) -> str:
        """A here-document, whose body waits for the end of the line."""
        delimiter = f"E{len(self.commands)}"
        opening = self.one("<<", "<< ", "<<-") + self.one(
            delimiter, f"'{delimiter}'", f'"{delimiter}"', f"\\{delimiter}"
        )
        lines = [
            self.one("it's", '"', "a b", " " + delimiter, "#", ")", "esac", "", "x \\$y", "\\\\") for _ in range(2)
        ]
        if depth > 0 and opening.lstrip("<- ") == delimiter:
            waiting, self.bodies = self.bodies, []
            lines.append(f"x $( {self.script(depth - 1)}) '\"")
            self.bodies = waiting
        self.bodies.append("".join(f"{line}\n" for line in lines) + delimiter + "\n")
        return f" {opening}"

    def words(self, depth: int, *, most: int = 3) -> str:
        """Some words."""
        return " ".join(self.word(depth) for _ in range(1 + self.pick(most)))

    def word(self, depth: int, *, expected: list[str | None] | None = None) -> str:
        """A word, or what expands to some."""
        sink: list[str | None] = expected if expected is not None else []
        if depth > 0 and self.pick(4) == 0:
            sink.append(None)
            return self.substitution(depth - 1)
        if self.pick(5) == 0:
            sink.append(None)
            return self.one(
                "$x", '"$x"', "${x}", '"${x:-a b}"', "${x%.py}", '"a${x//b/c}d"', "$((x+1))", "$(( (1+2)*3 ))"
            )
        value = VALUES[self.pick(len(VALUES))]
        sink.append(value)
        return self.quoted(value)

    def substitution(self, depth: int) -> str:
        """A word with commands in it."""
        waiting, self.bodies = self.bodies, []
        style = self.pick(9)
        inside = self.script(depth)
        other = self.script(0) if style == 8 else ""
        self.bodies = waiting
        match style:
            case 0 | 1:
                return f"$( {inside})"
            case 2 | 3:
                return f'"a $( {inside}) b"'
            case 4:
                return f"<( {inside})"
            case 5:
                return f"${{x:-$( {inside})}}"
            case 6:
                return f'"${{x:+$( {inside})}}"'
            case 8:
                return f'"$( {inside}) ${{y}}  $( {other})"'
            case _:
                backslashed = inside.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$")
                return f"`{backslashed}`"

    def quoted(self, value: str) -> str:
        """A word that means a value."""
        pieces = [value[:1], value[1:]] if self.pick(3) == 0 else [value]
        return "".join(self._piece(piece) for piece in pieces)

    def _piece(self, value: str) -> str:
        plain = value.isalnum() and value.isascii()
        match self.pick(6):
            case 0 if "'" not in value:
                return f"'{value}'"
            case 1:
                return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in value) + '"'
            case 2 if "\n" not in value and value:
                return "".join(f"\\{char}" if char.isascii() else char for char in value)
            case 3 if value.isascii():
                return "$'" + "".join(f"\\x{ord(char):02x}" for char in value) + "'"
            case 4 if plain:
                return f"{value[:1]}\\\n{value[1:]}"
            case _ if plain:
                return value
            case _:
                return "'" + value.replace("'", "'\\''") + "'"


def agree(found: Sequence[Sequence[str]], commands: dict[str, list[str | None]]) -> bool:
    """Whether a reader found exactly the commands that were written."""
    own = {words[0]: list(words[1:]) for words in found if words and words[0] in commands}
    return own.keys() == commands.keys() and all(
        len(own[name]) == len(expected) and all(e is None or e == w for e, w in zip(expected, own[name], strict=True))
        for name, expected in commands.items()
    )
