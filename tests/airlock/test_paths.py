"""Names that git, or a file system that the user may have, would take for something else are refused."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.paths import MAX_PATH_BYTES, Refusal, fold, refuse_link, refuse_path

DOT_GIT = [
    b".git",
    b".GIT/config",
    b"a/.Git",
    b".git/hooks/pre-commit",
    b"git~1",
    b"GIT~2/config",
    b".git ",
    b".git.",
    b".git. . /x",
    b".git::$INDEX_ALLOCATION/config",
    b".git:stream",
    b"a\\.git\\config",
    b".git\\config",
    ".g\u200cit".encode(),
    ".\u200dgit/config".encode(),
    "\ufeff.git".encode(),
    ".gi\u2064t\u206a".encode().replace("\u2064".encode(), b""),
    "\uff0egit".encode(),
    "\u2024git".encode(),
    ".GI\uff34".encode(),
]


@pytest.mark.parametrize("path", DOT_GIT)
def test_every_spelling_of_git_is_refused(path: bytes) -> None:
    """Case folding, HFS+'s ignored characters, NTFS's short names, streams, trailing dots and backslashes."""
    assert refuse_path(path) is Refusal.DOT_GIT


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"", Refusal.EMPTY),
        (b"a//b", Refusal.EMPTY),
        (b"a/", Refusal.EMPTY),
        (b"/etc/passwd", Refusal.ABSOLUTE),
        (b"..", Refusal.DOTS),
        (b"a/../b", Refusal.DOTS),
        (b"./a", Refusal.DOTS),
        (b"..\\x", Refusal.DOTS),
        (b"a" * 256, Refusal.TOO_LONG),
        (b"a/" * 150 + b"a", None),
        (b"a/" * 300 + b"a", Refusal.TOO_LONG),
        (b"ab/" * (MAX_PATH_BYTES // 3) + b"ab", Refusal.TOO_LONG),
        (b"a\nb", Refusal.CONTROL),
        (b"a\x00b", Refusal.CONTROL),
        (b"\x7f", Refusal.CONTROL),
        ("a\u0085b".encode(), Refusal.CONTROL),
        (b".gitmodules", Refusal.GITMODULES),
        (b"a/.GitModules", Refusal.GITMODULES),
        (b"GITMOD~1", Refusal.GITMODULES),
        (b"gi7eba~1", Refusal.GITMODULES),
        (b".gitattributes", Refusal.GITATTRIBUTES),
        (b"a/.gitattributes.", Refusal.GITATTRIBUTES),
        (b"gitatt~4", Refusal.GITATTRIBUTES),
        (b"gi7d29~1", Refusal.GITATTRIBUTES),
    ],
)
def test_each_refusal_has_its_reason(path: bytes, reason: Refusal | None) -> None:
    """The agent is told what is wrong with a name."""
    assert refuse_path(path) is reason


@pytest.mark.parametrize(
    "path",
    [b".gitignore", b".github/workflows/x.yml", b"a.git", b"git", b"digit~1x", b"x/.gitkeep", b"a b", b"-rf",
     b"\xff\xfe", "\u00fcmlaut/\u65e5\u672c".encode(), b"...", b"a:b", b"a\\b", b"..a"],
)  # fmt: skip
def test_ordinary_names_pass(path: bytes) -> None:
    """Odd but harmless names are kept, bytes that aren't UTF-8 among them."""
    assert refuse_path(path) is None


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (b"l", b"/etc/passwd", Refusal.LINK_ABSOLUTE),
        (b"l", b"../x", Refusal.LINK_LEAVES),
        (b"a/l", b"../../x", Refusal.LINK_LEAVES),
        (b"a/l", b"x/../../../y", Refusal.LINK_LEAVES),
        (b"a/b/l", b"../s/../z", Refusal.LINK_LEAVES),
        (b"l", b"..", Refusal.LINK_LEAVES),
        (b"l", b".git/config", Refusal.LINK_DOT_GIT),
        (b"a/l", b"../.GIT/hooks", Refusal.LINK_DOT_GIT),
        (b"l", b"git~1", Refusal.LINK_DOT_GIT),
        (b"l", b"", Refusal.LINK_MALFORMED),
        (b"l", b"a\nb", Refusal.LINK_MALFORMED),
        (b"l", b"a" * 5000, Refusal.LINK_MALFORMED),
        (b"a/l", b"..", None),
        (b"a/l", b"../b/c", None),
        (b"l", b"./a/./b", None),
        (b"a/b/l", b"../../c", None),
    ],
)
def test_links_stay_in_the_tree(path: bytes, text: bytes, reason: Refusal | None) -> None:
    """A link may climb to the tree's root and no further, and never after a name."""
    assert refuse_link(path, text) is reason


NAMES = st.sampled_from([b"a", b"b", b"..", b".", b"", b"x.y", b".git", b"\xff"])


@settings(deadline=None)
@given(st.lists(NAMES, max_size=8).map(b"/".join))
def test_an_accepted_path_is_plain(path: bytes) -> None:
    """What is accepted is relative, in normal form, and below the root."""
    if refuse_path(path) is None:
        assert posixpath.normpath(path) == path
        assert not path.startswith((b"/", b".."))
        assert b".git" not in path.lower().split(b"/")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(path: bytes) -> None:
    """No name, however broken, makes the check fail."""
    refuse_path(path)
    refuse_link(b"a/b", path)
    fold(path)


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"a", b"b", b"l", b"m"]), min_size=1, max_size=3).map(b"/".join), st.data())
def test_accepted_links_never_leave_together(first: bytes, data: st.DataObject) -> None:
    """Whatever accepted links are combined, following them from the root stays below the root."""
    links: dict[bytes, bytes] = {}
    texts = st.lists(st.sampled_from([b"..", b".", b"a", b"b", b"l", b"m"]), min_size=1, max_size=5).map(b"/".join)
    places = st.lists(st.sampled_from([b"a", b"b", b"l", b"m"]), min_size=1, max_size=3).map(b"/".join)
    for place, text in data.draw(st.lists(st.tuples(places, texts), max_size=6)):
        # As in a tree: nothing is below a link.
        clash = any(
            other == place or other.startswith(place + b"/") or place.startswith(other + b"/") for other in links
        )
        if not clash and refuse_link(place, text) is None:
            links[place] = text
    assert stays(links, first)


def stays(links: dict[bytes, bytes], path: bytes) -> bool:
    """Resolve a path as a kernel would; a loop, or a name that isn't there, counts as staying."""
    where: list[bytes] = []
    todo = path.split(b"/")
    for _ in range(200):
        if not todo:
            return True
        part = todo.pop(0)
        if part == b"..":
            if not where:
                return False
            where.pop()
        elif part not in {b"", b"."}:
            where.append(part)
            text = links.get(b"/".join(where))
            if text is not None:
                where.pop()
                todo = text.split(b"/") + todo
    return True
