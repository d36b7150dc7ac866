"""Merging in memory, what a resolution lost, taking back, and what differs."""

from __future__ import annotations

import pytest

from orchestrator.airlock.diff import Status, changes, patch, stat
from orchestrator.airlock.importer import import_records
from orchestrator.airlock.merge import lost_lines, merge, revert
from sandbox.sandbox import Record, RecordKind
from tests.airlock.site import Site


def content(site: Site, commitish: str, path: str) -> str:
    """A file of a commit or tree."""
    return site.hub.git.run(["cat-file", "blob", f"{commitish}:{path}"]).decode()


def test_independent_changes_merge(site: Site) -> None:
    """Both sides' changes are in the tree, and nothing else was touched."""
    ours, theirs = (
        site.put({"src/one.py": "a = 0\nb = 2\nc = 3\n"}),
        site.put({"src/one.py": "a = 1\nb = 2\nc = 4\n", "new": "n\n"}),
    )
    merged = merge(site.hub, ours=ours, theirs=theirs)
    assert merged.clean
    assert merged.conflicts == ()
    assert content(site, merged.tree, "src/one.py") == "a = 0\nb = 2\nc = 4\n"
    assert site.hub.refs("refs/") == {}


def test_conflicts_are_data(site: Site) -> None:
    """Each conflicted path comes with its versions and its kind, whatever its name."""
    ours, theirs = (
        site.put({"src/one.py": "ours\n", "a\u00fc b": "1\n"}),
        site.put({"src/one.py": "theirs\n", "a\u00fc b": "2\n"}),
    )
    merged = merge(site.hub, ours=ours, theirs=theirs)
    assert not merged.clean
    assert [conflict.path for conflict in merged.conflicts] == ["a\u00fc b".encode(), b"src/one.py"]
    assert [[stage.number for stage in conflict.stages] for conflict in merged.conflicts] == [[2, 3], [1, 2, 3]]
    assert {conflict.kind for conflict in merged.conflicts} == {"CONFLICT (contents)"}
    assert "<<<<<<<" in content(site, merged.tree, "src/one.py")
    assert any("one.py" in message for message in merged.messages)


def test_a_deletion_against_a_change_conflicts(site: Site) -> None:
    """The kind names what clashed."""
    gone = import_records(site.hub, [Record(path=b"src/one.py", kind=RecordKind.DELETED)], parent=site.base.commit)
    ours, theirs = site.commit(gone.tree, site.base.commit), site.put({"src/one.py": "changed\n"})
    merged = merge(site.hub, ours=ours, theirs=theirs)
    assert [conflict.kind for conflict in merged.conflicts] == ["CONFLICT (modify/delete)"]


def test_lost_lines_are_named(site: Site) -> None:
    """What either side had written to a conflicted file and the resolution lacks is listed, nothing else."""
    ours = site.put({"src/one.py": "a = 1\nours 1\nours 2\nc = 3\n"})
    theirs = site.put({"src/one.py": "a = 1\ntheirs\nc = 3\n"})
    merged = merge(site.hub, ours=ours, theirs=theirs)
    resolved = site.put({"src/one.py": "a = 1\nours 1\n\nc = 3\n"})
    (lost,) = lost_lines(site.hub, merged, resolved)
    assert (lost.path, lost.ours, lost.theirs) == (b"src/one.py", (b"ours 2",), (b"theirs",))
    both = site.put({"src/one.py": "theirs  \nours 2\nours 1\n"})
    assert lost_lines(site.hub, merged, both) == ()


def test_a_deleted_resolution_lost_everything(site: Site) -> None:
    """A conflicted file that the resolution dropped lost all that the sides had brought."""
    merged = merge(site.hub, ours=site.put({"x": "one\n"}), theirs=site.put({"x": "two\n"}))
    (lost,) = lost_lines(site.hub, merged, site.base.commit)
    assert (lost.ours, lost.theirs) == ((b"one",), (b"two",))


def test_reverting_takes_one_commit_back(site: Site) -> None:
    """What came after stays; what can't be taken back alone conflicts."""
    landed = site.put({"src/one.py": "bad\n"})
    tip = site.put({"src/two.py": "later\n"}, parent=landed)
    merged = revert(site.hub, landed=landed, tip=tip)
    assert merged.clean
    assert content(site, merged.tree, "src/one.py") == "a = 1\nb = 2\nc = 3\n"
    assert content(site, merged.tree, "src/two.py") == "later\n"
    built_on = site.put({"src/one.py": "bad, but used\n"}, parent=landed)
    assert not revert(site.hub, landed=landed, tip=built_on).clean


def test_merging_needs_whole_ids(site: Site) -> None:
    """Names and options are not resolved."""
    for name in ("main", "--stdin", "HEAD"):
        with pytest.raises(Exception, match="object id"):
            merge(site.hub, ours=name, theirs=site.base.commit)


def test_changes_with_counts_and_text(site: Site) -> None:
    """Status, modes, counted lines and the added text of each path."""
    records = [
        Record(
            path=b"src/one.py",
            kind=RecordKind.FILE,
            mode=0o100755,
            data=b"a = 1\n@@ -1 +1 @@\n--- x\ndiff --git a b\nc = 3",
        ),
        Record(path=b"src/two.py", kind=RecordKind.DELETED),
        Record(path=b"bin\nary", kind=RecordKind.FILE, data=b"\0\1"),
        Record(path=b"binary", kind=RecordKind.FILE, data=b"\0\1\n+x"),
        Record(path=b"README.md", kind=RecordKind.LINK, data=b"src/one.py"),
        Record(path=b"zero", kind=RecordKind.FILE, data=b""),
    ]
    after = import_records(site.hub, records, parent=site.base.commit)
    found = {change.path: change for change in changes(site.hub.git, site.base.commit, after.tree)}
    assert set(found) == {b"README.md", b"binary", b"src/one.py", b"src/two.py", b"zero"}
    one = found[b"src/one.py"]
    assert (one.status, one.old_mode, one.new_mode) == (Status.MODIFIED, 0o100644, 0o100755)
    assert (one.added_lines, one.removed_lines) == (4, 2)
    assert one.added_text == "@@ -1 +1 @@\n--- x\ndiff --git a b\nc = 3\n"
    assert (found[b"src/two.py"].status, found[b"src/two.py"].removed_lines) == (Status.DELETED, 1)
    assert (found[b"binary"].status, found[b"binary"].binary, found[b"binary"].added_text) == (Status.ADDED, True, "")
    assert (found[b"README.md"].new_mode, found[b"README.md"].added_text) == (0o120000, "src/one.py\n")
    assert found[b"zero"].added_lines == 0


def test_gitlinks_show_in_a_diff(site: Site) -> None:
    """A submodule is never left out of what a policy judges."""
    tree = site.hub.git.line(["mktree"], stdin=f"160000 commit {'1' * 40}\tmodule\n".encode())
    (change,) = [change for change in changes(site.hub.git, site.base.commit, tree) if change.path == b"module"]
    assert change.new_mode == 0o160000


def test_patch_and_stat_are_for_reading(site: Site) -> None:
    """A unified patch of all or of some paths, and the short statistics."""
    after = site.put({"src/one.py": "a = 1\n", "README.md": "bye\n"})
    assert b"-hello\n+bye\n" in patch(site.hub.git, site.base.commit, after)
    only = patch(site.hub.git, site.base.commit, after, [b"README.md"])
    assert b"one.py" not in only
    assert b"README.md" in only
    assert "2 files changed" in stat(site.hub.git, site.base.commit, after)
    assert patch(site.hub.git, site.base.commit, after, [b"*"]) == b""
