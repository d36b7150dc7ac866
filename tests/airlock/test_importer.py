"""An import takes what is good, names what it refuses, and never believes a record."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.airlock import ignore
from orchestrator.airlock.importer import Imported, ImportLimits, import_records
from orchestrator.airlock.paths import Refusal
from sandbox.sandbox import Record, RecordKind
from tests.airlock.conftest import make_site
from tests.airlock.site import Site, git, git_paths


def file(path: bytes, data: bytes = b"x\n", mode: int = 0o100644) -> Record:
    """A file's record."""
    return Record(path=path, kind=RecordKind.FILE, mode=mode, data=data)


def link(path: bytes, text: bytes) -> Record:
    """A link's record."""
    return Record(path=path, kind=RecordKind.LINK, mode=0o120777, data=text)


def gone(path: bytes) -> Record:
    """A deletion's record."""
    return Record(path=path, kind=RecordKind.DELETED)


def take(site: Site, *records: Record, limits: ImportLimits | None = None) -> Imported:
    """Import records on top of the base."""
    return import_records(site.hub, records, parent=site.base.commit, limits=limits)


def refusals(imported: Imported) -> dict[bytes, Refusal]:
    """What was refused, and why."""
    return {refused.path: refused.reason for refused in imported.refused}


def listing(site: Site, tree: str) -> dict[bytes, tuple[bytes, bytes]]:
    """Mode and content of every path of a tree."""
    lines = site.hub.git.run(["ls-tree", "-r", "-z", tree]).split(b"\0")
    entries = {line.split(b"\t", 1)[1]: line.split(b"\t")[0].split() for line in lines if line}
    return {
        path: (mode, site.hub.git.run(["cat-file", "blob", oid.decode()])) for path, (mode, _, oid) in entries.items()
    }


def test_changes_of_every_kind(site: Site) -> None:
    """Files, modes, links, deletions and new directories come in as they are."""
    imported = take(
        site,
        file(b"README.md", b"new\n", 0o100755),
        file(b"deep/er/file", b"\0\xff"),
        link(b"src/link", b"one.py"),
        gone(b"src/two.py"),
    )
    assert listing(site, imported.tree) == {
        b"README.md": (b"100755", b"new\n"),
        b"deep/er/file": (b"100644", b"\0\xff"),
        b"src/link": (b"120000", b"one.py"),
        b"src/one.py": (b"100644", b"a = 1\nb = 2\nc = 3\n"),
    }
    assert imported.changed == (b"README.md", b"deep/er/file", b"src/link", b"src/two.py")
    assert imported.refused == ()


def test_directories_may_be_alike(site: Site) -> None:
    """Equal directories made in one step are one tree object, and equal files one blob: each is stored once."""
    paths = [b"a/__init__.py", b"b/__init__.py", b"c/deep/__init__.py"]
    for kind in (file, link):
        imported = take(site, *(kind(path, b"one") for path in paths))
        assert imported.changed == tuple(paths)
        assert set(paths) <= set(listing(site, imported.tree))


def test_nothing_changed_is_the_parents_tree(site: Site) -> None:
    """Records that bring what is there already change nothing."""
    imported = take(site, file(b"README.md", b"hello\n"), gone(b"never/there"))
    assert imported.tree == site.hub.tree_of(site.base.commit)
    assert imported.changed == ()


def test_a_directory_becomes_a_file_and_back(site: Site) -> None:
    """A name that was freed can be taken by another kind."""
    flat = take(site, gone(b"src/one.py"), gone(b"src/two.py"), file(b"src"), gone(b"README.md"), file(b"README.md/in"))
    assert set(listing(site, flat.tree)) == {b"src", b"README.md/in"}
    assert flat.refused == ()


