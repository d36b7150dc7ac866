"""What is odd about a policy that can be loaded: rules that never decide, patterns that are not what they seem.

Only the layers of its author are looked at; of a preset, those of the one that was named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.covers import words_of
from policies.engine.names import SYSTEM_DIRECTORIES
from policies.file import CommandRule
from policies.layer import Layer, Rule
from policies.overruled import Overruled, overruled
from policies.paths import WORKSPACE, is_inside
from policies.pattern import alternatives
from policies.policy import Policy
from policies.printable import printable
from policies.verdict import Verdict
from policies.wide import free_run

_NO_NAME = re.compile(r"[=$<>;&|()\"'`{}\s]")
_SHELL_WORDS = frozenset({"&&", "||", "|", "&", ">", ">>", "<", "2>&1"})
_VARIABLE = re.compile(r"\$[A-Za-z_{]")
_ODD_GLOB = re.compile(r"^!|\$[A-Za-z_{]|\{[^{}/]*,[^{}/]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One odd thing: the rule and its place, what is odd, and what to do about it."""

    file: str
    line: int
    rule: str
    why: str
    instead: str | None = None

    def __str__(self) -> str:
        """One line, safe to print: `FILE:LINE: RULE: why; instead`."""
        hint = f"; {self.instead}" if self.instead else ""
        return printable(f"{self.file}:{self.line}: {self.rule}: {self.why}{hint}")

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "file": printable(self.file),
            "line": self.line,
            "rule": printable(self.rule),
            "why": printable(self.why),
            "instead": printable(self.instead) if self.instead is not None else None,
        }


def remarks(policy: Policy) -> tuple[Remark, ...]:
    """All that is odd, in the order of the layers and their lines."""
    from policies.loader import PRESETS

    shown = [layer for at, layer in enumerate(policy.compiled) if at == 0 or layer.name not in PRESETS]
    order = {layer.name: at for at, layer in enumerate(shown)}
    found = [_overruled(one) for one in overruled(policy, shown)]
    for layer in shown:
        found += [remark for rule in layer.each_rule() if (remark := _of_rule(policy, layer, rule)) is not None]
        found += _of_globs(layer)
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: (order[remark.file], remark.line)))


def _overruled(found: Overruled) -> Remark:
    by = found.by
    place = f" ({by.file}:{by.line})" if by.line else ""
    about = f" about {', '.join(found.names)}" if found.names else ""
    why = f"it never decides{about}, since this goes first: {by.rule}{place}"
    return Remark(file=found.rule.file, line=found.rule.line, rule=found.rule.name, why=why)


def _of_rule(policy: Policy, layer: Layer, rule: Rule) -> Remark | None:
    said = _unmatched(rule) or _too_wide(policy, layer, rule)
    if said is None:
        return None
    why, instead = said
    return Remark(file=rule.file, line=rule.line, rule=rule.name, why=why, instead=instead)


def _too_wide(policy: Policy, layer: Layer, rule: Rule) -> tuple[str, str] | None:
    command = free_run(policy, rule)
    if command is None:
        return _starred(layer, rule)
    if command in _written(layer, rule).accepts:
        return None
    narrower = f"allow what it may run, word by word; or, if this is meant, put {command!r} into its accepts"
    return f"it runs any code: {command!r} is allowed", narrower


def _starred(layer: Layer, rule: Rule) -> tuple[str, str] | None:
    """A `*` at the end, which other tools read as any arguments and this one as one word."""
    words = words_of(rule.pattern.text)
    bare = " ".join(words[:-1])
    if len(words) < 2 or words[-1] != "*" or rule.pattern.closed or bare in _written(layer, rule).rejects:
        return None
    if rule.verdict is Verdict.ALLOW:
        why = "its `*` is one word, and any arguments may follow: whatever the program does with them is allowed"
        return why, f"write the arguments that are meant; {bare!r} is as wide as this"
    return "its `*` is one word that must be there", f"{bare!r} is about any arguments, and about none"


def _unmatched(rule: Rule) -> tuple[str, str] | None:
    """A pattern that no command is like, or only one that is quoted oddly."""
    first, *rest = words_of(rule.pattern.text)
    for name in alternatives(first):
        if _NO_NAME.search(name) or name.startswith("~"):
            return f"no command is called {name!r}", "a rule is about one command: its name, then its arguments"
        if name.startswith("/"):
            directory, _, base = name.rpartition("/")
            if directory in SYSTEM_DIRECTORIES:
                return f"no command is called {name!r}: programs of the system go by their bare name", f"write {base!r}"
            if not is_inside(name, WORKSPACE):
                return f"programs outside of {WORKSPACE} and the system's directories never run", "leave it out"
    for word in rest:
        if word in _SHELL_WORDS:
            instead = "a rule is about one command; those of a script are judged one by one, redirections by `paths`"
            return f"its {word!r} is compared with an argument", instead
        if _VARIABLE.search(word):
            return f"its {word!r} is compared with arguments as they are after expansion", "write the value, or `*`"
        if word.endswith("$") and len(word) > 1:
            return f"its {word!r} is compared with an argument", "the `$` that closes a pattern is a word of its own"
    return None


def _of_globs(layer: Layer) -> Iterator[Remark]:
    for (section, _), listed in layer.globs.items():
        for _, rule in listed if section != "env" else ():
            if (odd := _ODD_GLOB.search(rule.name.partition(": ")[2])) is not None:
                why = f"its {odd[0]!r} stands for itself"
                instead = "globs have `*`, `?` and `**/` alone"
                yield Remark(file=rule.file, line=rule.line, rule=rule.name, why=why, instead=instead)


def _written(layer: Layer, rule: Rule) -> CommandRule:
    return next(
        written for written in layer.file.commands if rule.pattern.text in (getattr(written, rule.verdict.value) or ())
    )
