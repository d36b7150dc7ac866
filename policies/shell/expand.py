"""Build words from the tree's nodes, and look into every expansion on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policies.shell import words
from policies.shell.items import Assignment, Context, Fixed, Item, Mention
from policies.shell.refusal import too_much, unparsable
from policies.shell.words import UNKNOWN, BraceBomb, Known, Word
from policies.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_WORDS = 8000

_NUMERIC_PARAMETERS = frozenset("?#$!")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNING = re.compile(r"(?<![=!<>])=(?!=)|\+\+|--")
_INTEGER = re.compile(r"-?\d+")
_POSITIONAL = re.compile(r"\$\{?[0-9@*]")
_VALUES = frozenset({"command_substitution", "expansion"})
_LISTS_NAMES = re.compile(r"\$\{![A-Za-z_]\w*(?:\[[@*]\]|[@*])\}")


@dataclass(slots=True, kw_only=True)
class Expander:
    """Turns nodes into words; what runs inside of them goes to `run`, and what they set or hide becomes items."""

    source: bytes
    home: str
    emit: Callable[[Item], None]
    run: Callable[[Node, Context], None]
    loops: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    tainted: set[str] = field(default_factory=set)
    computed: set[str] = field(default_factory=set)
    built: int = 0

    def text(self, node: Node) -> str:
        """The source of a node."""
        return self.source[node.start_byte : node.end_byte].decode(errors="replace")

    def words(self, node: Node, context: Context) -> list[Word]:
        """The words that a node stands for; more than one where braces expand."""
        marked, known = self._marked(node, context)
        try:
            finished = words.finish(marked, known, home=self.home)
            self._spend(len(finished))
            return finished
        except BraceBomb:
            why = f"its braces expand to more than {words.MAX_BRACES} words"
            self.emit(Fixed(text=self.text(node), verdict=Verdict.ASK, rule="braces", why=why))
            return [Word(UNKNOWN, Known.NOT)]

    def _spend(self, count: int) -> None:
        """Bound the work by what is counted, not by a clock: the same script gets the same verdict on any machine."""
        self.built += count
        if self.built > MAX_WORDS:
            raise too_much(f"it has more than {MAX_WORDS} words")

    def _marked(self, node: Node, context: Context) -> tuple[str, Known]:
        self._spend(1)
        match node.type:
            case "word" | "number" | "variable_name" | "special_variable_name" | "test_operator":
                return self._leaf(node), Known.FULLY
            case "raw_string":
                return words.quoted(self.text(node)[1:-1]), Known.FULLY
            case "ansi_c_string":
                return words.ansi_quoted(self.text(node)[2:-1]), Known.FULLY
            case "string":
                return self._string(node, context)
            case "concatenation" | "command_name" | "brace_expression" | "translated_string":
                return self._joined(node, context)
            case "simple_expansion":
                return self._parameter(self.text(node)[1:])
            case "process_substitution":
                self.run(node, context)
                return "/dev/fd/63", Known.FULLY
            case _:
                self.inspect(node, context)
                return self._value(node)

    def _leaf(self, node: Node) -> str:
        if node.child_count:
            raise unparsable("a number that holds an expansion")
        return words.bare(self.text(node))

    def _value(self, node: Node) -> tuple[str, Known]:
        text = self.text(node)
        if node.type == "arithmetic_expansion" or text.startswith("${#"):
            return "0", Known.NUMBER
        if node.type == "expansion" and _NAME.fullmatch(text[2:-1]):
            return self._parameter(text[2:-1])
        if node.type not in ("expansion", "command_substitution"):
            return words.bare(text), Known.FULLY
        return UNKNOWN, Known.NOT

    def _parameter(self, name: str) -> tuple[str, Known]:
        if name in _NUMERIC_PARAMETERS:
            return "0", Known.NUMBER
        if name in self.loops and name not in self.assigned:
            return UNKNOWN, Known.LOOP
        if name == "HOME" and name not in self.assigned:
            return words.quoted(self.home), Known.FULLY
        if name == "PWD" and name not in self.assigned:
            return ".", Known.FULLY
        return UNKNOWN, Known.NOT

    def _joined(self, node: Node, context: Context) -> tuple[str, Known]:
        parts: list[str] = []
        known = Known.FULLY
        for child in node.children:
            if child.is_named:
                text, how = self._marked(child, context)
                parts.append(text)
                known = max(known, how)
            elif child.type not in ("$", '"', "``"):
                parts.append(words.bare(self.text(child)))
        return "".join(parts), known

    def _string(self, node: Node, context: Context) -> tuple[str, Known]:
        parts: list[str] = []
        known = Known.FULLY
        at = node.start_byte + 1
        for child in node.children[1:-1]:
            parts.append(self._between(at, child.start_byte))
            at = child.end_byte
            if not child.is_named or child.type == "string_content":
                parts.append(self._content(child))
            else:
                text, how = self._marked(child, context)
                parts.append(text)
                known = max(known, how)
        parts.append(self._between(at, node.end_byte - 1))
        return "".join(parts), known

    def _content(self, node: Node) -> str:
        return "$" if node.type == "$" else words.double_quoted(self.text(node))

    def _between(self, start: int, end: int) -> str:
        return words.double_quoted(self.source[start:end].decode(errors="replace"))

    def inspect(self, node: Node, context: Context) -> None:
        """Look at all that a node expands, without needing the word it gives."""
        match node.type:
            case "command_substitution" | "process_substitution":
                self.run(node, context)
            case "expansion":
                self._expansion(node, context)
            case "subscript":
                self._subscript(node, context)
            case "arithmetic_expansion":
                self.arithmetic(node, context)
            case "word" | "concatenation" | "string" | "raw_string" | "ansi_c_string":
                mentioned = tuple(self.words(node, context))
                self.emit(Mention(text=self.text(node), words=mentioned, context=context))
            case _:
                for child in node.named_children:
                    self.inspect(child, context)

    def _expansion(self, node: Node, context: Context) -> None:
        text = self.text(node)
        operators = [child.type for child in node.children if not child.is_named]
        if "!" in operators[1:2] and not _LISTS_NAMES.fullmatch(text):
            why = "which variable it reads can't be known before it runs"
            self.emit(Fixed(text=text, verdict=Verdict.ASK, rule="indirect-expansion", why=why))
        if "@" in operators and "P" in operators:
            why = "it expands a variable's value as a prompt, which runs commands"
            self.emit(Fixed(text=text, verdict=Verdict.DENY, rule="prompt-expansion", why=why))
        if ":=" in operators or "=" in operators:
            self._assigned_default(node, context)
        if ":" in operators:
            self._names_computed(text.partition(":")[2])
        for child in node.named_children:
            self.inspect(child, context)

    def _assigned_default(self, node: Node, context: Context) -> None:
        name = next((self.text(child) for child in node.named_children if child.type == "variable_name"), "")
        self.tainted.add(name)
        self.emit(Assignment(text=self.text(node), name=name, values=(), context=context))

    def arithmetic(self, node: Node, context: Context) -> None:
        """Look into an arithmetic expression; bash evaluates the values of the names in it as expressions too."""
        text = self.text(node)
        self._names_computed(text)
        if _ASSIGNING.search(text):
            for name in set(_NAME.findall(text)):
                self.emit(Assignment(text=text, name=name, values=(), context=context))
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _subscript(self, node: Node, context: Context) -> None:
        self._names_computed(self.text(node).partition("[")[2])
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _inside_arithmetic(self, node: Node, context: Context) -> None:
        if node.type in ("command_substitution", "process_substitution", "expansion"):
            self.inspect(node, context)
        if node.type == "simple_expansion" or node.type in _VALUES:
            self._evaluated(self.text(node))
        if node.type == "expansion":
            return
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _names_computed(self, text: str) -> None:
        self.computed.update(_NAME.findall(text))

    def _evaluated(self, text: str) -> None:
        if "$(" in text or "`" in text or _POSITIONAL.search(text):
            why = "arithmetic evaluates a text that can't be known, which may run commands"
            self.emit(Fixed(text=text, verdict=Verdict.ASK, rule="arithmetic", why=why))

    def compared(self, text: str) -> None:
        """Look at a numeric comparison of `[[ ]]`, which is arithmetic as well."""
        self._names_computed(text)
        self._evaluated(text)

    def assign(self, name: str, values: list[Word], *, arithmetic: bool = False) -> None:
        """Note that a variable is set; a value that is no plain number taints arithmetic with its name."""
        self.assigned.add(name)
        if not arithmetic and not all(word.static and _INTEGER.fullmatch(word.text) for word in values):
            self.tainted.add(name)