def test_an_emptied_tree_is_empty(site: Site) -> None:
    """All files can go."""
    imported = take(site, gone(b"src/one.py"), gone(b"src/two.py"), gone(b"README.md"))
    assert listing(site, imported.tree) == {}


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([file(b"a/.git/config")], Refusal.DOT_GIT),
        ([file(b"../escape")], Refusal.DOTS),
        ([file(b"/etc/x")], Refusal.ABSOLUTE),
        ([file(b"a\x1bb")], Refusal.CONTROL),
        ([file(b".gitattributes")], Refusal.GITATTRIBUTES),
        ([file(b"sub/.gitmodules")], Refusal.GITMODULES),
        ([link(b"l", b"/etc/passwd")], Refusal.LINK_ABSOLUTE),
        ([link(b"l", b"../x")], Refusal.LINK_LEAVES),
        ([file(b"su", mode=0o104755)], Refusal.PRIVILEGED),
        ([file(b"sg", mode=0o102755)], Refusal.PRIVILEGED),
        ([file(b"st", mode=0o101755)], Refusal.PRIVILEGED),
        ([Record(path=b"pipe", kind=RecordKind.SPECIAL)], Refusal.SPECIAL),
        ([Record(path=b"vendor", kind=RecordKind.NESTED)], Refusal.NESTED),
        ([Record(path=b"huge", kind=RecordKind.TOO_LARGE)], Refusal.FILE_TOO_LARGE),
        ([file(b"readme.MD")], Refusal.CASE),
        ([file(b"SRC/three.py")], Refusal.CASE),
        ([file("nai\u0308ve".encode()), file("na\u00efve".encode())], Refusal.CASE),
        ([file(b"new/A"), file(b"new/a")], Refusal.CASE),
        ([file(b"src")], Refusal.IN_THE_WAY),
        ([file(b"README.md/x")], Refusal.IN_THE_WAY),
        ([file(b"a"), file(b"a/b")], Refusal.IN_THE_WAY),
        ([file(b"twice", b"1"), file(b"twice", b"2")], Refusal.TWICE),
        ([file(b"README.md", b"1"), gone(b"README.md")], Refusal.TWICE),
    ],
    ids=lambda value: value.name if isinstance(value, Refusal) else "",
)
def test_what_is_refused_leaves_the_parents_content(site: Site, records: list[Record], reason: Refusal) -> None:
    """Each refusal has a reason; the rest of the import goes on; the refused path is what it was."""
    imported = take(site, *records, file(b"good"))
    assert set(refusals(imported).values()) == {reason}
    before, after = listing(site, site.base.commit), listing(site, imported.tree)
    assert after[b"good"] == (b"100644", b"x\n")
    for path in refusals(imported):
        assert after.get(path) == before.get(path)
    assert before.items() <= after.items()


def test_a_refused_directory_keeps_what_was_in_it(site: Site) -> None:
    """A directory replaced by a bad link, or by a repository, is the parent's again, files and all."""
    deletions = [gone(b"src/one.py"), gone(b"src/two.py")]
    for bad in (link(b"src", b"/etc"), Record(path=b"src", kind=RecordKind.NESTED)):
        imported = take(site, *deletions, bad)
        assert imported.tree == site.hub.tree_of(site.base.commit)
        assert set(refusals(imported)) == {b"src"}


def test_renaming_in_case_only_is_allowed(site: Site) -> None:
    """Two names may not differ in case only, but one may become the other."""
    imported = take(site, gone(b"README.md"), file(b"readme.md"))
    assert imported.refused == ()
    assert b"readme.md" in listing(site, imported.tree)


def test_limits_on_files_and_bytes(site: Site) -> None:
    """More files, more bytes, or a larger file than the limit are left out, each with its reason."""
    many = take(site, *(file(b"f%d" % number) for number in range(5)), limits=ImportLimits(files=3))
    assert list(refusals(many).values()) == [Refusal.TOO_MANY_FILES] * 2
    heavy = take(site, file(b"a", b"x" * 60), file(b"b", b"x" * 60), limits=ImportLimits(total_bytes=100))
    assert refusals(heavy) == {b"b": Refusal.TOO_MANY_BYTES}
    large = take(site, file(b"a", b"x" * 60), limits=ImportLimits(file_bytes=50))
    assert refusals(large) == {b"a": Refusal.FILE_TOO_LARGE}


def test_an_odd_name_of_the_users_can_be_worked_on(user_with_odd_names: Site) -> None:
    """A file that the user named with a newline can be changed and deleted; a new one of the kind can't be made."""
    site = user_with_odd_names
    changed = take(site, file(b"new\nline", b"changed\n"), file(b"another\nline"))
    assert refusals(changed) == {b"another\nline": Refusal.CONTROL}
    assert listing(site, changed.tree)[b"new\nline"][1] == b"changed\n"
    assert b"new\nline" not in listing(site, take(site, gone(b"new\nline")).tree)


def test_a_link_of_the_users_may_stay(user_with_odd_names: Site) -> None:
    """A link out of the tree that the base has is no refusal when it comes back the same."""
    imported = take(user_with_odd_names, link(b"out", b"/etc/hostname"))
    assert (imported.changed, imported.refused) == ((), ())
    assert refusals(take(user_with_odd_names, link(b"out", b"/etc/shadow"))) == {b"out": Refusal.LINK_ABSOLUTE}


