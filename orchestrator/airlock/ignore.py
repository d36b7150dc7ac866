"""The .gitignore rules, evaluated over their text; hostile patterns can't cost more than a bounded time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

MAX_RULES = 1000
"""Lines of one .gitignore that count; further ones are not looked at."""

MAX_LINE_CHARACTERS = 200
MAX_WILDCARDS = 3
MAX_COSTLY_RULES = 20
"""A pattern becomes a regular expression, whose worst time grows with the path's length to the number of its
wildcards. A line beyond these bounds is not looked at: the file is kept and seen rather than dropped."""

MAX_SECONDS = 5.0
"""After so much time on one snapshot no further path is called ignored."""

_MAX_MATCHED_BYTES = 1024
_COSTLY_WILDCARDS = 3

ReadIgnore = Callable[[bytes], bytes | None]
"""The text of the .gitignore in a directory (`b""` is the root), or None if there is none."""


class Ignore:
    """Tells which paths the .gitignore files of a tree name; the caller leaves out what is tracked already."""

    def __init__(self, read: ReadIgnore) -> None:
        self._read = read
        self._rules: dict[bytes, _Rules | None] = {}
        self._directories: dict[bytes, bool] = {b"": False}
        self._spent_seconds = 0.0

    def ignores(self, path: bytes) -> bool:
        """Whether a file at this path is ignored, by itself or with a directory above it."""
        parent = path.rpartition(b"/")[0]
        return self.ignores_directory(parent) or self._names(path, parent)

    def ignores_directory(self, directory: bytes) -> bool:
        """Whether a directory is ignored, by itself or with one above it."""
        if directory not in self._directories:
            parent = directory.rpartition(b"/")[0]
            self._directories[directory] = self.ignores_directory(parent) or self._names(directory + b"/", parent)
        return self._directories[directory]

    def _names(self, path: bytes, directory: bytes) -> bool:
        """What the nearest .gitignore that has an opinion says; a path with a trailing slash is a directory."""
        while True:
            verdict = self._verdict(path, directory)
            if verdict is not None:
                return verdict
            if not directory:
                return False
            directory = directory.rpartition(b"/")[0]

    def _verdict(self, path: bytes, directory: bytes) -> bool | None:
        if directory not in self._rules:
            text = self._read(directory)
            self._rules[directory] = _Rules(text) if text else None
        rules = self._rules[directory]
        if rules is None or self._spent_seconds > MAX_SECONDS:
            return None
        begun = time.monotonic()
        verdict = rules.verdict(path[len(directory) + 1 :] if directory else path)
        self._spent_seconds += time.monotonic() - begun
        return verdict


class _Rules:
    """One .gitignore; its patterns are the library's, the way from one to the next is git's."""

    def __init__(self, text: bytes) -> None:
        from pathspec import GitIgnoreSpec

        lines = [line.removesuffix(b"\r").decode(errors="surrogateescape") for line in text.split(b"\n")[:MAX_RULES]]
        patterns = GitIgnoreSpec.from_lines(_affordable(lines)).patterns
        self._rules = [
            (pattern.include, pattern.regex)
            for pattern in reversed(list(patterns))
            if pattern.include is not None and pattern.regex is not None
        ]

    def verdict(self, relative: bytes) -> bool | None:
        """What the last pattern that names this very path says; None if there is none."""
        if len(relative) > _MAX_MATCHED_BYTES:
            return None
        path = relative.decode(errors="surrogateescape")
        return next((include for include, regex in self._rules if _names_itself(regex.search(path), path)), None)


def _names_itself(match: re.Match[str] | None, path: str) -> bool:
    """Whether a pattern matched the path, and not only a directory above it, for which git asks apart."""
    if match is None:
        return False
    # The library marks the slash of the directory that a pattern named.
    mark = match.start("ps_d") if "ps_d" in match.re.groupindex else -1
    if mark >= 0:
        return mark == len(path) - 1
    return match.end() < len(path) or not path.endswith("/")


def _affordable(lines: list[str]) -> Iterator[str]:
    """The lines that are short, simple and well-formed enough to be looked at."""
    costly = 0
    for line in lines:
        wildcards = line.count("*") - line.count("**")
        costly += wildcards >= _COSTLY_WILDCARDS
        too_much = wildcards > MAX_WILDCARDS or (wildcards >= _COSTLY_WILDCARDS and costly > MAX_COSTLY_RULES)
        # The library takes `a/**/`, the directories below `a`, for `a` itself.
        odd = line.rstrip().endswith("**/")
        if len(line) <= MAX_LINE_CHARACTERS and not too_much and not odd and _well_formed(line):
            yield line


def _well_formed(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:  # git skips a malformed pattern too
        return False
    return True
