"""Wildcards in patterns and globs: what they match, and that no text makes them take long."""

from __future__ import annotations

import pytest

from policies.loader import load_policy, preset
from policies.remarks import remarks
from policies.verdict import Verdict

STARS = "*a" * 12 + "*b"


@pytest.mark.parametrize(
    ("rule", "command"),
    [
        ("commands: [{allow: 'ls %s'}]", "ls " + "a" * 3000),
        ("commands: [{allow: ls, unless: ['%s']}]", "ls " + "a" * 3000),
        ("commands: [{deny: '%s'}]", "a" * 3000),
        ("paths: {write: {deny: ['**/%s']}}", "touch " + "a" * 3000),
        ("paths: {read: {deny: ['**/%s']}}", "cat " + "a" * 3000),
        ("env: {deny: ['%s']}", "A" + "a" * 3000 + "=1 ls"),
    ],
)
def test_many_stars_are_matched_without_trying_every_way(rule: str, command: str) -> None:
    """A repository's own policy can't keep the judge busy: the time limit of every test is what this one is about."""
    policy = load_policy("own.yaml", reader=lambda _: f"version: 1\n{rule % STARS}\n".encode())
    assert policy.judge_command(command, role="editor").parts


@pytest.mark.parametrize("command", ["cat " + "a/" * 1500, "cat " + "a/" * 200 + "x*"])
def test_many_directories_are_matched_without_trying_every_way(command: str) -> None:
    """The same of globs with several `**`."""
    rule = f"paths: {{read: {{deny: ['{'**/a/' * 12}b*']}}}}"
    policy = load_policy("own.yaml", reader=lambda _: f"version: 1\n{rule}\n".encode())
    assert policy.judge_command(command, role="editor").parts


@pytest.mark.parametrize(
    ("glob", "path", "denied"),
    [
        ("**/*a*b*c", "src/xaabxbc", True),
        ("**/*a*b*c", "src/xaab/bc", False),
        ("**/x/**/y/*.py", "a/x/x/b/y/z/y/c.py", True),
        ("**/x/**/y/*.py", "a/x/x/b/y/z/c.py", False),
        ("a*?b/**", "axb/c/d", True),
        ("a*?b/**", "ab/c/d", False),
        ("**/**/x/**/**", "a/x/b/c", True),
    ],
)
def test_stars_match_as_they_read(glob: str, path: str, *, denied: bool) -> None:
    """`*` stays within a segment, `**` is any number of them, whatever stands between."""
    text = f"version: 1\npaths: {{write: {{allow: [/workspace/**], deny: ['{glob}']}}}}\ncommands: [{{allow: touch}}]\n"
    policy = load_policy("own.yaml", reader=lambda _: text.encode())
    verdict = policy.judge_command(f"touch {path}", role="editor").verdict
    assert (verdict is Verdict.DENY) == denied


@pytest.mark.parametrize("word", ["*a" * 30000, "a/*/" * 16000])
def test_a_word_of_very_many_wildcards_is_asked_about(word: str) -> None:
    """What they match is not looked into."""
    assert preset("standard").judge_command(f"cat {word}", role="editor").verdict is Verdict.ASK


@pytest.mark.parametrize("pattern", ["p*", "python3.12", "python3*", "b*sh", "n*de"])
def test_a_pattern_that_may_mean_an_interpreter_is_warned_about(pattern: str) -> None:
    """A version is what its family is, and a wildcard in a name each program that it matches."""
    text = f"version: 1\ncommands:\n  - allow: '{pattern}'\n"
    policy = load_policy("own.yaml", reader=lambda _: text.encode())
    assert any("it runs any code" in str(remark) for remark in remarks(policy))
