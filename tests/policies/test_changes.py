"""A diff is judged before it lands, and an edit before it is made."""

from __future__ import annotations

from typing import Literal

import pytest

from policies.changes import Change
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
        (b".github/workflows/x.yml", ASK),
        (b".husky/pre-commit", ASK),
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


@pytest.mark.parametrize("text", [f"key = '{AWS_KEY}'\n", "-----BEGIN RSA " + "PRIVATE KEY-----\n"])
def test_an_added_secret_is_denied(text: str) -> None:
    """Keys of known forms in added lines stop the change, and the kind is named."""
    decision = standard().judge_changes([_change(text=text)], role="editor")
    assert decision.verdict is DENY
    assert decision.deciding.rule == "changes secrets: deny"


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
