"""A policy file is changed where it has to change, and nowhere else."""

from __future__ import annotations

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.tightening.rule_text import RuleText, lines_of, scalar
from orchestrator.tightening.splice import with_allows, with_rule
from policies.document import read_document
from policies.problems import DocumentError
from policies.verdict import Verdict

OWN = """\
# ours
version: 1
extends: "standard"   # the preset

commands:
    # reading
    - allow: [ls,   cat]
      why: 'as we like it'

    # never
    - deny: git commit
      why: |
        commits are lost
        # so is this

    - allow:
        - make test|lint
      # a note within

# paths of ours
paths:
    write: {deny: [tools/**]}
"""
RULE = ["- allow: npm ci $", "  why: a reason"]


def data(text: str) -> object:
    """What a file says."""
    return read_document(text, file="f").data


def test_a_rule_is_put_behind_the_last_and_all_else_stays() -> None:
    """Comments, quotes, blank lines and indents are those of before; the new lines are as far in as the others."""
    changed = with_rule(OWN, RULE, file="f")
    assert changed.splitlines() == [
        *OWN.splitlines()[:18],
        "    - allow: npm ci $",
        "      why: a reason",
        *OWN.splitlines()[18:],
    ]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (
            "version: 1\nextends: standard",
            "version: 1\nextends: standard\ncommands:\n  - allow: npm ci $\n    why: a reason\n",
        ),
        (
            "version: 1\ncommands:\n- deny: x\n",
            "version: 1\ncommands:\n- deny: x\n- allow: npm ci $\n  why: a reason\n",
        ),
        (
            "version: 1\r\ncommands:\r\n  - deny: x\r\n",
            "version: 1\r\ncommands:\r\n  - deny: x\r\n  - allow: npm ci $\r\n    why: a reason\r\n",
        ),
        (
            "version: 1\ncommands:\n  - deny: x\n  # the end\n",
            "version: 1\ncommands:\n  - deny: x\n  - allow: npm ci $\n    why: a reason\n  # the end\n",
        ),
        (
            "commands:\n  - {deny: x}\n\nversion: 1\n",
            "commands:\n  - {deny: x}\n  - allow: npm ci $\n    why: a reason\n\nversion: 1\n",
        ),
    ],
)
def test_files_of_any_making_take_a_rule(text: str, changed: str) -> None:
    """Without a list, with any indent and line end, and with keys in any order."""
    assert with_rule(text, RULE, file="f") == changed


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\ncommands: [{deny: x}]\n",
        "version: 1\ncommands: []\n",
        "{version: 1, extends: standard}\n",
        "version: 1\ncommands:\n  -\n    deny: x\n",
        "- a\n",
        "version: 1\n...\n",
    ],
)
def test_a_file_that_no_line_can_be_put_into_is_left_alone(text: str) -> None:
    """What would not read as it should is refused, with what to do."""
    with pytest.raises(UsageProblem, match=r"lines of its own"):
        with_rule(text, RULE, file="f")


def test_a_file_with_mistakes_is_not_worked_on() -> None:
    """Its problems are told as ever."""
    with pytest.raises(DocumentError):
        with_rule("version: 1\nversion: 1\n", RULE, file="f")


def test_allows_are_replaced_and_the_rest_of_the_file_stays() -> None:
    """The rules that restrict keep their comments and order; keys are set where they stand, or behind `extends`."""
    changed = with_allows(OWN, RULE, file="f", keys=(("inherit", "restrictions"), ("default", "deny")))
    assert changed == (
        '# ours\nversion: 1\nextends: "standard"   # the preset\ninherit: restrictions\ndefault: deny\n\n'
        "commands:\n    - allow: npm ci $\n      why: a reason\n\n"
        "    # never\n    - deny: git commit\n      why: |\n        commits are lost\n        # so is this\n\n\n"
        "# paths of ours\npaths:\n    write: {deny: [tools/**]}\n"
    )


def test_a_key_that_is_there_gets_another_value() -> None:
    """Its comment stays."""
    changed = with_allows("version: 1\ndefault: ask  # for now\n", RULE, file="f", keys=(("default", "deny"),))
    assert changed.startswith("version: 1\ndefault: deny  # for now\ncommands:\n")


@pytest.mark.parametrize(
    "text", ["version: 1\ncommands:\n  - allow: ls\npaths: {}\n", "version: 1\nextends: standard\n"]
)
def test_nothing_may_be_left_to_allow(text: str) -> None:
    """A file whose every rule goes is still one."""
    changed = with_allows(text, ["# nothing"], file="f", keys=())
    assert data(changed) == {**dict(data(text) or {}), **({"commands": []} if "commands" in text else {})}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "make test|lint $",
            "true",
            "-x",
            "a, b",
            "[x",
            "#a",
            "a #b",
            "a: b",
            "'",
            '"',
            "*",
            "&a",
            "!x",
            "%a",
            "@a",
            "1",
            "~",
        ),
        *("ends ", " begins", "é", "\u202e", "a\tb", "{a}", "", "null", "0x1", ".5", "./a", "/a", "|", "[|[["),
    ],
)
def test_any_text_is_read_back_as_it_is(text: str) -> None:
    """In a list on one line and on a line of its own; in ASCII, so that no terminal is steered by it."""
    rule = RuleText(verdict=Verdict.ALLOW, patterns=[("x", "")], why=text, accepts=[text, "b"], rejects=[text * 50])
    lines = list(lines_of(rule))
    assert "\n".join(lines).isascii()
    expected = {"allow": "x", "accepts": [text, "b"], "rejects": [text * 50], **({"why": text} if text else {})}
    assert data("\n".join(lines)) == [expected]
    assert data(f"k: {scalar(text)}") == {"k": text}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_line_keeps_its_own_end(end: str) -> None:
    """A file whose lines end in two ways keeps both."""
    text = f"version: 1\r\nextends: standard{end}commands:\n  - allow: foo{end}"
    assert (
        with_rule(text, ["- allow: bar"], file="own.yaml")
        .replace("  - allow: bar\r\n", "")
        .replace("  - allow: bar\n", "")
        == text
    )
