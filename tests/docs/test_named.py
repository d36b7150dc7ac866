"""Files, tables and tests that CONTRIBUTING and SECURITY name are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import INLINE, rows, section, words_of_code
from tests.tree import TOP, tree

CONTRIBUTING, SECURITY = Path("CONTRIBUTING.md"), Path("SECURITY.md")
PLACE = re.compile(r"(?:[a-z][\w.-]*/)+(?:[\w.-]+)?(?:::\w+)?")


def places(words: list[str]) -> list[str]:
    """The words that name a file, a directory, or something in a module."""
    return [word for word in words if PLACE.fullmatch(word) and "NAME" not in word]


def is_there(place: str) -> bool:
    """Whether a file or a directory is there and, behind `::`, the name at the top of the module."""
    path, _, name = place.partition("::")
    return (TOP / path).exists() and (not name or name in names(Path(path)))


def names(module: Path) -> set[str]:
    """What a module defines at its top."""
    return {name for node in tree(module).body for name in defined(node)}


def defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


@pytest.mark.parametrize("page", [CONTRIBUTING, SECURITY], ids=str)
def test_what_is_named_is_there(page: Path) -> None:
    """Nobody is sent to a file, a table or a test that was renamed."""
    named = places(words_of_code(page))
    assert [place for place in named if not is_there(place)] == []
    assert len(named) > 20


def test_what_is_gone_would_be_seen() -> None:
    """A file, a table and a test that are not there."""
    assert is_there("sandbox/backends.py::BACKENDS")
    assert not is_there("sandbox/backends.py::BACKENDZ")
    assert not is_there("sandbox/backend.py")
    assert places(["mimo-orchestrate check", "agents/", "a|b", "`x`"]) == ["agents/"]


def test_every_promise_is_tested() -> None:
    """Each line of the table of promises names tests, and nothing else."""
    promises = rows(section(SECURITY, "What is promised"))
    assert len(promises) > 20
    for promise, tested_by in promises:
        tests = INLINE.findall(tested_by)
        assert tests, promise
        assert all(test.partition("::")[2].startswith("test_") for test in tests), promise


def test_every_way_to_add_has_its_table_and_its_test() -> None:
    """What can be added has a file and says which test then runs on it."""
    ways = rows(section(CONTRIBUTING, "Adding"))
    assert len(ways) > 10
    for what, file, _, test in ways:
        assert places(INLINE.findall(file)), what
        assert all("::" in place and place.startswith("tests/") for place in places(INLINE.findall(test))), what
