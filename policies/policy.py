"""A policy in force: its layers, and the judgement of commands, edits, changes and hosts by them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from policies.engine.judge import judge_script, scripts_named
from policies.engine.pathjudge import PathJudge, is_workspace_path
from policies.layer import Layer, compile_layer, in_force
from policies.meet import meet
from policies.paths import WORKSPACE, glob_regex, resolve
from policies.printable import is_unsafe
from policies.rules import Finding, RuleBook, fixed
from policies.shell.items import Context
from policies.shell.words import Word
from policies.verdict import Decision, Verdict

if TYPE_CHECKING:
    from policies.changed import Change
    from policies.secrets import Known


@lru_cache(maxsize=64)
def _compiled(name: str, text: str) -> Layer:
    """A layer that was given as text; runs of one repository mostly were under the same few."""
    from policies.document import read_document

    return compile_layer(read_document(text, file=name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Layers of rules, the nearest first, and what they say together.

    Who acts for `parents`, some roles, gets what it is allowed itself and each of them is: see `acting_for`.
    """

    compiled: tuple[Layer, ...]
    book: RuleBook
    parents: tuple[str, ...] = ()

    @classmethod
    def from_layers(cls, layers: Mapping[str, str]) -> Policy:
        """The policy of some texts by name, nearest first, as `layers` gave them.

        Raises:
            DocumentError: a text is not a policy.

        """
        return cls.of([_compiled(name, text) for name, text in layers.items()])

    @classmethod
    def of(cls, compiled: Sequence[Layer]) -> Policy:
        """The policy of compiled layers, nearest first."""
        compiled = in_force(compiled)
        setting = next((layer for layer in compiled if layer.file.default), None)
        default = Verdict(setting.file.default) if setting and setting.file.default else Verdict.ASK
        line = setting.document.key_place(("default",)).line if setting else 0
        book = RuleBook(
            layers=compiled,
            default=default,
            default_file=setting.name if setting else "built-in",
            default_line=line,
        )
        return cls(compiled=compiled, book=book)

    @property
    def layers(self) -> dict[str, str]:
        """The text of each layer by name, nearest first."""
        return {layer.name: layer.text for layer in self.compiled}

    @property
    def hash(self) -> str:
        """SHA-256 over all layers, in hexadecimal."""
        return hashlib.sha256(json.dumps(list(self.layers.items())).encode()).hexdigest()

    @property
    def network(self) -> tuple[str, ...]:
        """The hosts that any layer lets through; the plan's own list is met with them."""
        return tuple(dict.fromkeys(host for layer in self.compiled for host in layer.file.network.allow))

    def for_task(self, paths: Sequence[str]) -> Policy:
        """The same policy for a task that may change these paths of the repository; none: any."""
        if not paths:
            return self
        bound = glob_regex(paths, with_directory=True)
        return replace(self, book=replace(self.book, task=(*self.book.task, bound)))

    def judge_command(self, script: str, *, role: str, cwd: str = WORKSPACE) -> Decision:
        """Judge a shell script that is to run in a directory. Never raises."""
        return self._met(role, lambda each: judge_script(self.book, script, role=each, cwd=cwd))

    def scripts_named(self, script: str, *, cwd: str = WORKSPACE) -> tuple[str | None, ...]:
        """The absolute paths of the code that the commands of a script name, None for what can't be known."""
        return scripts_named(self.book, script, cwd=cwd)

    def judge_edit(self, path: str, *, role: str) -> Decision:
        """Judge a file's path that the edit tool is to write; relative paths are the workspace's."""
        return Decision(parts=(self._edit(path, role).part(path),))

    def _edit(self, path: str, role: str) -> Finding:
        if not path or any(is_unsafe(char) for char in path):
            return fixed(Verdict.DENY, "path", "it is empty or holds a character that no path should")
        if not is_workspace_path(resolve(path, WORKSPACE)):
            why = f"the {role}'s edits stay in the workspace"
            return fixed(Verdict.DENY, "outside", why, instead="a path below /workspace")
        judge, context = PathJudge(book=self.book), Context(cwds=frozenset({WORKSPACE}))
        findings = [*judge.mentioned(Word(path), context), *judge.written(Word(path), context)]
        return max(findings, key=lambda finding: finding.verdict.strictness)

    def looser_than_standard(self) -> tuple[str, ...]:
        """What this policy allows that the preset `standard` does not: a line for each, empty if it is as tight."""
        from policies.explain import looser_than_standard
        from policies.loader import preset

        return looser_than_standard(self, preset("standard"))

    def judge_changes(self, changes: Sequence[Change], *, role: str, known: Known | None = None) -> Decision:
        """Judge a whole diff before it may land; `known` finds values in it that are known to be secret."""
        from policies.changes import judge_changes
        from policies.secrets import no_known

        return self._met(role, lambda each: judge_changes(self.compiled, changes, role=each, known=known or no_known))

    def acting_for(self, *roles: str) -> Policy:
        """The same policy in the hands of somebody who was started for these roles: its meet with theirs."""
        return replace(self, parents=(*self.parents, *roles))

    def _met(self, role: str, judge: Callable[[str], Decision]) -> Decision:
        """The judgement as a role's, and as that of each role that it acts for."""
        decision = own = judge(role)
        for parent in dict.fromkeys(self.parents):
            theirs = judge(parent).parts
            parts = (p if p in own.parts else replace(p, why=f"{p.why}; it acts for the role {parent}") for p in theirs)
            decision = meet(decision, Decision(parts=tuple(parts)))
        return decision
