"""Judge the paths that a command names: what it writes, what it reads, and secrets that it mentions anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from policies.engine.globs import WILD, may_name, spelt
from policies.paths import HOME, WORKSPACE, is_inside, resolve
from policies.rules import Finding, RuleBook, fixed
from policies.shell.items import Context
from policies.shell.words import UNKNOWN, Word
from policies.verdict import Verdict

MOST_WILDCARDS = 50
"""More in one word than anybody writes, and than can be held against every secret in no time."""

_INSTEAD = "write below /workspace or /tmp"
_ABSOLUTE = "a path that begins with /workspace or /tmp"
_UP = re.compile(r"/\.\.(?:/|$)")
_PIECES = re.compile(r"[=:,@]")
_SECRET_PATHS = re.compile(r"(?:[~/][\w.@+~-]*)+(?:/[\w.@+~*-]+)*|(?<![\w.])\.env(?![\w.])|\bid_(?:rsa|ed25519)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathJudge:
    """Applies the path rules of all layers."""

    book: RuleBook

    def written(self, word: Word, context: Context, *, into: bool = False, delete: bool = False) -> list[Finding]:
        """A word whose path is created, changed or removed; `into`: or is a directory that gets something new in it."""
        if not word.static:
            return [self._unknown_target(word)]
        found = [self._written_from(word, cwd, into=into, delete=delete) for cwd in context.cwds]
        found += [outside for cwd in context.cwds if (outside := self._outside_task(word, cwd)) is not None]
        return [max(found, key=lambda finding: finding.verdict.strictness)]

    def kept(self, context: Context) -> list[Finding]:
        """A cache or a record that a program keeps in the directory where it runs: no change of the task's."""
        return [self._written_from(Word("."), cwd, into=True, delete=False) for cwd in context.cwds]

    def _outside_task(self, word: Word, cwd: str | None) -> Finding | None:
        path = resolve(at_home(word.text), cwd)
        if not self.book.task or path is None or not is_workspace_path(path):
            return None
        found = self.book.outside_task(path)
        why = f"{path} is not among what the task may change"
        return replace(found, why=why, instead="a path of the task, or /tmp") if found is not None else None

    def _unknown_target(self, word: Word) -> Finding:
        start = word.text.partition(UNKNOWN)[0]
        if start.startswith("/") and (found := self.book.glob("paths.write", resolve(start + "x", None) or "")) is None:
            return fixed(Verdict.DENY, "paths.write", f"nothing allows writing to {start}...", instead=_INSTEAD)
        elif start.startswith("/") and found is not None and found.verdict is Verdict.DENY:
            return found
        why = "where it writes can't be known before it runs"
        return fixed(Verdict.ASK, "write-dynamic", why, instead="name the path itself")

    def _written_from(self, word: Word, cwd: str | None, *, into: bool, delete: bool) -> Finding:
        path = resolve(at_home(word.text), cwd)
        if path is None:
            return fixed(Verdict.ASK, "write-dynamic", "the directory it runs in can't be known", instead=_ABSOLUTE)
        if path == WORKSPACE and not into:
            return fixed(Verdict.DENY, "workspace-root", "the workspace itself may not be removed or replaced")
        if word.glob and (refused := self._glob_fault(path, delete=delete)) is not None:
            return refused
        found = self.book.glob("paths.write", path) if path != WORKSPACE else None
        if found is None and into:
            # What is new in a directory lies below it.
            found = self.book.glob("paths.write", path.rstrip("/") + "/x")
        if found is None:
            return fixed(Verdict.DENY, "paths.write", f"nothing allows writing to {path}", instead=_INSTEAD)
        why = found.why or {"allow": "it may be written", "ask": "a human decides", "deny": "it may not be written"}
        text = why if isinstance(why, str) else f"{path}: {why[found.verdict]}"
        return Finding(
            verdict=found.verdict,
            rule=found.rule,
            file=found.file,
            line=found.line,
            why=text,
            instead=_INSTEAD if found.verdict is Verdict.DENY else None,
        )

    def _glob_fault(self, path: str, *, delete: bool) -> Finding | None:
        segments = path.split("/")
        for segment in segments:
            if WILD.search(segment) and segment[0] in ".[" and fnmatchcase(".git", segment.lower()):
                return fixed(Verdict.DENY, "glob", f"{segment!r} can match .git", instead="name the files")
        below = path.removeprefix(f"{WORKSPACE}/").split("/")
        if delete and not any(spelt(segment.replace(".", "")) for segment in below):
            why = "it removes whatever the workspace holds"
            return fixed(Verdict.DENY, "workspace-root", why, instead="name what to remove")
        return None

    def read(self, word: Word, context: Context) -> list[Finding]:
        """A word whose path is read."""
        return [
            finding
            for cwd in context.cwds
            if (path := resolve(at_home(word.text), cwd)) is not None
            if (finding := self._read_rule(path)) is not None
        ]

    def _read_rule(self, path: str) -> Finding | None:
        found = self.book.glob("paths.read", path)
        if found is None:
            return None
        whys = {"allow": "it may be read", "ask": "it lies outside of the work", "deny": "it may hold secrets"}
        why = f"{path}: {whys[found.verdict]}"
        return Finding(verdict=found.verdict, rule=found.rule, file=found.file, line=found.line, why=why)

    def mentioned(self, word: Word, context: Context) -> list[Finding]:
        """A word of any kind: denied if a part of it is a path that may not be read."""
        for piece in _pieces(word):
            for cwd in context.cwds:
                path = resolve(piece, cwd if cwd is not None else WORKSPACE)
                found = self._read_rule(path) if path else None
                if found is not None and found.verdict is Verdict.DENY:
                    return [found]
        return self._expanded(word, context) if word.glob else []

    def _expanded(self, word: Word, context: Context) -> list[Finding]:
        """A word with wildcards, which expands to paths that are there."""
        secrets = self.book.denied_globs("paths.read")
        wild = WILD.search(word.text)
        if secrets and wild is not None and _UP.search(word.text, wild.end()):
            why = "`..` behind a wildcard leads out of whatever that matches, a link too"
            return [fixed(Verdict.ASK, "glob", why, instead="name the directory")]
        if len(WILD.findall(word.text)) > MOST_WILDCARDS:
            why = f"what more than {MOST_WILDCARDS} wildcards in one word match is not looked into"
            return [fixed(Verdict.ASK, "glob", why, instead="name the files")]
        for cwd in context.cwds:
            path = resolve(word.text, cwd if cwd is not None else WORKSPACE) or ""
            met = next((secret for secret in secrets if may_name(path, secret.glob)), None)
            if met is not None:
                sure = any(spelt(segment.lstrip(".")) for segment in path.split("/") if WILD.search(segment))
                why = f"{word.text!r} can match {met.glob}, which may hold secrets"
                verdict = Verdict.DENY if sure else Verdict.ASK
                return [Finding(verdict=verdict, rule=met.name, file=met.file, line=met.line, why=why)]
        return []

    def named_in(self, code: str) -> list[Finding]:
        """Code in which a path that may not be read stands literally."""
        for found in _SECRET_PATHS.finditer(code):
            findings = self.mentioned(Word(found[0]), Context(cwds=frozenset({WORKSPACE})))
            if findings:
                return findings
        return []


def _pieces(word: Word) -> Iterator[str]:
    text = word.text
    for part in text.split(UNKNOWN) if not word.static else (text,):
        part = part if part is text else part.lstrip("/") or part
        yield at_home(part)
        if part.startswith("-") and len(part) > 2:
            yield at_home(part[2:])
        if _PIECES.search(part):
            yield from (at_home(piece) for piece in _PIECES.split(part) if piece)


def at_home(piece: str) -> str:
    """A path with the agent's home in the place of a leading `~`, which the shell may or may not have left."""
    return HOME + piece[1:] if piece == "~" or piece.startswith("~/") else piece


def is_workspace_path(path: str | None) -> bool:
    """Whether a resolved path lies in the workspace; a path that can't be known does not."""
    return path is not None and is_inside(path, WORKSPACE)
