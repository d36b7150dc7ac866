"""Change a policy file's text where it has to change: every other line stays as its author wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from orchestrator.errors import UsageProblem
from policies.document import Document, DocumentError, read_document

_LINE_END = re.compile(r"\r\n|\n|\r")
_SCALAR = re.compile(r"[^\s#]+")
_KEYS_BEFORE = {"inherit": ("extends", "version"), "default": ("inherit", "extends", "version")}


def with_rule(text: str, lines: Iterable[str], *, file: str) -> str:
    """A policy file with one more rule on commands, the last of them; raises DocumentError, UsageProblem."""
    source = _Source.read(text, file)
    new = source.indented(lines)
    if source.commands:
        changed = source.replaced(source.end, source.end, new)
    else:
        changed = source.replaced(len(source.lines), len(source.lines), ["commands:", *new])
    added = _read_rules(lines)
    return source.checked(changed, {**source.data, "commands": [*source.rules, *added]})


def with_allows(text: str, lines: Sequence[str], *, file: str, keys: Sequence[tuple[str, str]]) -> str:
    """A policy file in which these rules stand for all that allowed commands; raises DocumentError, UsageProblem."""
    source = _Source.read(text, file)
    new = source.indented(lines)
    kept = [rule for rule in source.rules if "allow" not in rule]
    rules = [*_read_rules(lines), *kept]
    expected = {**source.data, **({"commands": rules} if rules or source.rules else {})}
    if source.commands:
        allows = [at for at, rule in enumerate(source.rules) if "allow" in rule]
        gone = {number for at in allows for number in range(*source.extent(at))}
        key = source.lines[source.begin - 1] if rules else "commands: []"
        changed = source.replaced(source.begin - 1, source.begin, [key, *new], without=gone)
    else:
        added = ["commands:", *new] if rules else new
        changed = source.replaced(len(source.lines), len(source.lines), added)
    for key, value in keys:
        changed = _with_key(changed, key, value, file)
        expected[key] = value
    return source.checked(changed, expected)


def allows_of(text: str, *, file: str) -> list[str]:
    """The lines of a policy file's rules that allow commands; raises DocumentError, UsageProblem."""
    source = _Source.read(text, file)
    allows = [at for at, rule in enumerate(source.rules) if "allow" in rule]
    return [source.lines[number] for at in allows for number in range(*source.extent(at))]


def _with_key(text: str, key: str, value: str, file: str) -> str:
    source = _Source.read(text, file)
    if key in source.data:
        line, column = source.document.value_place((key,))
        old = source.lines[line - 1]
        found = _SCALAR.match(old, column - 1)
        end = found.end() if found is not None else column - 1
        return source.replaced(line - 1, line, [f"{old[: column - 1]}{value}{old[end:]}"])
    before = next(name for name in _KEYS_BEFORE[key] if name in source.data)
    line = source.document.key_place((before,)).line
    return source.replaced(line, line, [f"{key}: {value}"])


def _read_rules(lines: Iterable[str]) -> list[Any]:
    return read_document("\n".join(lines), file="rule").data or []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A policy file's lines, and where in them its rules on commands stand."""

    file: str
    text: str
    document: Document
    lines: list[str]
    newline: str

    @classmethod
    def read(cls, text: str, file: str) -> _Source:
        document = read_document(text, file=file)
        newline = "\r\n" if "\r\n" in text else "\n"
        source = cls(file=file, text=text, document=document, lines=_lines(text), newline=newline)
        if not isinstance(document.data, dict) or not all(map(source._is_block, range(len(source.rules)))):
            raise source.refusal()
        return source

    @property
    def data(self) -> dict[str, Any]:
        """The file's keys."""
        data: dict[str, Any] = self.document.data
        return data

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules on commands."""
        rules: list[dict[str, Any]] = self.data.get("commands") or []
        return rules

    @property
    def commands(self) -> bool:
        """Whether there is a list of commands that a rule can be put into."""
        if "commands" in self.data and not self.rules:
            raise self.refusal()
        return bool(self.rules)

    @property
    def begin(self) -> int:
        """The line after `commands:`."""
        return self.document.key_place(("commands",)).line

    @property
    def end(self) -> int:
        """The line after the last rule."""
        return self.extent(len(self.rules) - 1)[1]

    def extent(self, at: int) -> tuple[int, int]:
        """The lines of a rule, from the comment before it to the line after its last."""
        start = self._line(at)
        after = self._line(at + 1) if at + 1 < len(self.rules) else self._after_commands()
        dash = self._dash(at)
        lead = start
        while lead > self.begin and self.lines[lead - 1].lstrip().startswith("#"):
            lead -= 1
        if at and lead < (before := self._content_end(self._line(at - 1), start, dash)):
            lead = before
        return lead, self._content_end(start, after, dash)

    def indented(self, lines: Iterable[str]) -> list[str]:
        """Lines of a list, as far in as the file's own rules are."""
        indent = " " * (self._dash(0) if self.rules else 2)
        return [f"{indent}{line}" if line else line for line in lines]

    def replaced(self, start: int, end: int, lines: Sequence[str], *, without: Collection[int] = ()) -> str:
        """The text with other lines in the place of some, and `without` some behind them."""
        ends = [found[0] for found in _LINE_END.finditer(self.text)]
        own = [f"{line}{end}" for line, end in zip_longest(self.lines, ends, fillvalue=self.newline)]
        behind = [line for number, line in enumerate(own[end:], start=end) if number not in without]
        return "".join([*own[:start], *(f"{line}{self.newline}" for line in lines), *behind])

    def checked(self, text: str, expected: dict[str, Any]) -> str:
        """The text, if it reads as expected and in nothing else otherwise; raises UsageProblem."""
        try:
            read = read_document(text, file=self.file).data
        except DocumentError:
            raise self.refusal() from None
        if read != expected:
            raise self.refusal()
        return text

    def refusal(self) -> UsageProblem:
        """That the file is written in a way that can't be added to."""
        return UsageProblem(
            f"{self.file}: its `commands` are written in a way that no line can be put between",
            hint="write each rule on lines of its own, behind `- `",
        )

    def _line(self, at: int) -> int:
        return self.document.value_place(("commands", at)).line - 1

    def _dash(self, at: int) -> int:
        return self.lines[self._line(at)].index("-")

    def _is_block(self, at: int) -> bool:
        line, column = self.document.value_place(("commands", at))
        return self.lines[line - 1][: column - 1].strip() == "-"

    def _after_commands(self) -> int:
        begin = self.begin
        later = [place.line - 1 for path, place in self.document.keys.items() if len(path) == 1 and place.line > begin]
        return min(later, default=len(self.lines))

    def _content_end(self, start: int, limit: int, dash: int) -> int:
        end = limit
        while end > start + 1 and _is_between(self.lines[end - 1], dash):
            end -= 1
        return end


def _lines(text: str) -> list[str]:
    lines = _LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]


def _is_between(line: str, dash: int) -> bool:
    """Whether a line belongs to what follows: it is empty, or a comment that is no further in than the rules are."""
    text = line.lstrip()
    return not text or (text.startswith("#") and len(line) - len(text) <= dash)
