"""A unified diff in colour; its content is an agent's and is made harmless."""

from __future__ import annotations

from rich.text import Text

from orchestrator.views.styles import BAD, GOOD, HEADING
from orchestrator.views.words import TAB_COLUMNS
from policies.printable import printable

_STYLES = (
    ("diff --git ", HEADING),
    ("index ", HEADING),
    ("--- ", HEADING),
    ("+++ ", HEADING),
    ("@@", "cyan"),
    ("+", GOOD),
    ("-", BAD),
)


def diff_view(patch: bytes) -> Text:
    """The patch, a style for each kind of line."""
    shown = Text()
    in_head = True
    for raw in patch.removesuffix(b"\n").split(b"\n"):
        line = raw.decode(errors="replace").expandtabs(TAB_COLUMNS)
        in_head = line.startswith("diff --git ") or (in_head and not line.startswith("@@"))
        if in_head and line.startswith("index "):
            continue  # two object ids that no reader needs, wider than a terminal
        shown.append(f"{printable(line)}\n", style=_style(line, in_head=in_head))
    shown.rstrip()
    return shown


def _style(line: str, *, in_head: bool) -> str:
    # A removed line that begins with `--` looks like a file's name, so the two are told apart by where they stand.
    for start, style in _STYLES:
        if line.startswith(start) and (style != HEADING or in_head):
            return style
    return ""
