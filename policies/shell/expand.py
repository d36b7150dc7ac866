"""Build words from the tree's nodes, and look into every expansion on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policies.shell import words
from policies.shell.budget import Budget
from policies.shell.items import Assignment, Context, Fixed, Item, Mention
from policies.shell.refusal import unparsable
from policies.shell.scanned import Scanned
from policies.shell.tree import begin
from policies.shell.variables import Variables
from policies.shell.words import HERE, UNKNOWN, BraceBomb, Known, Word
from policies.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

_NUMERIC_PARAMETERS = frozenset("?#$!")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNING = re.compile(r"(?<![=!<>])=(?!=)|\+\+|--")
_POSITIONAL = re.compile(r"\$\{?[0-9@*]")
_LITERAL = frozenset({"word", "number", "command_name"})
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")
_VALUES = frozenset({"command_substitution", "expansion"})
_BEFORE = (b" ", b"\t", b"\n", b"(")
_BEHIND = tuple(bytes([char]) for char in b" \t\n)+-*/%<>=")
# A name that goes on in an expansion.
_COMPOSED = re.compile(r"[A-Za-z_]\w*[\"']*\$")
_COUNTS = re.compile(r"wc[ \t]+-[lwcm]")
_COUNTS_FILE = re.compile(r"wc[ \t]+-[lwcm][ \t]*<[ \t]*(?:[\w./-]+|\"?\$\{?\w+\}?\"?)", re.ASCII)
_LISTS_NAMES = re.compile(r"\$\{![A-Za-z_]\w*(?:\[[@*]\]|[@*])\}")


@dataclass(slots=True, kw_only=True)
class Expander:
    """Turns nodes into words; what runs inside of them goes to `run`, and what they set or hide becomes items."""

    scanned: Scanned
    home: str
    emit: Callable[[Item], None]
    run: Callable[[Node, Context], None]
    variables: Variables
    budget: Budget
    source: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.source = self.scanned.text

    def text(self, node: Node) -> str:
        """The source of a node."""
        return self.source[node.start_byte : node.end_byte].decode(errors="replace")

    def shown(self, node: Node) -> str:
        """The source of a node as it stood in the script, where the grammar was given something else."""
        origin = self.scanned.origin
        original = origin.of(node.start_byte, node.end_byte) if origin is not None else None
        return self.text(node) if original is None else original

    def is_dollar(self, node: Node) -> bool:
        """Whether a `$` by itself is one, and not the beginning of a `$"..."`, of which bash leaves the string."""
        return self.source[node.start_byte : node.end_byte + 1] != b'$"'

    def words(self, node: Node, context: Context, *, tilde: bool = False) -> list[Word]:
        """The words that a node stands for; more than one where braces expand. `tilde`: one stands before it."""
        if not tilde and node.type in _LITERAL and _PLAIN.fullmatch(text := self.text(node)):
            self.budget.word(2)
            return [Word(text)]
        marked, known = self._marked(node, context)
        try:
            finished = words.finish(f"~{marked}" if tilde else marked, known, home=self.home)
            self.budget.word(len(finished))
            return finished
        except BraceBomb:
            why = f"its braces expand to more than {words.MAX_BRACES} words"
            self.emit(Fixed(text=self.text(node), verdict=Verdict.ASK, rule="braces", why=why))
            return [Word(UNKNOWN, Known.NOT)]

    def _marked(self, node: Node, context: Context) -> tuple[str, Known]:
        self.budget.word()
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
                return self._parameter(self.text(node).lstrip()[1:], context)
            case "process_substitution":
                self.run(node, context)
                return "/dev/fd/63", Known.FULLY
            case _:
                self.inspect(node, context)
                return self._value(node, context)

    def _leaf(self, node: Node) -> str:
        if node.child_count:
            raise unparsable("a number that holds an expansion")
        return words.bare(self.text(node))

    def _value(self, node: Node, context: Context) -> tuple[str, Known]:
        text = self.text(node).lstrip()
        if node.type == "arithmetic_expansion" or text.startswith("${#"):
            return "0", Known.NUMBER
        if node.type == "expansion" and _NAME.fullmatch(text[2:-1]):
            return self._parameter(text[2:-1], context)
        if node.type not in ("expansion", "command_substitution"):
            return words.bare(text), Known.FULLY
        return UNKNOWN, Known.NOT

    def _parameter(self, name: str, context: Context) -> tuple[str, Known]:
        if name in _NUMERIC_PARAMETERS:
            return "0", Known.NUMBER
        if name in self.variables.loops and name not in self.variables.assigned:
            return UNKNOWN, Known.LOOP
        if name == "HOME" and self.variables.rely(name):
            return words.quoted(self.home), Known.FULLY
        if name == "PWD" and self.variables.rely(name):
            [directory, *more] = context.cwds
            return words.quoted(directory) if directory is not None and not more else HERE, Known.FULLY
        return UNKNOWN, Known.NOT

    def _joined(self, node: Node, context: Context) -> tuple[str, Known]:
        parts: list[str] = []
        known = Known.FULLY
        for child in node.children:
            if child.is_named:
                text, how = self._marked(child, context)
                if child.type == "simple_expansion" and self.source[child.end_byte : child.end_byte + 1] == b"{":
                    text, how = UNKNOWN, Known.NOT  # braces expand first, and make another name of it
                parts.append(text)
                known = max(known, how)
            elif child.type not in ("$", '"', "``") or (child.type == "$" and self.is_dollar(child)):
                parts.append(words.bare(self.text(child)))
        return "".join(parts), known

    def _string(self, node: Node, context: Context) -> tuple[str, Known]:
        parts: list[str] = []
        known = Known.FULLY
        at = node.start_byte + 1
        for child in node.children[1:-1]:
            parts.append(self._between(at, begin(child, self.source) if child.is_named else child.start_byte))
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
        text = self.text(node).lstrip()
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
            self.compared(text.partition(":")[2], context)
        for child in node.named_children:
            self._operand(child, context)

    def _operand(self, node: Node, context: Context) -> None:
        """Look into what stands behind the operator of `${ }`: text to bash, whatever the grammar takes it for."""
        if node.type != "word":
            if node.type == "concatenation":
                for child in node.named_children:
                    self._operand(child, context)
            else:
                self.inspect(node, context)
            return
        self.budget.word()
        word = Word(words.unescaped(self.text(node)).strip())
        self.emit(Mention(text=self.text(node), words=(word,), context=context))

    def _assigned_default(self, node: Node, context: Context) -> None:
        name = next((self.text(child) for child in node.named_children if child.type == "variable_name"), "")
        self.variables.set_to_anything([name])
        self.emit(Assignment(text=self.text(node), name=name, values=(), context=context))

    def arithmetic(self, node: Node, context: Context) -> None:
        """Look into an arithmetic expression; bash evaluates the values of the names in it as expressions too."""
        text = self.evaluated(node)
        self._computed(text, context)
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _computed(self, text: str, context: Context, *, sets: bool = True) -> None:
        self.variables.compute(text)
        if sets and _COMPOSED.search(text):
            self.composed(text)
        if sets and _ASSIGNING.search(text):
            for name in set(_NAME.findall(text)):
                self.emit(Assignment(text=text, name=name, values=(), context=context))

    def _subscript(self, node: Node, context: Context) -> None:
        self._computed(self.text(node).partition("[")[2], context)
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _inside_arithmetic(self, node: Node, context: Context) -> None:
        if node.type in ("command_substitution", "process_substitution", "expansion"):
            self.inspect(node, context)
        if node.type == "simple_expansion" or (node.type in _VALUES and not self._counts(node)):
            self._evaluated(self.text(node))
        if node.type == "expansion":
            return
        for child in node.named_children:
            self._inside_arithmetic(child, context)

    def _evaluated(self, text: str) -> None:
        if "$(" in text or "`" in text or _POSITIONAL.search(text):
            self.composed(text)

    def composed(self, text: str) -> None:
        """Ask about an expression that can't be known before it runs."""
        why = "arithmetic evaluates a text that can't be known, which may run commands"
        self.emit(Fixed(text=text, verdict=Verdict.ASK, rule="arithmetic", why=why))

    def evaluated(self, node: Node) -> str:
        """The text of an expression without the substitutions that surely give a number."""
        parts: list[bytes] = []
        at, pending = node.start_byte, [node]
        while pending:
            inner = pending.pop()
            if self._counts(inner):
                parts += [self.source[at : inner.start_byte], b"0"]
                at = inner.end_byte
            else:
                pending += reversed(inner.named_children)
        return b"".join([*parts, self.source[at : node.end_byte]]).decode(errors="replace")

    def _stands_alone(self, node: Node) -> bool:
        """Whether an operand of an expression is nothing but this: beside a letter, it would make a name of it."""
        start, end, source = node.start_byte, node.end_byte, self.source
        if source[start - 1 : start] == source[end : end + 1] == b'"':
            start, end = start - 1, end + 1
        return source[start - 1 : start] in _BEFORE and source[end : end + 1] in _BEHIND

    def _counts(self, node: Node) -> bool:
        """Whether a substitution is `wc -l < FILE`, or ends in `| wc -l`: it gives a number, whatever it is about."""
        if node.type != "command_substitution" or node.named_child_count != 1 or not self._stands_alone(node):
            return False
        [inner] = node.named_children
        if inner.type not in ("pipeline", "redirected_statement"):
            return False
        text = self.text(inner.named_children[-1] if inner.type == "pipeline" else inner)
        return (_COUNTS if inner.type == "pipeline" else _COUNTS_FILE).fullmatch(text) is not None

    def compared(self, text: str, context: Context, *, sets: bool = True) -> None:
        """Look at an expression that is evaluated though it stands elsewhere: in `[[ -eq ]]`, as a subscript."""
        self._computed(text, context, sets=sets)
        self._evaluated(text)
