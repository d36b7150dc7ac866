"""Which names an agent may bring: every path of a snapshot passes here before anything is made of it."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 4096
MAX_DEPTH = 200
"""Deeper trees are no work of a human's hand, and trouble for tools that recurse."""


class Refusal(StrEnum):
    """Why a path of a snapshot was not taken; the text is fit for the agent to read."""

    EMPTY = "the path has an empty part"
    ABSOLUTE = "the path is absolute"
    DOTS = "the path has `.` or `..` in it"
    TOO_LONG = "the path is longer than git repositories can bear"
    CONTROL = "the name has control characters"
    DOT_GIT = "a part of the path is spelled like .git on some file system"
    GITMODULES = ".gitmodules may not be changed"
    GITATTRIBUTES = ".gitattributes may not be changed"
    LINK_ABSOLUTE = "the link points to an absolute path"
    LINK_LEAVES = "the link points out of the tree"
    LINK_DOT_GIT = "the link points into .git"
    LINK_MALFORMED = "the link's text is empty, too long or has control characters"
    SPECIAL = "it is neither a file nor a link (socket, pipe or device)"
    NESTED = "it is a repository of its own"
    PRIVILEGED = "the file has a setuid, setgid or sticky bit"
    FILE_TOO_LARGE = "the file is larger than the limit"
    TOO_MANY_FILES = "more files were changed than the limit"
    TOO_MANY_BYTES = "more bytes were changed than the limit"
    TWICE = "the path came twice in one snapshot"
    CASE = "another name differs from it in case only"
    IN_THE_WAY = "a directory and a file can't have the same name"
    SUBMODULE = "it is a submodule, or inside of one"


_HFS_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_SHORT_NAMES = {
    re.compile(r"git~\d+"): Refusal.DOT_GIT,
    re.compile(r"(?:gitmod~\d+|gi7eb[0-9a-f~]*\d*)"): Refusal.GITMODULES,
    re.compile(r"(?:gitatt~\d+|gi7d2[0-9a-f~]*\d*)"): Refusal.GITATTRIBUTES,
}
_NAMES = {".git": Refusal.DOT_GIT, ".gitmodules": Refusal.GITMODULES, ".gitattributes": Refusal.GITATTRIBUTES}


def refuse_path(path: bytes) -> Refusal | None:
    """Why a path may not be brought in, whatever is there; None if it may."""
    if path.startswith(b"/"):
        return Refusal.ABSOLUTE
    parts = path.split(b"/")
    if len(path) > MAX_PATH_BYTES or len(parts) > MAX_DEPTH:
        return Refusal.TOO_LONG
    return next((reason for part in parts if (reason := _refuse_part(part))), None)


def refuse_link(path: bytes, text: bytes) -> Refusal | None:
    """Why a link at `path` with this text may not be brought in; None if it stays in the tree.

    `..` counts only at the start: after a name it would be resolved from wherever that name's own link leads.
    """
    if not text or len(text) > MAX_PATH_BYTES or _has_control(text):
        return Refusal.LINK_MALFORMED
    if text.startswith(b"/"):
        return Refusal.LINK_ABSOLUTE
    parts = [part for part in text.split(b"/") if part not in {b"", b"."}]
    climbs = next((count for count, part in enumerate(parts) if part != b".."), len(parts))
    if climbs > path.count(b"/") or b".." in parts[climbs:]:
        return Refusal.LINK_LEAVES
    if any(_special_name(part) is Refusal.DOT_GIT for part in parts):
        return Refusal.LINK_DOT_GIT
    return None


def fold(name: bytes) -> str:
    """What a name is the same as, on a file system that ignores case and Unicode composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", _text(name)).casefold())


def _refuse_part(part: bytes) -> Refusal | None:
    if not part:
        return Refusal.EMPTY
    if part in {b".", b".."}:
        return Refusal.DOTS
    if len(part) > MAX_COMPONENT_BYTES:
        return Refusal.TOO_LONG
    # The git directory's spellings first: characters that hide it are the better reason.
    return _special_name(part) or (Refusal.CONTROL if _has_control(part) else None)


def _special_name(part: bytes) -> Refusal | None:
    """Whether HFS+, NTFS or a case-folding file system would take this for one of git's own names."""
    text = unicodedata.normalize("NFKC", _text(part)).translate(_HFS_IGNORED).casefold()
    for piece in re.split(r"[\\/]", text):
        # NTFS drops trailing dots and spaces, and what follows a colon names a stream of the same file.
        name = piece.split(":", 1)[0].rstrip(". ")
        if name in _NAMES:
            return _NAMES[name]
        for pattern, reason in _SHORT_NAMES.items():
            if pattern.fullmatch(name):
                return reason
        if piece == "..":
            return Refusal.DOTS
    return None


def _has_control(name: bytes) -> bool:
    return any(unicodedata.category(char) == "Cc" for char in _text(name))


def _text(name: bytes) -> str:
    return name.decode("utf-8", errors="surrogateescape")
