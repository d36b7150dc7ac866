"""Split a command's words into options, their values and operands, the way the program itself would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from policies.engine.catalogue import Option, Program
from policies.shell.words import UNKNOWN, Word


@dataclass(slots=True, kw_only=True)
class Arguments:
    """The arguments of one command; `ended` is how many operands came before `--`, or None."""

    options: list[tuple[str, Option, Word | None]] = field(default_factory=list)
    operands: list[Word] = field(default_factory=list)
    unknown: list[Word] = field(default_factory=list)
    ended: int | None = None

    def given(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(name in names for name, _, _ in self.options)

    def values(self, *names: str) -> list[Word]:
        """The values given to these options."""
        return [value for name, _, value in self.options if name in names and value is not None]


def parse_arguments(program: Program, words: Sequence[Word]) -> Arguments:
    """Read the words after a program's name. An option that is not known goes to `unknown`, without a value."""
    parser = _Parser(program=program, words=words)
    parser.run()
    return parser.found


@dataclass(slots=True, kw_only=True)
class _Parser:
    program: Program
    words: Sequence[Word]
    at: int = 0
    found: Arguments = field(default_factory=Arguments)

    def run(self) -> None:
        if self.program.style == "bundle" and self.words and not self.words[0].text.startswith(("-", UNKNOWN)):
            self._bundle(self.words[0])
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if self.found.ended is not None or not self._is_option(word.text):
                self.found.operands.append(word)
                if self.program.stop or self.program.subcommands:
                    self.found.operands += self.words[self.at :]
                    return
            elif word.text == "--":
                self.found.ended = len(self.found.operands)
            else:
                self._option(word)

    def _is_option(self, text: str) -> bool:
        plain = self.program.plain
        return len(text) > 1 and text[0] == "-" and (plain is None or plain.fullmatch(text) is None)

    def _option(self, word: Word) -> None:
        if self.program.numeric and word.text[1:].isdigit():
            return
        exact = self.program.options.get(word.text)
        if exact is not None and (self.program.style == "words" or len(word.text) > 2):
            self._take(word.text, exact, None)
        elif word.text.startswith("--"):
            self._long(word)
        elif self.program.style == "words":
            self._word(word)
        else:
            self._cluster(word)

    def _word(self, word: Word) -> None:
        self.found.unknown.append(word)
        name, _, value = word.text.partition("=")
        if name in self.program.options:
            self.found.options.append((name, self.program.options[name], Word(value, word.known)))

    def _long(self, word: Word) -> None:
        name, equals, value = word.text.partition("=")
        attached = Word(value, word.known, word.glob) if equals else None
        names = [name] if name in self.program.options else self._abbreviated(name)
        options = [self.program.options[full] for full in names]
        if len(names) != 1 or (equals and not options[0].value):
            self.found.unknown.append(word)
        if len(names) == 1:
            self._take(names[0], options[0], attached)
            return
        following = attached or next(iter(self.words[self.at : self.at + 1]), None)
        self.found.options += [
            (full, option, following if option.value else None) for full, option in zip(names, options, strict=True)
        ]

    def _abbreviated(self, name: str) -> list[str]:
        # Most programs take any unambiguous beginning of an option for it; where several might be meant, each is.
        return [full for full in self.program.options if full.startswith(name)] if len(name) > 2 else []

    def _cluster(self, word: Word) -> None:
        for at in range(1, len(word.text)):
            name = f"-{word.text[at]}"
            option = self.program.options.get(name)
            if option is None:
                self.found.unknown.append(word)
                return
            rest = word.text[at + 1 :]
            if option.value:
                self._take(name, option, Word(rest, word.known, word.glob) if rest else None)
                return
            self.found.options.append((name, option, None))

    def _bundle(self, word: Word) -> None:
        """The old style of tar: letters without a dash, their values behind in the same order."""
        self.at = 1
        for letter in word.text:
            option = self.program.options.get(f"-{letter}")
            if option is None:
                self.found.unknown.append(word)
                return
            self._take(f"-{letter}", option, None)

    def _take(self, name: str, option: Option, attached: Word | None) -> None:
        value = attached
        for _ in range({"required": 1, "two": 2}.get(option.value, 0) if attached is None else 0):
            value = next(iter(self.words[self.at : self.at + 1]), None)
            self.at += 1
        self.found.options.append((name, option, value))


def roles_of(shape: Sequence[str], operands: Sequence[Word]) -> list[tuple[str, Word]]:
    """Give each operand its role: a shape such as `text read...` or `read... into`."""
    if not shape:
        return [("text", word) for word in operands]
    roles = list(shape)
    repeated = next((at for at, role in enumerate(roles) if role.endswith("...")), None)
    if repeated is not None:
        spare = len(operands) - (len(roles) - 1)
        roles[repeated : repeated + 1] = [roles[repeated][:-3]] * max(spare, 0)
    last = roles[-1] if roles else "text"
    roles += [last] * (len(operands) - len(roles))
    return list(zip(roles, operands, strict=False))
