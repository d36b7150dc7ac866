"""Every link in the documents leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import pages, text, without_fences
from tests.tree import TOP

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_relative_links_resolve() -> None:
    """To a file of the repository, and to a heading where one is named."""
    assert [f"{page}: {link}" for page in pages() for link in relative_links(page) if not resolves(page, link)] == []


def test_a_link_into_nothing_would_be_seen() -> None:
    """A missing file, a missing heading, and a way out of the repository."""
    page = Path("README.md")
    assert resolves(page, "docs/README.md")
    assert resolves(page, "docs/reference/plan.md#tasks")
    assert not resolves(page, "docs/missing.md")
    assert not resolves(page, "docs/reference/plan.md#missing")
    assert not resolves(page, "../elsewhere.md")


def test_every_page_of_the_guide_is_on_its_first_page() -> None:
    """Nobody has to look into the directory to find a page."""
    first = Path("docs/README.md")
    linked = {(TOP / "docs" / link).resolve().relative_to(TOP) for link in relative_links(first)}
    assert {page for page in pages() if page.parts[0] == "docs"} - linked == {first}


def relative_links(page: Path) -> list[str]:
    """The targets of a page's links that are not addresses."""
    return [link for link in LINK.findall(without_fences(page)) if "://" not in link and not link.startswith("mailto:")]


def resolves(page: Path, link: str) -> bool:
    """Whether a link's file, and its heading if it names one, are there."""
    name, _, anchor = link.partition("#")
    target = (TOP / page.parent / name).resolve() if name else TOP / page
    if not target.is_relative_to(TOP) or not target.exists():
        return False
    return not anchor or anchor in {slug(heading) for heading in HEADING.findall(text(target.relative_to(TOP)))}


def slug(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