@pytest.fixture
def user_with_odd_names(site: Site) -> Site:
    """A base with a newline in a name and a link out of the tree."""
    (site.top / "new\nline").write_text("x\n")
    (site.top / "out").symlink_to("/etc/hostname")
    git(site.top, "add", "-A")
    git(site.top, "commit", "-qm", "odd")
    return make_site(site.top, site.scratch)


def test_ignored_files_are_listed_and_not_kept(site: Site) -> None:
    """New files that the worktree's rules ignore are left out by name; tracked ones are never ignored."""
    imported = take(
        site,
        file(b".gitignore", b"*.log\nbuild/\n!keep.log\nREADME.md\n"),
        file(b"sub/.gitignore", b"/only-here\n!sub.log\n"),
        file(b"a.log"),
        file(b"keep.log"),
        file(b"sub/sub.log"),
        file(b"sub/only-here"),
        file(b"only-here"),
        file(b"build/out/x"),
        file(b"README.md", b"tracked\n"),
        Record(path=b"build/repo", kind=RecordKind.NESTED),
    )
    assert imported.ignored == (b"a.log", b"build/out/x", b"build/repo", b"sub/only-here")
    assert imported.refused == ()
    assert {b"keep.log", b"sub/sub.log", b"only-here"} <= set(imported.changed)
    assert listing(site, imported.tree)[b"README.md"][1] == b"tracked\n"


NAMES = st.sampled_from(["a", "b", "log", "x.log", "build", "a-b"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
LINES = st.sampled_from(
    ["*.log", "build/", "/a", "a/b", "!x.log", "**/log", "a/**", "a/*", "!a/b", "b", "# c", "", "[ab]", "?",
     "!build", "x*g", "a/**/b", "\\#x", "build", "/build/x.log"]
)  # fmt: skip


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=st.lists(LINES, max_size=5), below=st.lists(LINES, max_size=3), paths=st.sets(PATHS, min_size=1, max_size=8))
def test_ignored_is_what_git_ignores(site: Site, top: list[str], below: list[str], paths: set[str]) -> None:
    """The rules mean what they mean to git, nested files, negation and directories included."""
    work = site.scratch / "ignoring"
    if not work.exists():
        git(site.scratch, "init", "-q", str(work))
    texts = {"": "\n".join(top), "a": "\n".join(below)}
    (work / ".gitignore").write_text(texts[""])
    (work / "a").mkdir(exist_ok=True)
    (work / "a/.gitignore").write_text(texts["a"])
    rules = ignore.Ignore(lambda directory: texts.get(directory.decode(), "").encode() or None)
    # A path that is no directory to git, since nothing is there, must not be above another.
    files = [path for path in sorted(paths) if path != "a" and not any(other.startswith(path + "/") for other in paths)]
    ours = {path for path in files if rules.ignores(path.encode())}
    words = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    asked = "".join(f"{path}\0" for path in files).encode()
    said = subprocess.run(words, cwd=work, input=asked, capture_output=True, check=False).stdout
    assert ours == {path.decode() for path in said.split(b"\0") if path}


@pytest.mark.parametrize(
    "line", ["*a*a*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/b", "a" * 5000, "[", "!", "\\", "***", "[!]", "*" * 190]
)
def test_hostile_ignore_rules_cost_nothing(site: Site, line: str) -> None:
    """A pattern that would take a regular expression for ever, or that is malformed, is passed over."""
    begun = time.monotonic()
    imported = take(site, file(b".gitignore", f"{line}\n".encode() * 5000), file(b"a" * 250 + b"/" + b"a" * 250))
    assert time.monotonic() - begun < 10
    assert imported.refused == ()


PARTS = st.sampled_from([b"a", b"B", b"b", b"src", b"one.py", b"README.md", b".git", b"..", b"c\n", b"", b"\xff"])
RECORDS = st.builds(
    Record,
    path=st.lists(PARTS, min_size=1, max_size=4).map(b"/".join),
    kind=st.sampled_from(RecordKind),
    mode=st.sampled_from([0o100644, 0o100755, 0o104755, 0]),
    data=st.sampled_from([b"", b"one", b"../x", b"a", b"/etc"]),
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, max_size=12))
def test_any_records_make_a_sound_tree(site: Site, records: list[Record]) -> None:
    """Whatever a sandbox claims, git finds the tree sound, and each path is taken, refused, ignored or unchanged."""
    imported = import_records(site.hub, records, parent=site.base.commit)
    site.hub.git.run(["fsck", "--strict", "--no-dangling", site.commit(imported.tree)])
    paths = git_paths(site.hub, imported.tree)
    assert len({path.lower() for path in paths}) == len(paths)
    for path in paths:
        assert path in {b"src/one.py", b"src/two.py", b"README.md"} or path in {record.path for record in records}
