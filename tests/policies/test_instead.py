"""A refusal says what may be done instead, wherever that can be said in general."""

from __future__ import annotations

import pytest

from policies.instead import INSTEAD, instead_of
from policies.verdict import Verdict
from tests.policies.judging import judged, policy_of
from tests.policies.test_cases import CASES, CORPUS


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("git stash", "what is allowed of it: git status|diff|log|show|add|commit|rev-parse"),
        ("cat .env", "work with the other files below /workspace"),
        ("PATH=. ls", "run it without that variable"),
        ("tar -I ./x -tf a.tar", "the same without -I"),
        ("ls &", "run it to its end, and read what it printed"),
        ("if", "plain commands: one a line, each word written out or in single quotes"),
    ],
)
def test_a_refusal_says_what_may_be_done_instead(command: str, said: str) -> None:
    """By the kind of the rule that decided; an agent that is told does not try the next trick."""
    part = judged(command).deciding
    assert part.instead is not None
    assert part.instead.startswith(said)


def test_a_rules_own_words_go_first() -> None:
    """What the author of a rule says holds; of a rule that says nothing, nothing is made up."""
    own = policy_of("commands: [{deny: frob, instead: use grind}, {deny: knot}, {allow: ls}]")
    assert judged("frob", policy=own).deciding.instead == "use grind"
    assert judged("knot -x", policy=own).deciding.instead is None
    assert judged("ls", policy=own).deciding.instead is None


def test_of_a_command_without_a_rule_it_names_what_is_allowed_of_its_program() -> None:
    """The nearest rule that allows something of it, for the role that asks; nothing where there is none."""
    own = policy_of("commands: [{allow: frob tests, roles: [tester]}]", "commands: [{allow: frob lint}]")
    assert judged("frob x", policy=own).deciding.instead == "what is allowed of it: frob lint"
    assert judged("frob x", policy=own, role="tester").deciding.instead == "what is allowed of it: frob tests"
    assert judged("knot", policy=own).deciding.instead is None


def test_the_table_is_about_rules_that_there_are() -> None:
    """Each row is met by a command that is refused, so none is left behind when a rule is renamed."""
    commands = [case["command"] for case in CORPUS + CASES]
    commands += ["f() { :; }; PYTHONPATH=/x ls", "awk --file=x", "ls ${!x}", "printf -v $x y"]
    met = {part.rule for command in commands for part in judged(command).parts}
    # That judging itself fails is caused by no command that is known.
    assert set(INSTEAD) - met <= {"internal"}


def test_nothing_is_said_of_what_is_allowed() -> None:
    """An allowed part has no alternative."""
    assert instead_of("unparsable", Verdict.ALLOW) is None
