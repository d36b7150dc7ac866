"""Parse a scanned script with tree-sitter-bash, and trust the tree only as far as it was checked.

Checked here: each node is of a kind that is known, none is an error, nothing but blanks lies between two nodes, and
each quotation and substitution that the scanner saw is a node at that very place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policies.shell.refusal import too_much, unparsable
from policies.shell.scan import Opens, Scanned

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_DEPTH = 200

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
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def parse(scanned: Scanned) -> tuple[Node, frozenset[int]]:
    """The root of a checked tree, and the ids of the nodes that must be judged.

    Raises:
        Unreadable: the grammar reports an error, or the tree is not surely what bash would read.

    """
    root = _parser().parse(scanned.text).root_node
    if root.has_error:
        raise unparsable("it is not the shell's language, or a part of it that is not judged")
    return root, _checked(root, scanned)


def _checked(root: Node, scanned: Scanned) -> frozenset[int]:
    openers: set[tuple[int, str]] = set()
    judged: set[int] = set()
    pending = [(root, 0, False)]
    while pending:
        node, depth, substituted = pending.pop()
        kind = node.type
        if node.is_named:
            _check_kind(node, depth, substituted=substituted)
            if kind in _OPENING:
                openers.add((node.start_byte, kind))
            if kind in JUDGED:
                judged.add(node.id)
        if node.child_count:
            substituted = substituted or kind in _SUBSTITUTIONS
            if kind not in _LOOSE:
                _check_gaps(node, scanned.text)
            pending += [(child, depth + 1, substituted) for child in node.children]
    if openers != scanned.openers:
        raise unparsable("its quotes or substitutions can be read in two ways")
    return frozenset(judged)


def _check_kind(node: Node, depth: int, *, substituted: bool) -> None:
    if node.type not in _KNOWN or node.is_missing or node.is_error:
        raise unparsable(f"a construct that is not judged: {node.type.replace('_', ' ')}")
    if depth > MAX_DEPTH:
        raise too_much("its tree is too deep")
    if substituted and node.type == "case_statement":
        # A pattern's lone `)` would have seemed to the scanner to close the substitution.
        raise unparsable("`case` within a substitution")


def _check_gaps(node: Node, text: bytes) -> None:
    at = node.start_byte
    for child in node.children:
        if child.start_byte > at and text[at : child.start_byte].strip(b" \t\n"):
            raise unparsable("a part of it is not understood")
        at = child.end_byte
    if text[at : node.end_byte].strip(b" \t\n"):
        raise unparsable("a part of it is not understood")
