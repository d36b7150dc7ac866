"""Simple commands: a name, arguments, assignments in front; and the tests and declarations of bash's own grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from policies.shell.expand import Expander
from policies.shell.items import Assignment, Command, Context, Item, Mention
from policies.shell.outline import Spot, head_of
from policies.shell.refusal import unparsable
from policies.shell.strict import RESERVED
from policies.shell.words import Known, Word, literal

if TYPE_CHECKING:
    from tree_sitter import Node

_TEST_TOKENS = frozenset({"[", "]", "!", "=", "==", "!=", "-a", "-o", "=~", "(", ")"})
_NUMERIC_TESTS = re.compile(r"\s-(?:eq|ne|lt|le|gt|ge|v)\s|^-v\s|<|>")
# A name of which a part can't be known: it may be that of any variable.
_COMPOSED = re.compile(r"[A-Za-z_]\w*(?:\x00|\d)")
_OPERATOR = re.compile(r"-(?:eq|ne|lt|le|gt|ge)")
_OPERATORS = re.compile(rf"\s{_OPERATOR.pattern}(?=\s)")
_TEST_WORDS = frozenset(
    "word number concatenation string raw_string ansi_c_string simple_expansion expansion command_substitution "
    "process_substitution arithmetic_expansion test_operator regex extglob_pattern translated_string "
    "brace_expression".split()
)


# What may stand between `time` and the command that it is about, beside `!` and assignments.
_LEADING = frozenset({"time", "coproc", "-p", "--"})
_TIMED_NOTHING = re.compile(rb"[ \t]*(?:$|\n|;(?![;&]))")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(\[.*?\])?\+?=", re.DOTALL | re.ASCII)
_ELEMENT = re.compile(r"\[(.*?)\]\+?=", re.DOTALL)

_PLAIN_ELEMENT = re.compile(r"\[\d+\]$")

# Builtins that set variables by name, to what can't be known.
_SETTERS = frozenset({"read", "printf", "mapfile", "readarray", "getopts"})


class Redirect(Protocol):
    """Lists a redirection and gives the context behind it."""

    def __call__(self, node: Node, context: Context, *, extra_allowed: bool) -> Context:
        """Handle one redirection node."""
        ...


@dataclass(slots=True, kw_only=True)
class SimpleCommands:
    """Turns the nodes of simple commands into commands and assignments."""

    expander: Expander
    emit: Callable[[Item], None]
    visited: set[int]
    inserted: set[int]
    redirect: Redirect
    path: list[Spot]

    def command(self, node: Node, context: Context, redirects: tuple[Node, ...]) -> Command | None:
        """The command of a node, or None where it only sets variables."""
        match node.type:
            case "command":
                return self._command(node, context, redirects)
            case "declaration_command" | "unset_command":
                return self._declaration(node, context)
            case "test_command":
                return self._test(node, context)
            case "variable_assignment":
                self.assignment(node, context)
                return None
            case "variable_assignments":
                for child in node.named_children:
                    self.assignment(child, context)
                return None
            case _:
                raise unparsable(f"a statement that is not judged: {node.type.replace('_', ' ')}")

    def _command(self, node: Node, context: Context, redirects: tuple[Node, ...]) -> Command:
        self.visited.add(node.id)
        words: list[Word] = []
        end = -1
        children = node.children
        leading = self._is_keyword(node, children, redirects)
        for child in children:
            if child.type == "variable_assignment":
                self.assignment(child, context)
            elif child.type.endswith("_redirect"):
                context = self.redirect(child, context, extra_allowed=True)
                words += self._swallowed(child, context)
            elif child.is_named or child.type in ("==", "=~"):
                self._refuse_adjacent(child, end)
                front = self._in_front(child, context) if leading else None
                leading = front is not None
                words += self._argument(child, context) if front is None else front
            elif child.type != "$":
                raise unparsable(f"an unexpected {child.type}")
            elif self.expander.is_dollar(child):
                self._refuse_adjacent(child, end)
                words.append(literal("$"))
            end = child.end_byte
        self._refuse_reserved(node)
        for redirect in redirects:
            words += self._swallowed(redirect, context)
        if self.expander.scanned.inserted:
            words = self._inserted(node, words)
        if any(word.text in _SETTERS for word in words[:3]):
            self.expander.variables.set_to_anything([word.text for word in words])
        return Command(text=self.expander.shown(node), words=tuple(words), context=context)

    def _inserted(self, node: Node, words: list[Word]) -> list[Word]:
        """The words of a command whose name the scanner may have put in."""
        scanned = self.expander.scanned
        name = node.child_by_field_name("name")
        if name is None or name.start_byte not in scanned.inserted:
            return words
        self.inserted.add(name.start_byte)
        if self.expander.text(name) == scanned.bracket:
            if not words or words[-1].text != "]":
                raise unparsable("a [ without its ]")
            return [literal("["), *words[1:]]
        if len(words) > 1:
            raise unparsable("a redirection between an assignment and a command", instead="write it last")
        return []

    def _is_keyword(self, node: Node, children: list[Node], redirects: tuple[Node, ...]) -> bool:
        """Whether a command begins with `time` or `coproc`, behind which another one begins."""
        first, source = children[0], self.expander.source
        name = source[first.start_byte : first.end_byte]
        if name not in (b"time", b"coproc") or first.type != "command_name":
            return False
        if len(children) == 1 and not (name == b"time" and _TIMED_NOTHING.match(source, node.end_byte)):
            raise unparsable(f"{name.decode()} without a command")
        if name == b"coproc" and any(self.expander.text(child) in RESERVED for child in children[1:3]):
            raise unparsable("coproc in front of a compound")
        return not any(redirect.start_byte < node.start_byte for redirect in redirects)

    def _in_front(self, child: Node, context: Context) -> list[Word] | None:
        """What is left of a word that stands in front of a command's name; None where it is the name itself."""
        text = self.expander.text(child)
        if text in _LEADING:
            return [literal(text)]
        if text == "!":
            return []
        if text in RESERVED:
            raise unparsable(f"{text!r} where a command must stand")
        if (found := _ASSIGNED.match(text)) is None:
            return None
        if found[2]:
            raise unparsable("an array's element that is set behind time or coproc")
        values = [Word(word.text.partition("=")[2], word.known) for word in self.expander.words(child, context)]
        self._set(found[1], values, text, context)
        return []

    def _argument(self, child: Node, context: Context) -> list[Word]:
        if not child.is_named:
            return [literal(child.type)]
        return self.expander.words(child, context)

    def _refuse_adjacent(self, child: Node, end: int) -> None:
        before = child.prev_sibling
        translated = before is not None and before.type == "$" and not self.expander.is_dollar(before)
        if child.start_byte == end and not translated:
            raise unparsable("two words without a blank between them")

    def _refuse_reserved(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is not None and self.expander.text(name) in RESERVED:
            raise unparsable(f"{self.expander.text(name)!r} where a command must stand")

    def _swallowed(self, redirect: Node, context: Context) -> list[Word]:
        """Words behind a redirection's target, which the grammar gives to the redirection and bash to the command."""
        if redirect.type != "file_redirect":
            return []
        targets = [child for child in redirect.named_children if child.type != "file_descriptor"]
        closes = any(child.type in (">&-", "<&-") for child in redirect.children)
        return [word for node in targets[0 if closes else 1 :] for word in self.expander.words(node, context)]

    def _declaration(self, node: Node, context: Context) -> Command:
        self.visited.add(node.id)
        words = [literal(node.children[0].type)]
        end = -1
        for child in node.children[1:]:
            self._refuse_adjacent(child, end)
            end = child.end_byte
            if child.type == "variable_assignment":
                self.assignment(child, context)
                words.append(Word(self.expander.text(child)))
            elif child.type.endswith("_redirect"):
                context = self.redirect(child, context, extra_allowed=False)
            elif child.type == "variable_name":
                name = self.expander.text(child)
                words.append(literal(name))
                self._set(name, [], self.expander.text(node), context)
            elif child.is_named:
                words += self._declared(child, node, context)
        return Command(text=self.expander.text(node), words=tuple(words), context=context)

    def _declared(self, child: Node, node: Node, context: Context) -> list[Word]:
        words = self.expander.words(child, context)
        for word in words:
            if not word.text.startswith(("-", "+")):
                name = _PLAIN_ELEMENT.sub("", re.split(r"\+?=", word.text)[0])
                # A subscript in a quoted name is evaluated, so such a name is none that is known.
                self._set(name if word.static else "", words, self.expander.text(node), context)
        return words

    def _test(self, node: Node, context: Context) -> Command:
        self.visited.add(node.id)
        opening = node.children[0].type
        if opening == "((":
            self.expander.arithmetic(node, context)
            return Command(text=self.expander.text(node), words=(literal(":"),), context=context)
        words = [literal(opening)]
        self._test_words(node, context, words, plain=opening == "[")
        if opening == "[[" and _NUMERIC_TESTS.search(self.expander.text(node)):
            self._compared(node, words, context)
        return Command(text=self.expander.text(node), words=tuple(words), context=context)

    def _compared(self, node: Node, operands: list[Word], context: Context) -> None:
        """Look at what a test evaluates as numbers, or may: without its operators, where each is surely one."""
        text = self.expander.evaluated(node)
        words = [word.text for word in operands]
        for at in (at for at, word in enumerate(words) if _OPERATOR.fullmatch(word)):
            if any(word.known and _COMPOSED.search(word.text) for word in operands[at - 1 : at + 2 : 2]):
                self.expander.composed(text)
        pending, operators = [node], 0
        while pending:
            inner = pending.pop()
            pending += inner.children
            operators += inner.type == "binary_expression" and inner.children[1].type == "test_operator"
        if len(_OPERATORS.findall(text)) == sum(1 for word in words if _OPERATOR.fullmatch(word)) <= operators:
            text = _OPERATORS.sub(" ", text)
            words = [word for word in words if not _OPERATOR.fullmatch(word)]
        self.expander.compared(text, context, sets=False)  # a `=` of the test's own is no assignment
        for word in words:
            self.expander.compared(word, context)

    def _test_words(self, node: Node, context: Context, words: list[Word], *, plain: bool) -> None:
        if plain and b"\n" in self.expander.source[node.start_byte : node.end_byte] and node.type == "test_command":
            raise unparsable("a line's end within [ ]")
        for child in node.children:
            if plain and not child.is_named and child.type not in _TEST_TOKENS:
                # To bash `[` is a command like any other: these would redirect it or end it.
                raise unparsable(f"an unquoted {child.type} within [ ]; write [[ ]]")
            if plain and child.type == "parenthesized_expression":
                raise unparsable("unquoted parentheses within [ ]; write [[ ]]")
            if child.type in _TEST_WORDS:
                words += self._test_word(child, context)
            elif child.child_count and child.children[0].type == "~":
                words += self._tilde(child, context)
            elif child.is_named:
                self._test_words(child, context, words, plain=plain)

    def _tilde(self, node: Node, context: Context) -> list[Word]:
        """A word that begins with a tilde, which the grammar takes for an operator of arithmetic."""
        operand = node.children[-1]
        if node.child_count != 2 or operand.start_byte != node.start_byte + 1:
            raise unparsable("a ~ that stands alone within [[ ]]")
        return self.expander.words(operand, context, tilde=True)

    def _test_word(self, child: Node, context: Context) -> list[Word]:
        if child.type not in ("regex", "extglob_pattern"):
            return self.expander.words(child, context)
        self.expander.inspect(child, context)
        return [Word(self.expander.text(child))]

    def assignment(self, node: Node, context: Context) -> None:
        """List one `name=value`."""
        self.visited.add(node.id)
        self.path.append(Spot(node.start_byte))
        target, *values = node.named_children
        name = self.expander.text(target).partition("[")[0]
        if target.type == "subscript":
            self.expander.inspect(target, context)
        nodes = values[0].named_children if values and values[0].type == "array" else values
        words = [word for value in nodes for word in self.expander.words(value, context)]
        for value in nodes if nodes is not values else ():
            if (found := _ELEMENT.match(self.expander.text(value))) is not None:
                self.expander.compared(found[1], context)
        arithmetic = bool(values) and values[0].type == "arithmetic_expansion"
        self._set(name, words, self.expander.text(node), context, arithmetic=arithmetic)
        self.path.pop()

    def _set(self, name: str, words: list[Word], text: str, context: Context, *, arithmetic: bool = False) -> None:
        self.expander.variables.assign(name, words, arithmetic=arithmetic)
        self.emit(Assignment(text=text, name=name, values=tuple(words), context=context))

    def loop_variable(self, node: Node, context: Context) -> None:
        """List the variable of a `for` or `select`, and the words that it takes."""
        variable = next(child for child in node.named_children if child.type == "variable_name")
        values = [child for child in node.named_children if child.type not in ("variable_name", "do_group")]
        nodes = [child for child in values if child.type != "compound_statement"]
        words = [word for value in nodes for word in self.expander.words(value, context)]
        name = self.expander.text(variable)
        self.expander.variables.loops.add(name)
        if not words or not all(word.known is Known.FULLY and word.text.isdigit() for word in words):
            self.expander.variables.tainted.add(name)
        text = head_of(node, self.expander.scanned)
        self.emit(Assignment(text=text, name=name, values=tuple(words), context=context))
        self.emit(Mention(text=text, words=tuple(words), context=context))


def left_out(keywords: Sequence[str], context: Context) -> Iterator[Item]:
    """What the scanner left out in front of compounds: `time`, or `coproc`, which sets the variable that it names."""
    for text in keywords:
        keyword, _, name = text.partition(" ")
        yield Command(text=text, words=(literal(keyword), literal(":")), context=context)
        if keyword == "coproc":
            yield Assignment(text=text, name=name or "COPROC", values=(), context=context)
