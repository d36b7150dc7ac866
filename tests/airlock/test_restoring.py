"""Laying a checkpoint out for the user: exactly its tree, whole or not at all, and nothing that leads out of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.airlock.errors import UnsafeTree
from orchestrator.airlock.importer import import_records
from orchestrator.airlock.trees import FILE, LINK, TreeEntry, format_tree, object_id
from orchestrator.errors import CannotRun, UsageProblem
from orchestrator.rewind.restoring import Restored, restore
from sandbox.sandbox import Record, RecordKind
from tests.airlock.site import Site, git

pytestmark = pytest.mark.real

NAME = st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & {0, 0x2F} and name not in {b".", b".."})
CONTENT = st.binary(max_size=200) | st.sampled_from([b"a\r\nb\r\n", b"$Id$\n", b"\xff\xfe", b"* text eol=crlf\n"])
RECORD = st.one_of(
    st.builds(Record, path=NAME, kind=st.just(RecordKind.FILE), mode=st.sampled_from([0o644, 0o755]), data=CONTENT),
    st.builds(Record, path=NAME, kind=st.just(RecordKind.LINK), mode=st.just(0o777), data=NAME),
)
FILES = st.lists(
    st.builds(
        lambda record, above: Record(
            path=b"/".join([*above, record.path]), kind=record.kind, mode=record.mode, data=record.data
        ),
        RECORD,
        st.lists(NAME, max_size=3),
    ),
    max_size=8,
)


def laid_out(site: Site, commit: str, directory: Path) -> Restored:
    """Restore a commit of the site's hub."""
    return restore(site.hub.directory, commit, directory, base=site.base.commit)


def listed(site: Site, commit: str) -> set[tuple[str, str, bytes]]:
    """Mode, id and path of all that is in a commit, as git itself tells."""
    lines = git(site.hub.directory, "ls-tree", "-r", "-z", commit).split(b"\0")
    pairs = (line.split(b"\t", 1) for line in lines if line)
    return {(head.split()[0].decode(), head.split()[2].decode(), path) for head, path in pairs}


def found(top: Path) -> set[tuple[str, str, bytes]]:
    """The same of a directory, by what is on the disk."""
    root, seen = os.fsencode(top), set()
    for directory, names, files in os.walk(root):
        for name in [*names, *files]:
            path = directory + b"/" + name
            if (entry := _on_disk(path)) is not None:
                seen.add((*entry, path[len(root) + 1 :]))
    return seen


def _on_disk(path: bytes) -> tuple[str, str] | None:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return "120000", object_id("blob", os.readlink(path), object_format="sha1")  # noqa: PTH115
    if stat.S_ISREG(mode):
        data = Path(os.fsdecode(path)).read_bytes()
        return f"100{stat.S_IMODE(mode):o}", object_id("blob", data, object_format="sha1")
    return None if os.listdir(path) else ("160000", "empty")  # noqa: PTH208


def test_every_mode_link_and_odd_name_is_there(weird: Site, tmp_path: Path) -> None:
    """What git lists of the commit is what is on the disk: names, bytes, modes, links; a submodule is a directory."""
    restored = laid_out(weird, weird.base.commit, tmp_path / "out")
    expected = {
        (mode, "empty" if mode == "160000" else oid, path) for mode, oid, path in listed(weird, weird.base.commit)
    }
    assert found(tmp_path / "out") == expected
    counted = [sum(mode == wanted for mode, _, _ in expected) for wanted in ("120000", "160000")]
    assert [restored.links, restored.submodules] == counted
    assert restored.files == len(expected) - sum(counted)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FILES, min_size=1, max_size=3))
def test_every_checkpoint_is_its_tree(
    site: Site, tmp_path_factory: pytest.TempPathFactory, steps: list[list[Record]]
) -> None:
    """Whatever an agent brings, step by step: what was saved of it comes back as git has it."""
    commit, scratch = site.base.commit, tmp_path_factory.mktemp("steps")
    for number, records in enumerate(steps):
        imported = import_records(site.hub, records, parent=commit)
        commit = site.commit(imported.tree, commit)
        restored = laid_out(site, commit, scratch / str(number))
        assert restored.tree == imported.tree
        assert found(scratch / str(number)) == listed(site, commit)


