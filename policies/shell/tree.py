"""Parse a scanned script with tree-sitter-bash, and trust the tree only as far as it was checked.

Checked here: each node is of a kind that is known, none is an error, nothing but blanks lies between two nodes, and
each quotation and substitution that the scanner saw is a node from that very place to that very end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from policies.shell.reading import MAX_NESTING
from policies.shell.refusal import too_much, unparsable
from policies.shell.scanned import Opens, Scanned
from policies.shell.strict import METACHARACTERS, SUSPECTS, fault_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_DEPTH = 200
MAX_NODES = 60000

_LONG = 4096
_SECONDS = 0.3

STATEMENTS = frozenset(
    "program list pipeline redirected_statement negated_command compound_statement subshell if_statement elif_clause "
    "else_clause while_statement for_statement c_style_for_statement do_group case_statement case_item "
    "function_definition".split()
)
# What must have been judged by the end of the walk, each by itself.
JUDGED = frozenset(
    "command declaration_command unset_command test_command variable_assignment file_redirect herestring_redirect "
    "function_definition command_substitution process_substitution".split()
)
_INSIDE = frozenset(
    "command_name variable_assignments word number concatenation string string_content raw_string ansi_c_string "
    "translated_string simple_expansion expansion arithmetic_expansion brace_expression variable_name "
    "special_variable_name subscript array file_descriptor test_operator regex extglob_pattern binary_expression "
    "unary_expression postfix_expression ternary_expression parenthesized_expression".split()
)
_KNOWN = STATEMENTS | JUDGED | _INSIDE
_OPENING = frozenset(kind.value for kind in Opens)
# Within these the source between two nodes is text, or an operator that the grammar keeps to itself.
_LOOSE = frozenset("string translated_string expansion arithmetic_expansion regex extglob_pattern".split())
_KEYWORDS = frozenset("if then else elif fi do done while until for select case esac in function".split())
# A line's end ends these: where one lies within, the grammar has read two as one.
_ONE_LINE = frozenset(
    "command declaration_command unset_command file_redirect herestring_redirect redirected_statement "
    "variable_assignment variable_assignments".split()
)
_BLANKS = (b" ", b"\t", b"\n")
_EXPANDING = frozenset({"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"})
_CHECKED = SUSPECTS | {"variable_assignment"}
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
# What is within another thing, to a reader: a function's body counts, and not the function once more.
_NESTING = _SUBSTITUTIONS | frozenset(
    "string expansion arithmetic_expansion compound_statement subshell negated_command if_statement while_statement "
    "for_statement c_style_for_statement case_statement".split()
)


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _parsed(text: bytes) -> Node:
    parser = _parser()
    if len(text) <= _LONG:
        return parser.parse(text).root_node
    # What is far from the shell's language keeps the parser busy for seconds. This is the one bound by a clock: what it
    # stops would be refused as unparsable otherwise, since what is parsed without error takes a fraction of it.
    end = time.thread_time() + _SECONDS
    try:
        return parser.parse(
            lambda at, _: text[at : at + _LONG], progress_callback=lambda _, __: time.thread_time() > end
        ).root_node
    except ValueError:
        parser.reset()
        raise too_much("parsing it takes too long") from None


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked tree: the ids of the nodes that must be judged, and the variables that are assigned anywhere in it."""

    root: Node
    judged: frozenset[int]
    assigned: frozenset[str]


def parse(scanned: Scanned) -> Tree:
    """Parse and check.

    Raises:
        Unreadable: the grammar reports an error, or the tree is not surely what bash would read.

    """
    root = _parsed(scanned.text)
    if root.has_error:
        raise unparsable("it is not the shell's language, or a part of it that is not judged")
    if root.descendant_count > MAX_NODES:
        raise too_much(f"its tree has more than {MAX_NODES} nodes")
    return _Check(scanned).run(root)


@dataclass(slots=True)
class _Check:
    scanned: Scanned
    spans: set[tuple[int, int, str]] = field(default_factory=set)
    judged: set[int] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)

    def run(self, root: Node) -> Tree:
        """Look at every node once."""
        text = self.scanned.text
        pending = [(root, root.type, 0, 0, False)]
        while pending:
            node, kind, depth, nesting, substituted = pending.pop()
            if node.is_named:
                self._named(node, kind, depth, substituted=substituted)
                substituted = substituted or kind in _SUBSTITUTIONS
                nesting += kind in _NESTING
                if nesting > MAX_NESTING:
                    raise too_much(f"it is nested deeper than {MAX_NESTING}")
            elif kind in _KEYWORDS and text[node.end_byte : node.end_byte + 1] not in METACHARACTERS:
                raise unparsable(f"a {kind} without a blank behind it")
            if node.child_count:
                children = node.children
                if kind not in _LOOSE:
                    _check_gaps(node, children, text, kind)
                pending += [(child, child.type, depth + 1, nesting, substituted) for child in children]
        if self.spans != self.scanned.spans:
            raise unparsable("its quotes or substitutions can be read in two ways")
        return Tree(root, frozenset(self.judged), frozenset(self.assigned))

    def _named(self, node: Node, kind: str, depth: int, *, substituted: bool) -> None:
        if kind not in _KNOWN or node.is_missing or node.is_error:
            raise unparsable(f"a construct that is not judged: {kind.replace('_', ' ')}")
        if depth > MAX_DEPTH:
            raise too_much("its tree is too deep")
        if kind in _OPENING:
            self.spans.add((begin(node, self.scanned.text), node.end_byte, kind))
        if kind in JUDGED:
            self.judged.add(node.id)
        if kind in _CHECKED:
            self._check(node, kind, substituted=substituted)

    def _check(self, node: Node, kind: str, *, substituted: bool) -> None:
        text = self.scanned.text
        if kind == "case_statement" and substituted and not self.scanned.careful:
            # A pattern's lone `)` would have seemed to the scanner to close the substitution.
            raise unparsable("`case` within a substitution")
        if (fault := fault_of(node, kind, text)) is not None:
            raise unparsable(fault)
        if kind == "variable_assignment":
            first = node.children[0]
            self.assigned.add(text[first.start_byte : first.end_byte].decode(errors="replace").partition("[")[0])


def begin(node: Node, text: bytes) -> int:
    """Where a node begins: the grammar gives blanks within a quotation to the expansion behind them."""
    at = node.start_byte
    if node.type in _EXPANDING:
        while text[at : at + 1] in _BLANKS:
            at += 1
    return at


def _check_gaps(node: Node, children: list[Node], text: bytes, kind: str) -> None:
    at = node.start_byte
    blanks = b" \t" if kind in _ONE_LINE else b" \t\n"
    for child in children:
        start = child.start_byte
        if start > at and text[at:start].strip(blanks):
            raise unparsable("a part of it is not understood")
        if text[start : start + 1] in _BLANKS and child.is_named and kind != "concatenation":
            # A word that begins with a line's end is the next command's; one that is joined is of `${ }`, or has none.
            raise unparsable("a part of it is not understood")
        at = child.end_byte
    if text[at : node.end_byte].strip(blanks):
        raise unparsable("a part of it is not understood")
