"""Here-documents: their delimiters, and where their bodies end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.shell.refusal import unparsable

_OPENING = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n$`\\]+)\"|(\\?)([A-Za-z0-9_.+:%@-]+))(?=[ \t\n;|&)<>]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A here-document whose body begins behind the line; `depth` is how deep the scanner stood where it was opened.

    `substituted`: it stands in a substitution, which its body could close.
    """

    name: str
    opening: str
    delimiter: str
    quoted: bool
    strips_tabs: bool
    depth: int
    substituted: bool


def opened(text: str, at: int, *, name: str, depth: int, substituted: bool) -> Pending:
    """The here-document that opens at a place.

    Raises:
        Unreadable: its delimiter is more than a plain or quoted word.

    """
    found = _OPENING.match(text, at)
    if found is None:
        raise unparsable("a here-document whose delimiter is no plain word", instead="delimit it by 'EOF'")
    return Pending(
        name=name,
        opening=found[0],
        delimiter=found[2] or found[3] or found[5],
        quoted=found[5] is None or bool(found[4]),
        strips_tabs=found[1] == "-",
        depth=depth,
        substituted=substituted,
    )


def body(text: str, at: int, pending: Pending) -> tuple[list[str], int]:
    """The lines of a body that begins at a place, and the place behind its delimiter.

    Raises:
        Unreadable: the delimiter does not come, or not surely.

    """
    lines: list[str] = []
    while at < len(text):
        line, at = _line(text, at, joined=not pending.quoted)
        line = line.lstrip("\t") if pending.strips_tabs else line
        if line == pending.delimiter:
            return lines, at
        if pending.substituted and line.startswith(pending.delimiter) and ")" in line:
            # Bash takes `EOF)` for the end of both.
            raise unparsable("a here-document's end that also closes a substitution", instead="put ) on its own line")
        lines.append(line)
    raise unparsable("a here-document is not closed")


def _line(text: str, at: int, *, joined: bool) -> tuple[str, int]:
    """A line; bash joins one that ends in a backslash with the next before it looks for the delimiter."""
    parts: list[str] = []
    while True:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line, at = text[at:end], min(end + 1, len(text))
        if not joined or (len(line) - len(line.rstrip("\\"))) % 2 == 0:
            return "".join([*parts, line]), at
        if at >= len(text):
            raise unparsable("a here-document is not closed")
        parts.append(line[:-1])
