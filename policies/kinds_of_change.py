"""What may be said of a changed file besides its path: each kind of rule looks at it in its own way."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from policies.changed import REGULAR, SYMLINK, Change
from policies.licence import is_licence_file, lost_lines
from policies.printable import printable
from policies.secrets import Known, Secret, find_secrets, strings_of

_EXECUTABLE = 0o111
_MOST_PLACES = 5
_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at one file needs to know of the rest: values that are secret, and lines that were taken away."""

    known: Known
    moved: Collection[str]


def leads_outside(path: bytes, target: bytes) -> str | None:
    """Why a symbolic link may not land in any repository; None where it stays in its tree.

    `..` counts only at the start: behind a name it would be resolved from wherever that name's own link leads.
    """
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    climbs = next((count for count, part in enumerate(parts) if part != b".."), len(parts))
    if target.startswith(b"/") or climbs > path.count(b"/") or b".." in parts[climbs:]:
        return f"the link leads out of the repository, to {_quoted(target)}"
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if any(part.lower() == b".git" for part in reached.split(b"/")):
        return f"the link leads into .git, to {_quoted(target)}"
    return None


def _secrets(change: Change, look: Look) -> Iterator[str]:
    if change.status == "deleted":
        return
    name = change.path.decode(errors="backslashreplace")
    if any(find_secrets(name, look.known)):
        yield "its name may hold a secret"
    text = strings_of(change.after()) if change.binary else change.added_text
    places = [_place(change, name, found) for found in islice(find_secrets(text, look.known, moved=look.moved), 99)]
    if places:
        more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
        where = "its bytes" if change.binary else "an added line"
        yield f"{where} may hold a secret: {', '.join(places[:_MOST_PLACES])}{more}"


def _place(change: Change, name: str, found: Secret) -> str:
    line = 0 if change.binary else change.line(found.index)
    return f"{printable(name)}:{line} ({found.kind})" if line else found.kind


def _binary(change: Change, _: Look) -> Iterator[str]:
    if change.binary and change.kind == REGULAR:
        yield f"it is no text, and nobody can review its {len(change.after())} bytes"


def _modes(change: Change, _: Look) -> Iterator[str]:
    if change.kind == REGULAR:
        before, after = change.old_mode & _EXECUTABLE, change.new_mode & _EXECUTABLE
        if after and not before:
            yield "it becomes executable"
        elif before and not after:
            yield "it is no longer executable"


def _symlinks(change: Change, _: Look) -> Iterator[str]:
    if change.kind == SYMLINK:
        yield f"it is a symbolic link to {_quoted(change.after())}"


def _licence(change: Change, _: Look) -> Iterator[str]:
    if change.status != "added" and is_licence_file(change.path):
        yield f"the licence is {change.status}"
    old = change.status == "modified" or change.moved_from is not None
    if old and change.kind == REGULAR and (lost := lost_lines(change.before(), change.after())):
        yield f"its licence header lost {_quoted(lost[0].encode())}" + (
            f" and {len(lost) - 1} more lines" if len(lost) > 1 else ""
        )


def _quoted(text: bytes) -> str:
    shown = printable(text.decode(errors="backslashreplace"))
    return repr(shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}...")


LOOKS: Mapping[str, Callable[[Change, Look], Iterator[str]]] = {
    "secrets": _secrets,
    "binary": _binary,
    "modes": _modes,
    "symlinks": _symlinks,
    "licence": _licence,
}
"""By the key of a rule: what is seen at a file that the rule is about, nothing where the file is as it should be."""
