"""A diff is judged before it lands, and an edit before it is made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

import pytest

from agents.redact import Redactor
from policies.changed import Change
from policies.policy import Policy
from policies.verdict import Verdict
from tests.policies.judging import policy_of, standard

ALLOW, ASK, DENY = Verdict.ALLOW, Verdict.ASK, Verdict.DENY

# Made up, and taken apart so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "QWERTYUIOP123456"


def _change(
    path: bytes = b"src/a.py",
    *,
    status: Literal["added", "modified", "deleted"] = "modified",
    mode: int = 0o100644,
    lines: int = 1,
    text: str = "x = 1\n",
) -> Change:
    return Change(
        path=path,
        status=status,
        old_mode=0o100644,
        new_mode=mode,
        added_lines=lines,
        removed_lines=0,
        binary=False,
        added_text=text,
    )


def _judged(*changes: Change, policy: Policy | None = None, role: str = "editor") -> Verdict:
    return (policy or standard()).judge_changes(changes, role=role).verdict


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"src/a.py", ALLOW),
        (b"pyproject.toml", ALLOW),
        (b".gitattributes", DENY),
        (b"src/.gitattributes", DENY),
        (b".gitmodules", DENY),
        (b".GitModules", DENY),
        (b"src/.git/config", DENY),
        (b".mimo/policy.yaml", ASK),
        (b"AGENTS.md", ASK),
        (b"src/client/AGENTS.md", ASK),
        (b".mimo/memory/style.md", ASK),
        (b".github/workflows/x.yml", ASK),
        (b".husky/pre-commit", ASK),
        (b"tools/hooks/commit-msg", ASK),
        (b"hooks/post-merge", ASK),
        (b"src/hooks/useState.ts", ALLOW),
        (b"caf\xe9.py", ALLOW),
        (b"a\nb.gitmodules", ALLOW),
    ],
)
def test_paths_are_judged_by_the_rules_on_changes(path: bytes, expected: Verdict) -> None:
    """Globs cover a file at any depth, in any case, whatever bytes its name holds."""
    assert _judged(_change(path)) is expected


@pytest.mark.parametrize("mode", [0o160000, 0o104755, 0o040000, 0o060000])
def test_links_to_repositories_and_special_files_never_land(mode: int) -> None:
    """Gitlinks, setuid files, directories and devices are denied in every policy."""
    assert _judged(_change(mode=mode), policy=policy_of("")) is DENY


def test_a_deletion_is_judged_by_path_only() -> None:
    """Removing a file brings no secret in; removing a protected one is still a change of it."""
    assert _judged(_change(status="deleted", mode=0, text=AWS_KEY)) is ALLOW
    assert _judged(_change(b".gitmodules", status="deleted", mode=0)) is DENY


@pytest.mark.parametrize(
    "text",
    [
        f"key = '{AWS_KEY}'\n",
        "-----BEGIN RSA " + "PRIVATE KEY-----\n",
        "//packages.example.com/:_auth" + f"Token=npm_{'a1' * 18}\n",
    ],
)
def test_an_added_secret_is_denied(text: str) -> None:
    """Keys of known forms in added lines stop the change, and the kind is named."""
    decision = standard().judge_changes([_change(text=text)], role="editor")
    assert decision.verdict is DENY
    assert decision.deciding.rule == "changes secrets: deny"


def test_a_refusal_says_where_a_secret_stands_and_not_what_it_is() -> None:
    """File and line of the new file and the kind are told; the secret itself is not."""
    added = f"a = 1\nkey = '{AWS_KEY}'\n"
    change = replace(_change(text=added), hunks=((3, 1), (40, 1)))
    why = standard().judge_changes([change], role="editor").deciding.why
    assert "src/a.py:40 (AWS Access Key)" in why
    assert AWS_KEY not in why


@pytest.mark.parametrize(
    "text",
    [
        f"{'x' * 20_000} {AWS_KEY} {'x' * 20_000}\n",
        f"key = '{AWS_KEY}'  # pragma: allowlist secret\n",
        f"# pragma: allowlist nextline secret\nkey = '{AWS_KEY}'\n",
    ],
    ids=["far along a line", "with a word for the scanner", "with a word above it"],
)
def test_a_secret_can_not_be_talked_away(text: str) -> None:
    """Neither a long line nor a comment that a scanner would heed hides one."""
    assert _judged(_change(text=text)) is DENY


def test_a_secret_is_found_in_what_is_no_text_and_in_a_name() -> None:
    """Bytes between bytes, letters two bytes wide, and the path itself are looked at."""
    for data in (b"\x00\x01" + AWS_KEY.encode() + b"\xff", AWS_KEY.encode("utf-16")):
        binary = replace(_change(b"a.bin", text=""), binary=True, after=partial(bytes, data))
        assert _judged(binary) is DENY
    assert _judged(_change(f"keys/{AWS_KEY}.txt".encode())) is DENY


def test_a_line_that_was_moved_brings_no_secret_in() -> None:
    """What stood in the repository before may move with its file; the same key on a new line may not come in."""
    line = f"key = '{AWS_KEY}'\n"
    gone = replace(_change(b"old.py", status="deleted", mode=0, text=""), removed_text=line)
    assert _judged(gone, _change(b"new.py", status="added", text=f"    {line}")) is ALLOW
    assert _judged(gone, _change(b"new.py", status="added", text=f"other_{line}")) is DENY


def test_known_values_are_secret_in_each_form() -> None:
    """A value of the environment, as it is or encoded, is found and named by its variable."""
    known = Redactor({"INDEX_TOKEN": "plain words here", "MULTI": "line one\nline two"}).found_in
    for text in ("a\nx = 'plain words here'\n", "x = plain%20words%20here\n", "cGxhaW4gd29yZHMgaGVyZQ==\n"):
        decision = standard().judge_changes([_change(text=text)], role="editor", known=known)
        assert decision.verdict is DENY
        assert "the value of INDEX_TOKEN" in decision.deciding.why
        assert "plain words here" not in decision.deciding.why
    assert standard().judge_changes([_change(text="plain words\n")], role="editor", known=known).verdict is ALLOW
    multi = replace(_change(text="a\nline one\nline two\n"), hunks=((10, 3),))
    (part,) = standard().judge_changes([multi], role="editor", known=known).parts
    assert "src/a.py:11 (the value of MULTI)" in part.why


def test_ordinary_code_holds_no_secret() -> None:
    """Hashes, test passwords and addresses are no secrets."""
    text = "sha = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'\npassword = 'secret'\nhost = '10.0.0.1'\n"
    assert _judged(_change(text=text)) is ALLOW


def test_a_large_change_is_asked_about() -> None:
    """`max` counts files and lines of the whole diff."""
    policy = policy_of("changes: [{max: {files: 2, lines: 10}}]")
    assert _judged(_change(), _change(b"b"), policy=policy) is ALLOW
    assert _judged(_change(), _change(b"b"), _change(b"c"), policy=policy) is ASK
    assert _judged(_change(lines=11), policy=policy) is ASK


def test_one_large_file_is_asked_about() -> None:
    """`file_bytes` is of any one file, whatever its lines are."""
    policy = policy_of("changes: [{max: {file_bytes: 10}}]")
    assert _judged(replace(_change(), after=partial(bytes, 10)), policy=policy) is ALLOW
    assert _judged(replace(_change(), after=partial(bytes, 11)), policy=policy) is ASK


def test_a_rule_is_not_about_what_it_excepts() -> None:
    """`unless` names the paths that a rule leaves alone; they count for no maximum either."""
    policy = policy_of(
        "changes: [{deny: ['docs/**'], unless: ['docs/*.md']}, {max: {lines: 10}, unless: ['**/*.lock']}]"
    )
    assert _judged(_change(b"docs/a.rst"), policy=policy) is DENY
    assert _judged(_change(b"docs/a.md"), policy=policy) is ALLOW
    assert _judged(_change(b"DOCS/A.MD"), policy=policy) is DENY
    assert _judged(_change(b"uv.lock", lines=500), policy=policy) is ALLOW
    assert _judged(_change(b"uv.lock", lines=500), _change(lines=11), policy=policy) is ASK


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("binary", {"binary": True}),
        ("modes", {"new_mode": 0o100755}),
        ("modes", {"old_mode": 0o100755}),
        ("modes", {"status": "added", "old_mode": 0, "new_mode": 0o100755}),
        ("symlinks", {"new_mode": 0o120000, "after": partial(bytes, b"b.py")}),
        ("symlinks", {"status": "added", "old_mode": 0, "new_mode": 0o120000, "after": partial(bytes, b"../b")}),
    ],
)
def test_kinds_of_files_are_judged(kind: str, change: dict[str, Any]) -> None:
    """Each kind is asked about or denied as its rule says, and left alone without one."""
    changed = replace(_change(), **change)
    assert _judged(changed, policy=policy_of("")) is ALLOW
    assert _judged(changed, policy=policy_of(f"changes: [{{{kind}: ask}}]")) is ASK
    assert _judged(changed, policy=policy_of(f"changes: [{{{kind}: deny}}]")) is DENY
    plain = policy_of(f"changes: [{{{kind}: deny}}]")
    assert _judged(_change(), policy=plain) is ALLOW
    gone = replace(changed, status="deleted", new_mode=0, binary=False)
    assert _judged(gone, policy=plain) is ALLOW


@pytest.mark.parametrize(
    "target", [b"/etc/passwd", b"../../x", b"../../../x", b"b/../../x", b".git", b"../.git/config", b"../.GIT/hooks"]
)
def test_a_link_that_leaves_the_repository_never_lands(target: bytes) -> None:
    """Neither outwards nor into .git, in every policy."""
    link = replace(_change(b"src/a", mode=0o120000), after=partial(bytes, target))
    decision = policy_of("").judge_changes([link], role="editor")
    assert decision.verdict is DENY
    assert decision.deciding.rule == "symlink"


@pytest.mark.parametrize("target", [b"b", b"../b", b"./c/d", b"../.github/x"])
def test_a_link_that_stays_may_land(target: bytes) -> None:
    """A link within the tree is a file like any other, where no rule is about links."""
    assert (
        _judged(replace(_change(b"src/a", mode=0o120000), after=partial(bytes, target)), policy=policy_of("")) is ALLOW
    )


def test_every_reason_is_told_once() -> None:
    """A file that several rules are about has a part for each, the strictest first."""
    policy = policy_of("changes: [{ask: ['src/**']}, {modes: deny, why: text alone}]")
    decision = policy.judge_changes([_change(mode=0o100755), _change(b"b")], role="editor")
    assert [(part.text, part.verdict, part.rule, part.why) for part in decision.parts] == [
        ("src/a.py", DENY, "changes modes: deny", "it becomes executable: text alone"),
        ("src/a.py", ASK, "changes ask: src/**", "a rule says so"),
        ("b", ALLOW, "changes", "no rule is about this file"),
    ]


def test_rules_on_changes_may_be_for_some_roles() -> None:
    """A rule for testers leaves an editor's change alone."""
    policy = policy_of("changes: [{deny: ['src/**'], roles: [tester]}]")
    assert _judged(_change(), policy=policy, role="tester") is DENY
    assert _judged(_change(), policy=policy) is ALLOW


def test_a_change_of_nothing_is_allowed_with_a_part() -> None:
    """An empty diff has a decision too."""
    assert _judged() is ALLOW


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.py", ALLOW),
        ("/workspace/src/a.py", ALLOW),
        ("../a", DENY),
        ("/etc/passwd", DENY),
        ("/tmp/x", DENY),
        ("src/../../x", DENY),
        (".git/config", DENY),
        ("src/.GIT/x", DENY),
        (".env", DENY),
        (".", DENY),
        ("", DENY),
        ("a\nb", DENY),
        ("a\u202eb", DENY),
    ],
)
def test_edits_stay_in_the_workspace_and_off_what_is_protected(path: str, expected: Verdict) -> None:
    """The edit tool's paths meet the path rules, wherever they lead."""
    assert standard().judge_edit(path, role="editor").verdict is expected