def test_git_has_no_say(site: Site, tmp_path: Path) -> None:
    """Attributes that a commit brings, and settings of the user's, change no byte; no hook runs, no .git appears."""
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[core]\n\tautocrlf = true\n\thooksPath = /tmp\n")
    commit = forged(
        site, {b".gitattributes": (FILE, b"* text eol=crlf\n*.txt filter=x ident\n"), b"a.txt": (FILE, b"$Id$\n")}
    )
    laid_out(site, commit, tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"$Id$\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".gitattributes", "a.txt"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        (b"out", (LINK, b"/etc/passwd")),
        (b"up", (LINK, b"../../secret")),
        (b"in", (LINK, b".git/config")),
        (b".git", (FILE, b"x")),
        (b".GIT", (LINK, b"x")),
    ],
)
def test_what_leads_out_is_not_laid_out(site: Site, tmp_path: Path, name: bytes, entry: tuple[int, bytes]) -> None:
    """Neither a link out of the tree nor a .git, however it came into the store; and then nothing is there at all."""
    commit = forged(site, {b"a.txt": (FILE, b"x"), name: entry})
    with pytest.raises(UnsafeTree):
        laid_out(site, commit, tmp_path / "to" / "out")
    assert list((tmp_path / "to").iterdir() if (tmp_path / "to").exists() else ()) == []


def test_the_users_own_links_may_lead_anywhere(weird: Site, tmp_path: Path) -> None:
    """What the base has stays as it is; the same link at another place is an agent's."""
    outward = (LINK, b"/nowhere/at all")
    with pytest.raises(UnsafeTree):
        laid_out(weird, forged(weird, {b"elsewhere": outward}), tmp_path / "out")
    laid_out(weird, forged(weird, {b"link": outward}), tmp_path / "own")
    assert (tmp_path / "own" / "link").readlink() == Path("/nowhere/at all")


def test_a_place_that_is_taken_stays_as_it_is(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, links, directories with something in them, and the one that is stood in; an empty one is filled."""
    full, empty, file, link = (tmp_path / name for name in ("full", "empty", "file", "link"))
    full.mkdir()
    empty.mkdir()
    (full / "mine").write_text("mine")
    file.write_text("mine")
    link.symlink_to(empty)
    for place in (full, file, link):
        with pytest.raises(UsageProblem, match="name one that does not exist yet"):
            laid_out(site, site.base.commit, place)
    monkeypatch.chdir(empty)
    with pytest.raises(UsageProblem, match="where you stand"):
        laid_out(site, site.base.commit, empty)
    monkeypatch.chdir(tmp_path)
    assert ((full / "mine").read_text(), file.read_text(), list(empty.iterdir())) == ("mine", "mine", [])
    laid_out(site, site.base.commit, empty)
    assert found(empty) == listed(site, site.base.commit)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("place", ["file/out", "file/below/out", "x" * 300])
def test_a_place_that_cannot_be_is_said(site: Site, tmp_path: Path, place: str) -> None:
    """Below a file, or with a name that no system has: what can't be made and why, and nothing is left."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageProblem, match="can't be made: "):
        laid_out(site, site.base.commit, tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"
    assert not [path.name for path in tmp_path.iterdir() if "out" in path.name or "xxx" in path.name]


def test_what_is_not_in_the_store_is_said(site: Site, tmp_path: Path) -> None:
    """A commit that is gone is named, and others may be there; nothing is made."""
    with pytest.raises(CannotRun, match="does not have commit 0000"):
        laid_out(site, "0" * 40, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def forged(site: Site, files: dict[bytes, tuple[int, bytes]]) -> str:
    """A commit with a tree of these names, which no import would make."""

    def written(kind: str, data: bytes) -> str:
        words = ("hash-object", "-t", kind, "-w", "--stdin", "--literally")
        return git(site.hub.directory, *words, stdin=data).decode().strip()

    entries = {name: TreeEntry(mode, written("blob", data)) for name, (mode, data) in files.items()}
    return site.commit(written("tree", format_tree(entries)), site.base.commit)
