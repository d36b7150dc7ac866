"""Where each part stands in its script: what is within what, in the order of the script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.policy import Policy
from policies.verdict import Placed, Verdict
from tests.policies.judging import judged, policy_of

Tree = list[tuple[str, "Tree"]]


def outline(script: str, *, policy: Policy | None = None) -> tuple[Placed, ...]:
    """The parts of a script in their places."""
    return judged(script, policy=policy).outline


def tree(script: str) -> Tree:
    """The texts of parts, each with those of what stands within it; a mark before what reads a pipe."""
    roots: Tree = []
    nodes: list[Tree] = []
    for placed in outline(script):
        below: Tree = []
        beside = roots if placed.within is None else nodes[placed.within]
        beside.append((f"| {placed.part.text}" if placed.piped else placed.part.text, below))
        nodes.append(below)
    return roots


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ls; pwd && ls", [("ls", []), ("pwd", []), ("ls", [])]),
        ('echo "$(id -u)" > log', [('echo "$(id -u)"', [("id -u", []), ("> log", [])])]),
        ("> log < a cat b", [("> log < a cat b", [("> log", []), ("< a", [])])]),
        ("A=$(id) B=2 ls", [("A=$(id) B=2 ls", [("A=$(id)", [("id", [])]), ("B=2", [])])]),
        ("cat <(sort a) > $(pwd)", [("cat <(sort a)", [("sort a", []), ("> $(pwd)", [("pwd", [])])])]),
        ("cat a | sort | (wc)", [("cat a", []), ("| sort", []), ("wc", [])]),
        ("for f in $(ls); do cat $f; done", [("for f in $(ls)", [("ls", []), ("cat $f", [])])]),
        (
            "bash -c 'ls; sh -c pwd' | wc",
            [("bash -c 'ls; sh -c pwd'", [("ls", []), ("sh -c pwd", [("pwd", [])])]), ("| wc", [])],
        ),
        (
            "timeout 5 env A=1 xargs -n 1 wc -l",
            [
                (
                    "timeout 5 env A=1 xargs -n 1 wc -l",
                    [("env A=1 xargs -n 1 wc -l", [("xargs -n 1 wc -l", [("wc -l ...", [])])])],
                )
            ],
        ),
        ("cat <<E\n$(id)\nE", [("cat", [("$(id)", [("id", [])])])]),
    ],
)
def test_what_stands_within_what(script: str, expected: Tree) -> None:
    """Substitutions, redirections, inner scripts and wrapped commands are within their command, in their order."""
    shown = tree(script)
    assert [(text.partition(" < heredoc")[0], below) for text, below in shown] == expected


def test_loops_and_conditions_are_named_around_what_they_hold() -> None:
    """A compound statement is no part itself; what it holds has its beginning, outermost first."""
    placed = outline("ls | while read x; do if test -f $x; then cat $x; else pwd; fi; done; (case $x in a) id;; esac)")
    assert [(one.part.text, one.under) for one in placed] == [
        ("ls", ()),
        ("read x", ("| while read x",)),
        ("test -f $x", ("| while read x", "if test -f $x")),
        ("cat $x", ("| while read x", "if test -f $x")),
        ("pwd", ("| while read x", "if test -f $x", "else")),
        ("id", ("( )", "case $x in")),
    ]


def test_a_function_is_shown_where_it_is_defined() -> None:
    """At a call its body is shown again only where it gets another verdict there."""
    same = tree("f() { rm x; }; f; f")
    assert same == [("f() { rm x; }", [("rm x", [])]), ("f", []), ("f", [])]
    other = outline("f() { rm x; }; cd /; f")
    assert [(one.part.text, one.part.verdict, one.within) for one in other] == [
        ("f() { rm x; }", Verdict.ALLOW, None),
        ("rm x", Verdict.ALLOW, 0),
        ("cd /", Verdict.ALLOW, None),
        ("f", Verdict.ALLOW, None),
        ("rm x", Verdict.DENY, 3),
    ]


def test_what_a_loop_does_twice_stands_once_with_its_strictest_verdict() -> None:
    """A loop that moves to another directory is judged for its first round and for the others."""
    first, moved, last = outline("for d in a b; do rm x; cd ..; done")
    assert [one.part.text for one in (first, moved, last)] == ["for d in a b", "rm x", "cd .."]
    assert [one.part.verdict is Verdict.ALLOW for one in (first, moved, last)] == [True, False, True]


def test_a_word_is_a_part_only_where_it_is_refused() -> None:
    """A pattern or a default value does nothing by itself, but may name what must not be read."""
    assert [one.part.text for one in outline("case x in a|b) ls;; esac; echo ${x:-y}")] == ["ls", "echo ${x:-y}"]
    assert [one.part.text for one in outline("echo ${x:-~/.ssh/id}")] == ["echo ${x:-~/.ssh/id}", "~/.ssh/id"]


def test_a_wrapped_command_has_its_own_rule() -> None:
    """What runs behind a wrapper is a part of its own; the wrapper's part says only what holds for the wrapper."""
    own = policy_of("commands: [{allow: timeout 5}, {deny: frob}]")
    wrapper, wrapped = outline("timeout 5 frob 'a b'", policy=own)
    assert (wrapper.part.rule, wrapped.part.rule, wrapped.part.text) == ("allow: timeout 5", "deny: frob", "frob 'a b'")


PIECES = ["ls", "A=1 pwd", "cat $(id) > f", "bash -c 'ls; pwd'", "timeout 5 ls", "wc < f", "f() { id; }", "f"]
JOINS = ["; ", " && ", " | ", "\n"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(JOINS)), min_size=1, max_size=6), st.booleans())
def test_the_outline_has_all_that_was_judged(pieces: list[tuple[str, str]], loop: bool) -> None:
    """Whatever the script: the same verdict, no other part, and each within one that stands before it."""
    script = "".join(piece + join for piece, join in pieces) + "ls"
    decision = judged(f"while true; do {script}; done" if loop else script)
    placed = decision.outline
    assert {one.part for one in placed} <= set(decision.parts)
    assert max(one.part.verdict.strictness for one in placed) == decision.verdict.strictness
    assert all(one.within is None or one.within < at for at, one in enumerate(placed))
