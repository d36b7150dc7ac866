"""Judge a diff before it may land: every rule of every layer on every file of it, and on the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from policies.changed import GITLINK, REGULAR, SYMLINK, Change
from policies.file import ChangeRule, Most
from policies.kinds_of_change import LOOKS, Look, leads_outside
from policies.layer import Layer
from policies.paths import glob_regex
from policies.printable import printable
from policies.rules import Finding, fixed
from policies.secrets import Known, no_known
from policies.tests_lost import tests_lost
from policies.verdict import Decision, Part, Verdict

_SPECIAL_BITS = 0o7000
_WHOLE = "the change"

_Said: TypeAlias = tuple[Change | None, str, str]
"""What a rule says: of which file, None for all of the change; by which of its keys; and what was seen."""


def judge_changes(
    layers: Sequence[Layer], changes: Sequence[Change], *, role: str, known: Known = no_known
) -> Decision:
    """Judge a diff by the `changes` rules of all layers: each speaks, the strictest verdict holds.

    A part for each finding on a file, or one that says that there is none. `known` finds values that are secret.
    """
    removed = (line.strip() for change in changes for line in change.removed_text.split("\n"))
    judge = _Judge(changes=changes, role=role, look=Look(known=known, moved=frozenset(removed)))
    for layer in layers:
        for at, rule in enumerate(layer.file.changes):
            if rule.roles is None or role in rule.roles:
                judge.rule(layer, at, rule)
    return Decision(parts=tuple(judge.parts()))


@dataclass(slots=True, kw_only=True)
class _Judge:
    """A diff, and what was found about each of its files by path, and about all of it."""

    changes: Sequence[Change]
    role: str
    look: Look
    whole: list[Finding] = field(default_factory=list)
    by_path: dict[bytes, list[Finding]] = field(default_factory=dict)

    def rule(self, layer: Layer, at: int, rule: ChangeRule) -> None:
        """Note what a rule says."""
        mine = [change for change in self.changes if not _matched(rule.unless, change.path, lifts=True)]
        for verdict in (Verdict.DENY, Verdict.ASK):
            for change, name, why in self._said(rule, verdict, mine):
                finding = _finding(layer, at, verdict, name, why)
                if change is None:
                    self.whole.append(finding)
                else:
                    self.by_path.setdefault(change.path, []).append(finding)

    def _said(self, rule: ChangeRule, verdict: Verdict, changes: Sequence[Change]) -> Iterator[_Said]:
        globs: Sequence[str] | None = getattr(rule, verdict)
        for change in changes if globs else ():
            if (glob := _matched(globs, change.path)) is not None:
                yield change, f"{verdict}: {glob}", ""
        for kind, looks in LOOKS.items():
            if getattr(rule, kind) == verdict:
                yield from (
                    (change, f"{kind}: {verdict}", why) for change in changes for why in looks(change, self.look)
                )
        if rule.tests == verdict:
            yield from ((change, f"tests: {verdict}", why) for change, why in tests_lost(changes))
        if rule.max is not None and verdict is Verdict.ASK:
            yield from _over(rule.max, changes)

    def parts(self) -> Iterator[Part]:
        """The files in their order, what is strictest of each first; then what is about the whole."""
        allowed = fixed(Verdict.ALLOW, "changes", "no rule is about this file")
        for change in self.changes:
            findings = [*_fixed(change), *self.by_path.get(change.path, ())]
            findings.sort(key=lambda finding: -finding.verdict.strictness)
            for finding in dict.fromkeys(findings or [allowed]):
                yield finding.part(_shown(change.path))
        for finding in self.whole:
            yield finding.part(_WHOLE)
        if not self.changes:
            yield fixed(Verdict.ALLOW, "nothing", "nothing changed").part(_WHOLE)


def _over(most: Most, changes: Sequence[Change]) -> Iterator[_Said]:
    lines = sum(change.added_lines + change.removed_lines for change in changes)
    for unit, count, limit in (("files", len(changes), most.files), ("lines", lines, most.lines)):
        if limit is not None and count > limit:
            yield None, f"max: {unit}", f"it changes {count} {unit}, more than {limit}"
    for change in changes if most.file_bytes is not None else ():
        if change.kind == REGULAR and (size := len(change.after())) > (most.file_bytes or 0):
            yield change, "max: file_bytes", f"it has {size} bytes, more than {most.file_bytes}"


def _shown(path: bytes) -> str:
    return printable(path.decode(errors="backslashreplace"))


def _fixed(change: Change) -> Iterator[Finding]:
    """What no policy lets land: links that leave the repository, special files, and anything of git's own."""
    if change.kind == GITLINK:
        yield fixed(Verdict.DENY, "gitlink", "it is a link to another repository")
    elif change.new_mode and change.kind not in (REGULAR, SYMLINK):
        yield fixed(Verdict.DENY, "file-type", f"it is no file or symbolic link (mode {change.new_mode:o})")
    elif change.new_mode & _SPECIAL_BITS:
        yield fixed(Verdict.DENY, "file-mode", "it is setuid, setgid or sticky")
    elif change.kind == SYMLINK and (why := leads_outside(change.path, change.after())) is not None:
        yield fixed(Verdict.DENY, "symlink", why)
    if any(segment.lower() == b".git" for segment in change.path.split(b"/")):
        yield fixed(Verdict.DENY, "git-directory", "it lies in a .git directory")


@cache
def _matcher(glob: str, *, lifts: bool) -> re.Pattern[str]:
    matcher = glob_regex([glob], with_directory=not lifts, root="")
    # A restriction holds in any case, since a file system may ignore it; what lifts one is taken as it is written.
    return matcher if lifts else re.compile(matcher.pattern, re.IGNORECASE)


def _matched(globs: Sequence[str] | None, path: bytes, *, lifts: bool = False) -> str | None:
    """The first glob that matches a path; bytes that are no UTF-8 stay apart from one another."""
    text = "/" + path.decode(errors="surrogateescape")
    return next((glob for glob in globs or () if _matcher(glob, lifts=lifts).fullmatch(text)), None)


def _finding(layer: Layer, at: int, verdict: Verdict, rule: str, why: str) -> Finding:
    """A finding of a rule: what was seen, then the reason that stands in the file."""
    reasons = [reason for reason in (why, layer.file.changes[at].why) if reason]
    line = layer.document.value_place(("changes", at)).line
    why = ": ".join(reasons) or "a rule says so"
    return Finding(verdict=verdict, rule=f"changes {rule}", file=layer.name, line=line, why=why)
