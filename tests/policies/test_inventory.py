"""Every rule that can decide is among those that are listed, under the name that decisions give it."""

from __future__ import annotations

import json
from pathlib import Path

from policies.changed import Change
from policies.engine.judge import findings_in
from policies.inventory import key_of, listed_rules
from policies.loader import load_policy, preset
from policies.paths import WORKSPACE
from policies.policy import Policy
from policies.rules import BUILT_IN

CORPUS = Path(__file__).with_name("corpus.jsonl")

CHANGES = """\
version: 1
changes:
  - deny: ["**/*.lock", migrations/**]
  - ask: .github/**
    roles: [editor]
  - max: {files: 1, lines: 1}
  - secrets: deny
"""


def commands() -> list[str]:
    """Commands of every kind."""
    return [json.loads(line)["command"] for line in CORPUS.read_text().splitlines()]


def keys(policy: Policy) -> set[object]:
    """The rules of a policy."""
    return {(rule.key, rule.verdict) for _, rules in listed_rules(policy) for rule in rules}


def test_whatever_decides_is_listed() -> None:
    """On any command: a finding is by a rule of the list, or built-in."""
    policy = preset("strict")
    known = keys(policy)
    for command in commands():
        for findings in findings_in(policy.book, command, role="editor", cwd=WORKSPACE):
            for found in findings:
                key = (key_of(found.rule, found.file, found.line), found.verdict)
                assert found.file == BUILT_IN or key in known, (command, found)


def test_rules_on_changes_are_listed_by_their_place() -> None:
    """A decision names the glob or the unit; the list has the rule that it stands in."""
    policy = load_policy("own.yaml", reader=lambda _: CHANGES.encode())
    files = [
        Change(
            path=path,
            status="added",
            old_mode=0,
            new_mode=0o100644,
            added_lines=2,
            removed_lines=0,
            binary=False,
            added_text="-----BEGIN RSA PRIVATE KEY-----\n" if path == b"key" else "x\n",
        )
        for path in (b"uv.lock", b"migrations/1.sql", b".github/x", b"key")
    ]
    decided = policy.judge_changes(files, role="editor").parts
    assert len({part.rule for part in decided}) == 6
    assert {(key_of(part.rule, part.file, part.line), part.verdict) for part in decided} == keys(policy)
