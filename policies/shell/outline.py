"""Where things stand in a script: what is within what, whatever the order in which the walk came upon them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from policies.shell.items import Assignment, Command, Function, Item, Redirection
from policies.verdict import Decision, Part, Placed

if TYPE_CHECKING:
    from tree_sitter import Node

    from policies.shell.scanned import Scanned

_BODIES = frozenset({"then", "do_group", "compound_statement", "case_item"})
# `{ }` is none: it changes nothing. A `for` over words is not among them, since its head is judged as an assignment.
_COMPOUND = frozenset(
    "if_statement elif_clause else_clause while_statement c_style_for_statement case_statement subshell".split()
)
_LOOPS = ("for ", "select ")
_LAST = 1 << 30


class Spot(NamedTuple):
    """A statement, redirection or assignment: where it begins, and how it reads if it holds other statements."""

    start: int
    head: str = ""
    piped: bool = False
    called: bool = False


Path: TypeAlias = tuple[Spot, ...]

CALLED = Spot(_LAST, called=True)
"""Stands between the call of a function and what its body does there."""

INNER = Spot(_LAST)
"""Stands between a command and what it runs: a script of its own, or a command that it wraps."""


class Located(NamedTuple):
    """An item with all that it stands within, outermost first; the last is its own spot."""

    item: Item
    path: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A part with its path; one that leads is what others at its spot belong to."""

    part: Part
    path: Path
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptDecision(Decision):
    """The judgement of a script, whose parts stand within each other."""

    entries: tuple[Entry, ...] = field(compare=False, repr=False)

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> ScriptDecision:
        """The judgement that some entries make together; what stands in the script more than once is one part."""
        return cls(parts=tuple(dict.fromkeys(entry.part for entry in entries)), entries=tuple(entries))

    @property
    def outline(self) -> tuple[Placed, ...]:
        """The parts in the order of the script."""
        return arranged(self.entries)


def spot_of(node: Node, scanned: Scanned, *, piped: bool) -> Spot:
    """The spot of a statement."""
    head = head_of(node, scanned) if node.type in _COMPOUND else ""
    return Spot(node.start_byte, f"| {head}" if piped and head else head, piped)


def leads(located: Located) -> bool:
    """Whether what stands within the spot of an item belongs to the item."""
    if not located.path:
        return False
    match located.item:
        case Command() | Function() | Redirection():
            return True
        case Assignment(text=text):
            # The head of a loop over words is an assignment; arithmetic in the head of another is only a part of it.
            return text.startswith(_LOOPS) or not located.path[-1].head
        case _:
            return False


def arranged(entries: Sequence[Entry]) -> tuple[Placed, ...]:
    """The parts in the order of the script, each once, with what it stands within.

    What was walked twice, as a loop is, counts once by its strictest verdict; the body of a function is shown at a call
    of it only where it gets another verdict there than by itself.
    """
    ordered = sorted(_distinct(entries), key=lambda entry: ([spot.start for spot in entry.path], not entry.leads))
    heads: dict[Path, int] = {}
    placed: list[Placed] = []
    for entry in ordered:
        own = entry.leads and heads.setdefault(entry.path, len(placed)) == len(placed)
        placed.append(_placed(entry, heads, entry.path[:-1] if own else entry.path))
    return tuple(placed)


def _placed(entry: Entry, heads: dict[Path, int], around: Path) -> Placed:
    under: list[str] = []
    while around and around not in heads:
        if around[-1].head:
            under.append(around[-1].head)
        around = around[:-1]
    piped = bool(entry.path) and entry.leads and entry.path[-1].piped
    return Placed(part=entry.part, within=heads.get(around), under=tuple(reversed(under)), piped=piped)


def _distinct(entries: Sequence[Entry]) -> Iterator[Entry]:
    strictest: dict[tuple[Path, str], Entry] = {}
    for entry in entries:
        key = (entry.path, entry.part.text)
        known = strictest.get(key)
        if known is None or known.part.verdict.strictness < entry.part.verdict.strictness:
            strictest[key] = entry
    known_parts = {_by_place(entry) for entry in strictest.values() if not _is_called(entry)}
    for entry in strictest.values():
        if not _is_called(entry) or _by_place(entry) not in known_parts:
            yield entry


def _is_called(entry: Entry) -> bool:
    return any(spot.called for spot in entry.path)


def _by_place(entry: Entry) -> tuple[int, Part]:
    return entry.path[-1].start if entry.path else 0, entry.part


def head_of(node: Node, scanned: Scanned) -> str:
    """How a compound statement begins, up to its body."""
    match node.type:
        case "else_clause":
            return "else"
        case "subshell":
            return "( )"
        case _:
            body = next((child for child in node.children if child.type in _BODIES), node)
            start, end = node.start_byte, body.start_byte
            written = scanned.origin.of(start, end) if scanned.origin is not None else None
            text = written if written is not None else scanned.text[start:end].decode(errors="replace")
            return text.strip(" \t\n;")
