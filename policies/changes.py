"""Judge a diff before it may land: which files it touches, how large it is, and whether it carries secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from policies.file import ChangeRule
from policies.layer import Layer
from policies.paths import glob_regex
from policies.printable import printable
from policies.rules import Finding, fixed
from policies.secrets import find_secret
from policies.verdict import Decision, Part, Verdict

_GITLINK = 0o160000
_SYMLINK = 0o120000
_REGULAR = 0o100000
_TYPE = 0o170000
_SPECIAL_BITS = 0o7000


class ChangedFile(Protocol):
    """What is looked at of a changed file; `Change` is the plainest one."""

    @property
    def path(self) -> bytes:
        """Its path within the repository."""
        ...

    @property
    def status(self) -> str:
        """`added`, `modified` or `deleted`."""
        ...

    @property
    def new_mode(self) -> int:
        """Its mode as git has it, 0 where it is deleted."""
        ...

    @property
    def added_lines(self) -> int:
        """How many lines were added."""
        ...

    @property
    def removed_lines(self) -> int:
        """How many lines were removed."""
        ...

    @property
    def added_text(self) -> str:
        """The added lines."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file of a diff; modes are git's, 0 where there is no file; `added_text` is what the added lines hold."""

    path: bytes
    status: Literal["added", "modified", "deleted"]
    old_mode: int
    new_mode: int
    added_lines: int
    removed_lines: int
    binary: bool
    added_text: str


def judge_changes(layers: Sequence[Layer], changes: Sequence[ChangedFile], *, role: str) -> Decision:
    """Judge a diff by the `changes` rules of all layers: each speaks, the strictest verdict holds."""
    parts = [_file(layers, change, role) for change in changes]
    parts += [part for layer in layers for part in _sizes(layer, changes, role)]
    if not parts:
        parts = [fixed(Verdict.ALLOW, "nothing", "nothing changed").part("the change")]
    return Decision(parts=tuple(parts))


def _file(layers: Sequence[Layer], change: ChangedFile, role: str) -> Part:
    findings = [*_fixed(change), *(found for layer in layers for found in _by_rules(layer, change, role))]
    allowed = fixed(Verdict.ALLOW, "changes", "no rule is about this file")
    decided = max(findings, key=lambda finding: finding.verdict.strictness, default=allowed)
    return decided.part(_shown(change.path))


def _shown(path: bytes) -> str:
    return printable(path.decode(errors="backslashreplace"))


def _fixed(change: ChangedFile) -> Iterator[Finding]:
    """What no policy lets land: links to other repositories, special files, and anything of git's own."""
    kind = change.new_mode & _TYPE
    if kind == _GITLINK:
        yield fixed(Verdict.DENY, "gitlink", "it is a link to another repository")
    elif change.new_mode and kind not in (_REGULAR, _SYMLINK):
        yield fixed(Verdict.DENY, "file-type", f"it is no file or symbolic link (mode {change.new_mode:o})")
    elif change.new_mode & _SPECIAL_BITS:
        yield fixed(Verdict.DENY, "file-mode", "it is setuid, setgid or sticky")
    if any(segment.lower() == b".git" for segment in change.path.split(b"/")):
        yield fixed(Verdict.DENY, "git-directory", "it lies in a .git directory")


def _by_rules(layer: Layer, change: ChangedFile, role: str) -> Iterator[Finding]:
    for at, rule in enumerate(layer.file.changes):
        if rule.roles is not None and role not in rule.roles:
            continue
        for verdict, globs in ((Verdict.DENY, rule.deny), (Verdict.ASK, rule.ask)):
            glob = next((glob for glob in globs or () if _matches(glob, change.path)), None)
            if glob is not None:
                yield _finding(layer, at, verdict, f"{verdict}: {glob}", rule.why or "")
        if rule.secrets in ("deny", "ask") and (kind := _secret(change)) is not None:
            why = f"an added line may hold a secret: {kind}"
            yield _finding(layer, at, Verdict(rule.secrets), f"secrets: {rule.secrets}", why)


def _secret(change: ChangedFile) -> str | None:
    return find_secret(change.added_text) if change.status != "deleted" else None


def _matches(glob: str, path: bytes) -> bool:
    # Bytes that are no UTF-8 stay apart from one another; a restriction holds in any case.
    matcher = glob_regex([glob], with_directory=True, root="")
    return re.fullmatch(matcher.pattern, "/" + path.decode(errors="surrogateescape"), re.IGNORECASE) is not None


def _sizes(layer: Layer, changes: Sequence[ChangedFile], role: str) -> Iterator[Part]:
    lines = sum(change.added_lines + change.removed_lines for change in changes)
    for at, rule in enumerate(layer.file.changes):
        if rule.max is None or (rule.roles is not None and role not in rule.roles):
            continue
        for unit, count, most in (("files", len(changes), rule.max.files), ("lines", lines, rule.max.lines)):
            if most is not None and count > most:
                why = f"it changes {count} {unit}, more than {most}"
                yield _finding(layer, at, Verdict.ASK, f"max: {unit}", why).part("the change")


def _finding(layer: Layer, at: int, verdict: Verdict, rule: str, why: str) -> Finding:
    written: ChangeRule = layer.file.changes[at]
    line = layer.document.value_place(("changes", at)).line
    return Finding(
        verdict=verdict, rule=f"changes {rule}", file=layer.name, line=line, why=why or written.why or "a rule says so"
    )
