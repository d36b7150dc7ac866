"""Rules on changes are tried on what a repository has already."""

from __future__ import annotations

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program

pytestmark = pytest.mark.slow

POLICY = "version: 1\nextends: standard\nchanges:\n  - deny: [deploy/**]\n  - tests: ask\n"


@pytest.fixture
def program(make: MakeProgram) -> Program:
    """A repository with a commit that rules are about, one that they are not, and one that brought it all."""
    made = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n", "tests/test_a.py": "def test_a(): assert 1\n"})
    for number, (path, text) in enumerate([("tests/test_a.py", ""), ("a.txt", "b\n")]):
        (made.repository / path).write_text(text)
        made.git("commit", "--quiet", "-am", f"change {number}")
    return made


def test_a_change_of_the_past_is_judged(program: Program) -> None:
    """One commit or all between two, by the policy that is there or another, as text and as JSON."""
    assert program.run("policy", "changes").stdout == "verdict: allow\n\n1 file that no rule stops\n"
    text = program.run("policy", "changes", "HEAD~2..").stdout
    assert text.startswith("verdict: ask\n")
    assert "ask    tests/test_a.py\n       changes tests: ask (" in text
    assert "policy.yaml:5): 1 test fewer, 1 assertion fewer\n1 file that no rule stops\n" in text
    judged = program.json("policy", "changes", "HEAD~1")
    assert [(part["text"], part["verdict"]) for part in judged["parts"]] == [("tests/test_a.py", "ask")]
    assert program.json("policy", "changes", "HEAD~1", "--policy", "standard")["verdict"] == "allow"


def test_the_first_commit_is_all_of_it(program: Program) -> None:
    """Before it there was nothing."""
    judged = program.json("policy", "changes", "HEAD~2")
    assert [part["text"] for part in judged["parts"]] == [".mimo/policy.yaml", "a.txt", "tests/test_a.py"]
    assert judged["verdict"] == "ask"


@pytest.mark.parametrize("revisions", ["nope", "HEAD..nope", "--all", "HEAD~9"])
def test_what_is_no_commit_is_said(program: Program, revisions: str) -> None:
    """A mistake of usage, with what may stand there."""
    finished = program.run("policy", "changes", "--", revisions)
    assert finished.returncode == 2
    assert "there is no commit" in finished.stderr
