"""What the grammar takes for the shell's language and bash does not: a script with any of it would not run as read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

METACHARACTERS = (b"", *(bytes([char]) for char in b" \t\n;&|()<>"))
RESERVED = frozenset("if then else elif fi do done case esac while until for select function in { } ! [[ ]]".split())

_BETWEEN = {
    "for_statement": frozenset({"for", "select", "in", ";", "\n"}),
    "case_statement": frozenset({"case", "in", "esac", "\n"}),
}
_CLOSED = frozenset(
    "compound_statement subshell if_statement while_statement for_statement c_style_for_statement "
    "case_statement".split()
)
_EXTENDED = re.compile(rb"[?*+@!]\(")
_QUOTED = re.compile(rb"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|\[\[:\w+:\]", re.DOTALL)


def fault_of(node: Node, kind: str, text: bytes) -> str | None:
    """Why bash would not take a node for what it seems, None where nothing is known against it."""
    look = _LOOKS.get(kind)
    return look(node, text) if look is not None else None


def _dollar(node: Node, _: bytes) -> str | None:
    # To bash a `$` before a blank is a `$` as it stands, and then comes another word: of `x=$ ls` the command.
    return "a blank behind a $" if node.children[1].start_byte != node.children[0].end_byte else None


def _pipeline(node: Node, _: bytes) -> str | None:
    negated = any(child.type == "negated_command" for child in node.named_children[1:])
    return "a ! within a pipeline" if negated else None


def _body(node: Node, _: bytes) -> str | None:
    return None if node.named_child_count else "a loop without a command in it"


def _test(node: Node, text: bytes) -> str | None:
    first = node.children[0]
    if first.type != "[[" or text[first.end_byte : first.end_byte + 1] in (b" ", b"\t", b"\n"):
        return None
    return "a [[ without a blank behind it"


def _regex(node: Node, text: bytes) -> str | None:
    bare = _QUOTED.sub(b"", text[node.start_byte : node.end_byte])
    return "parentheses of an expression that do not match" if bare.count(b"(") != bare.count(b")") else None


def _head(node: Node) -> str | None:
    odd = any(not child.is_named and child.type not in _BETWEEN[node.type] for child in node.children)
    return "an operator in the head of a loop or a case" if odd else None


def _loop(node: Node, text: bytes) -> str | None:
    return _head(node) or _name(node, text)


def _case(node: Node, text: bytes) -> str | None:
    return _head(node) or _unended(node, text)


def _name(node: Node, text: bytes) -> str | None:
    name = node.named_children[0]
    begin, end = node.children[0].end_byte, node.children[1].start_byte
    close = next((child.start_byte for child in node.children if child.type == ")"), end)
    if b"\n" in text[begin : max(end, close)]:
        return "a name that is not on the line of its keyword, or of its parentheses"
    if node.type == "function_definition" and text[name.start_byte : name.end_byte].decode() in RESERVED:
        return "a keyword as the name of a function"
    return None


def _unended(node: Node, text: bytes) -> str | None:
    """Bash takes `esac` for an argument where nothing ends the command before it."""
    items = [child for child in node.children if child.type == "case_item"]
    last = items[-1].children[-1] if items else node.children[-1]
    if not last.is_named or last.type in _CLOSED or b"\n" in text[last.end_byte : node.children[-1].start_byte]:
        return None
    return "an esac where a command goes on"


def _extended(node: Node, text: bytes) -> str | None:
    close = next(child for child in node.children if child.type == ")")
    if _EXTENDED.search(_QUOTED.sub(b"", text[node.start_byte : close.start_byte])):
        return "an extended pattern, which bash knows only where it is told to"
    return None


def _braces(node: Node, text: bytes) -> str | None:
    first = node.children[0]
    if first.type != "{":
        return None
    if not node.named_child_count:
        return "{ } without a command in it"
    glued = text[first.start_byte - 1 : first.start_byte] if first.start_byte else b""
    if text[first.end_byte : first.end_byte + 1] not in METACHARACTERS or glued not in METACHARACTERS:
        return "a { without a blank beside it"
    return None


_LOOKS: Mapping[str, Callable[[Node, bytes], str | None]] = {
    "case_item": _extended,
    "case_statement": _case,
    "compound_statement": _braces,
    "do_group": _body,
    "for_statement": _loop,
    "function_definition": _name,
    "pipeline": _pipeline,
    "regex": _regex,
    "simple_expansion": _dollar,
    "test_command": _test,
    "translated_string": _dollar,
}
SUSPECTS = frozenset(_LOOKS)
"""The kinds of nodes that are looked at."""
