"""The documents as readers see them: pages, and the blocks and words of code in them, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path

from tests.tree import TOP, files

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Code in a page: `language` is what the fence says, empty for an indented block; `line` counts from 1."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Its place."""
        return f"{self.page}:{self.line}"


@cache
def pages() -> list[Path]:
    """Every Markdown page that is written for people, relative to the top."""
    return [path for path in files() if path.suffix == ".md" and path.parts[0] not in {"agents", "changelog"}]


def text(page: Path) -> str:
    """A page's text."""
    return (TOP / page).read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """Every block of code of a page, fenced or indented by four, in order."""
    return sorted([*_fenced(page), *_indented(page)], key=lambda block: block.line)


def words_of_code(page: Path) -> list[str]:
    """What stands in backticks within the page's prose and tables."""
    return INLINE.findall(without_fences(page))


def section(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    return re.split(r"^#+ ", text(page).split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(table: str) -> list[list[str]]:
    """The rows of the tables in a text, without headings and rules, as cells."""
    found = []
    lines = table.splitlines()
    for before, line in pairwise(["", *lines]):
        if line.startswith("|") and before.startswith("|") and not line.startswith("|--"):
            found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def without_fences(page: Path) -> str:
    """The page with its fenced blocks emptied; lines stay where they are."""
    return FENCE.sub(lambda found: "\n" * found[0].count("\n"), text(page))


def _fenced(page: Path) -> Iterator[Block]:
    whole = text(page)
    for found in FENCE.finditer(whole):
        line = whole.count("\n", 0, found.start()) + 2
        yield Block(page=page, line=line, language=found[1], text=found[2])


def _indented(page: Path) -> Iterator[Block]:
    numbered = enumerate(without_fences(page).splitlines(), start=1)
    for indented, group in groupby(numbered, key=lambda pair: pair[1].startswith("    ")):
        if indented:
            lines = list(group)
            yield Block(page=page, line=lines[0][0], language="", text="\n".join(line[4:] for _, line in lines))
