"""What the policy sees of a difference: lines with their places, contents, and where a file came from."""

from __future__ import annotations

import pytest

from orchestrator.airlock.diff import changes
from orchestrator.airlock.importer import import_records
from orchestrator.airlock.judgeable import judgeable
from policies.changed import Change
from policies.verdict import Decision, Verdict
from sandbox.sandbox import Record, RecordKind
from tests.airlock.site import Site
from tests.policies.judging import policy_of

LICENCE = "# Copyright The Authors\n"
LINES = "".join(f"line {number}\n" for number in range(1, 31))
KEY = "AKIA" + "QWERTYUIOP123456"


def _judged(site: Site, before: str, *records: Record, rules: str) -> Decision:
    after = import_records(site.hub, records, parent=before).tree
    changed = changes(site.hub.git, before, after)
    with judgeable(site.hub.git, changed, before, after) as files:
        return policy_of(f"changes: [{rules}]").judge_changes(files, role="editor")


def _file(path: str, text: str | bytes, *, mode: int = 0o644) -> Record:
    data = text.encode() if isinstance(text, str) else text
    return Record(path=path.encode(), kind=RecordKind.FILE, mode=mode, data=data)


def _gone(path: str) -> Record:
    return Record(path=path.encode(), kind=RecordKind.DELETED)


def test_the_place_of_an_added_line_is_that_of_the_new_file(site: Site) -> None:
    """After lines were added and taken away above it, the line of a secret is told as an editor counts it."""
    before = site.put({"a.txt": LINES})
    text = LINES.replace("line 3\n", "").replace("line 9\n", f"new\nline 9\n{KEY}\n")
    decision = _judged(site, before, _file("a.txt", text), rules="secrets: ask")
    assert text.split("\n")[9] == KEY
    assert "a.txt:10 (AWS Access Key)" in decision.deciding.why


@pytest.mark.parametrize("keep", [True, False])
def test_a_moved_file_is_known_to_be_the_same(site: Site, keep: bool) -> None:
    """The header of the file that it was is held against the one that it is."""
    before = site.put({"old.py": LICENCE + LINES})
    records = (_gone("old.py"), _file("lib/new.py", (LICENCE if keep else "") + LINES))
    decision = _judged(site, before, *records, rules="licence: ask")
    assert decision.verdict is (Verdict.ALLOW if keep else Verdict.ASK)
    if not keep:
        assert (decision.deciding.text, decision.deciding.why) == (
            "lib/new.py",
            "its licence header lost 'Copyright The Authors'",
        )


def test_contents_are_read_where_a_rule_wants_them(site: Site) -> None:
    """Binary files, links and modes are judged by what is in the store."""
    before = site.put({"a.txt": LINES, "run.sh": "echo\n"})
    link = Record(path=b"link", kind=RecordKind.LINK, data=b"a.txt")
    records = (_file("a.bin", b"\0" + KEY.encode()), link, _file("run.sh", "echo\n", mode=0o755))
    rules = "{secrets: ask}, {binary: ask}, {symlinks: ask}, {modes: ask}"
    decision = _judged(site, before, *records, rules=rules)
    assert [(part.text, part.why) for part in decision.parts] == [
        ("a.bin", "its bytes may hold a secret: AWS Access Key"),
        ("a.bin", "it is no text, and nobody can review its 21 bytes"),
        ("link", "it is a symbolic link to 'a.txt'"),
        ("run.sh", "it becomes executable"),
    ]


def test_a_file_that_became_a_link_is_read_as_one(site: Site) -> None:
    """Both parts of its patch belong to it, and what comes after is still at its place."""
    before = site.put({"a.txt": "assert 1\n", "b.txt": "b\n"})
    link = Record(path=b"a.txt", kind=RecordKind.LINK, data=b"b.txt")
    after = import_records(site.hub, [link, _file("b.txt", "c\n")], parent=before).tree
    found: dict[bytes, Change] = {}
    changed = changes(site.hub.git, before, after)
    with judgeable(site.hub.git, changed, before, after) as files:
        found = {change.path: change for change in files}
        assert found[b"a.txt"].after() == b"b.txt"
        assert found[b"a.txt"].before() == b"assert 1\n"
    assert (found[b"a.txt"].removed_text, found[b"a.txt"].added_text) == ("assert 1\n", "b.txt\n")
    assert (found[b"b.txt"].removed_text, found[b"b.txt"].added_text) == ("b\n", "c\n")
