"""Redirections: files that are read and written, here-documents, and the input that a command gets by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.shell.expand import Expander
from policies.shell.items import Assignment, Context, Item, Mention, Redirection, Stdin
from policies.shell.refusal import unparsable
from policies.shell.scanned import Scanned

if TYPE_CHECKING:
    from tree_sitter import Node

_NUMBERED = re.compile(rb"(?:^|[ \t\n;&|()<>])[0-9]+$")


@dataclass(slots=True, kw_only=True)
class Redirections:
    """Lists redirections; what a here-document's body expands goes to `within`.

    `heredocs` and `descriptors` are those of the scanner that were met.
    """

    expander: Expander
    emit: Callable[[Item], None]
    visited: set[int]
    heredocs: set[str]
    descriptors: set[int]
    within: Callable[[Scanned, Context], None]

    def __call__(self, node: Node, context: Context, *, extra_allowed: bool) -> Context:
        """List a redirection; the context that comes back has the input it gives."""
        self.visited.add(node.id)
        if _NUMBERED.search(self.expander.source[max(node.start_byte - 20, 0) : node.start_byte]):
            # The grammar takes some for an argument of the command.
            raise unparsable("a number directly before a redirection")
        if node.type == "herestring_redirect":
            return self._herestring(node, node.named_children[-1], context)
        operator = next(child for child in node.children if not child.is_named)
        if (name := self.expander.scanned.descriptors.get(operator.start_byte)) is not None:
            self.descriptors.add(operator.start_byte)
            self.expander.variables.assign(name, [])
            self.emit(Assignment(text=f"{{{name}}}{operator.type}", name=name, values=(), context=context))
        targets = [child for child in node.named_children if child.type != "file_descriptor"]
        if not targets:
            return context
        if len(targets) > 1 and not extra_allowed:
            # The grammar takes words after a redirection for more targets; bash takes them for the command.
            raise unparsable("words after a redirection that belong to no command; write the redirection last")
        if operator.type in (">&", "<&") and targets[0].type == "number":
            return context
        if (name := self.expander.scanned.openings.get(operator.start_byte)) is not None:
            return self._heredoc(name, context)
        if operator.start_byte in self.expander.scanned.strings:
            return self._herestring(node, targets[0], context)
        return self._file(node, operator, targets[0], context)

    def _file(self, node: Node, operator: Node, target: Node, context: Context) -> Context:
        text = self.expander.shown(node)
        both = operator.start_byte in self.expander.scanned.both
        for word in self.expander.words(target, context):
            for writes in (False, True) if both else (operator.type[0] != "<",):
                self.emit(Redirection(text=text, target=word, writes=writes, context=context))
        return context if operator.type != "<" else context.fed_by(Stdin.FILE)

    def _herestring(self, node: Node, target: Node, context: Context) -> Context:
        mentioned = tuple(self.expander.words(target, context))
        self.emit(Mention(text=self.expander.text(node), words=mentioned, context=context))
        return context.fed_by(Stdin.DATA)

    def _heredoc(self, name: str, context: Context) -> Context:
        heredoc = self.expander.scanned.heredocs[name]
        self.heredocs.add(name)
        if heredoc.code is not None:
            self.within(heredoc.code, context.fed_by(Stdin.INHERITED))
        return context.fed_by(Stdin.QUOTED_HEREDOC if heredoc.quoted else Stdin.HEREDOC, heredoc.body)
