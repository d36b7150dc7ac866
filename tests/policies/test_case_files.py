"""Files of cases: read in either form, mistakes shown at their place, failures with the rule that decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.cases import Case, read_cases, run_cases
from policies.document import DocumentError
from tests.policies.judging import standard

LINES = """\
{"id": "look", "command": "ls", "expect": "allow"}

{"command": "git push", "expect": "deny", "role": "tester", "kept": "for whoever keeps the file"}
"""
GROUPED = """\
allow: [ls]
deny:
  - git push
"""
LISTED = """\
- {id: look, command: ls, expect: allow}
- command: git push
  expect: deny
  role: tester
  why: only people publish
"""


def read(tmp_path: Path, text: str, name: str = "cases.yaml") -> tuple[Case, ...]:
    """The cases of a file with this text; its name is all that is kept of its path."""
    (tmp_path / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        return read_cases(Path(name))


@pytest.mark.parametrize(
    ("text", "name", "lines"),
    [(LINES, "cases.jsonl", [1, 3]), (GROUPED, "cases.yaml", [1, 3]), (LISTED, "cases.yml", [1, 2])],
)
def test_cases_are_read_in_each_form(tmp_path: Path, text: str, name: str, lines: list[int]) -> None:
    """JSON Lines, a list, or commands under their verdict; each knows where it stands."""
    cases = read(tmp_path, text, name)
    assert [(case.command, case.expect) for case in cases] == [("ls", "allow"), ("git push", "deny")]
    assert [(case.file, case.line) for case in cases] == [(name, line) for line in lines]
    assert [case.role for case in cases] == ([None, None] if text == GROUPED else [None, "tester"])


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('{"id": "a"}', "c.jsonl", "c.jsonl:1:1: 'command' is missing"),
        ('\n{"command": "ls", "expect": "alow"}', "c.jsonl", "c.jsonl:2:29: must be 'allow', 'ask' or 'deny'"),
        ('{"command": "ls"', "c.jsonl", "c.jsonl:1:17: not JSON: Expecting ',' delimiter"),
        ("[1]", "c.jsonl", "c.jsonl:1:1: must be a mapping, not a list"),
        ("alow: [ls]\n", "c.yaml", "c.yaml:1:1: unknown key 'alow'"),
        ("- {command: ls, expected: allow}\n", "c.yaml", "c.yaml:1:17: unknown key 'expected'"),
        ("- {command: ls, expect: [allow]}\n", "c.yaml", "c.yaml:1:25: must be 'allow', 'ask' or 'deny'"),
        ("allow: 7\n", "c.yaml", "c.yaml:1:8: must be a list, not 7"),
        ("just words\n", "c.yaml", "c.yaml:1:1: cases are a list, or a mapping from allow, ask and deny"),
        ("allow: [ls\n", "c.yaml", "c.yaml:2:1: "),
    ],
)
def test_a_mistake_is_shown_at_its_place(tmp_path: Path, text: str, name: str, expected: str) -> None:
    """File, line and column, in either form."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, text, name)
    assert f"\n{expected}" in f"\n{caught.value}"


def test_a_mistake_has_its_line_and_what_was_meant(tmp_path: Path) -> None:
    """As in a plan or a policy: the line, a caret, did you mean."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, '{"command": "ls", "expect": "alow"}\n', "c.jsonl")
    assert str(caught.value).split("\n")[1:] == [
        '  {"command": "ls", "expect": "alow"}',
        "                              ^",
        "  did you mean 'allow'?",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Without its line and caret, since there are none."""
    with pytest.raises(DocumentError, match=r"nowhere.yaml:1:1: the cases can't be read: No such file"):
        read_cases(tmp_path / "nowhere.yaml")


def test_a_failure_names_the_rule_that_decided() -> None:
    """Which part of the command, by which rule of which file and line, and why; and where the case stands."""
    case = Case(command="ls; git push", expect="allow", role="tester", file="cases.yaml", line=3)
    [failed] = run_cases(standard(), [case], role="editor")["failed"]
    assert failed["part"] == "git push"
    assert failed["rule"].startswith("deny: git push|pull")
    assert (failed["file"], failed["got"], failed["role"]) == ("standard", "deny", "tester")
    assert failed["line"] > 1
    assert failed["why"].startswith("only the orchestrator publishes")
    assert (failed["case_file"], failed["case_line"]) == ("cases.yaml", 3)
