"""How often the rules of a policy decide about what past runs did."""

from __future__ import annotations

from orchestrator.tightening.coverage import Coverage, Use, coverage
from policies.policy import Policy
from tests.tightening.past import STANDARD, START, began, did, diff_of, merged, past, policy, started
from tests.views.story import Story

OWN = """\
default: deny
commands:
  - allow: [ls, cp, timeout]
  - allow: python -m pytest
    roles: [editor]
  - ask: make
  - deny: git push
paths:
  write: {allow: [/workspace/**, /tmp/**]}
  read: {ask: [/workspace/**], allow: [/nowhere/**]}
env: {deny: [LD_*]}
changes:
  - deny: ["**/migrations/**"]
  - max: {files: 1, lines: 100}
"""


def counted(other: Policy, *stories: Story) -> Coverage:
    """The uses of a policy's rules in one run."""
    return coverage(other, [past(*stories)])


def uses(found: Coverage) -> dict[str, tuple[int, int]]:
    """How many parts and wholes each rule decided, of those that did."""
    return {
        used.rule.key[2] if used.rule.section != "changes" else f"changes {used.rule.text}": (
            used.use.parts,
            used.use.wholes,
        )
        for _, rules in found.layers
        for used in rules
        if used.use.parts
    }


def test_each_part_counts_for_the_rules_that_decided_it() -> None:
    """Also a part that did not decide the whole; a rule that decides two parts of a script counts twice."""
    found = counted(
        policy(OWN, name="own"),
        started("a"),
        did("a", "ls && ls -l && git push"),
        did("a", "ls", step=2),
        did("a", "LD_PRELOAD=x ls; make", step=3),
    )
    assert uses(found) == {"allow: ls": (4, 1), "deny: git push": (1, 1), "env deny: LD_*": (1, 1), "ask: make": (1, 0)}
    assert found.acts == 3


def test_all_that_an_allowed_command_needs_is_counted() -> None:
    """The rule on its name, that on the path it writes, and that on what it wraps: without any it would not run."""
    own = policy(OWN.replace("ask: [/workspace/**], allow: [/nowhere/**]", "allow: [/workspace/**]"), name="own")
    found = counted(own, started("a"), did("a", "timeout 5 cp a /tmp/b > out"))
    assert uses(found) == {
        "allow: cp": (1, 1),
        "allow: timeout": (1, 1),
        "paths.write allow: /tmp/**": (1, 1),
        "paths.write allow: /workspace/**": (1, 1),
        "paths.read allow: /workspace/**": (1, 1),
    }


def test_rules_that_never_decided_are_there_in_the_order_of_the_file() -> None:
    """Every pattern, glob and rule on changes is listed, with its line, whether it was used or not."""
    (name, rules), *_ = counted(policy(OWN, name="own"), started("a"), did("a", "ls")).layers
    assert name == "own"
    assert [(used.rule.line, used.rule.verdict.value, used.rule.text) for used in rules] == [
        (2, "deny", "what no rule is about"),
        (4, "allow", "ls"),
        (4, "allow", "cp"),
        (4, "allow", "timeout"),
        (5, "allow", "python -m pytest for editor"),
        (7, "ask", "make"),
        (8, "deny", "git push"),
        (10, "allow", "/workspace/**"),
        (10, "allow", "/tmp/**"),
        (11, "allow", "/nowhere/**"),
        (11, "ask", "/workspace/**"),
        (12, "deny", "LD_*"),
        (14, "deny", "**/migrations/**"),
        (15, "ask", "more than 1 files or 100 lines"),
    ]
    assert [used.rule.text for used in rules if used.use.parts] == ["ls"]


def test_what_no_rule_is_about_counts_for_the_default() -> None:
    """It stands in the layer that sets it, and with the program's own rules where none does."""
    own = counted(policy(OWN, name="own"), started("a"), did("a", "frobnicate"))
    assert uses(own) == {"default: deny": (1, 1)}
    unset = counted(policy("commands: [{allow: ls}]\n"), started("a"), did("a", "frobnicate; eval x"))
    name, rules = unset.layers[-1]
    assert (name, [used.rule.text for used in rules]) == ("built-in", ["default: ask", "eval"])


def test_the_layers_stand_nearest_first() -> None:
    """A file and what it extends are counted apart: only the one that decided counts."""
    own = policy("extends: standard\ncommands: [{allow: ls}]\n", name="own")
    found = counted(own, started("a"), did("a", "ls"), did("a", "cat x", step=2))
    assert [name for name, _ in found.layers] == ["own", "standard"]
    assert [sum(used.use.parts for used in rules) for _, rules in found.layers] == [1, 1]


def test_edits_and_landed_diffs_count() -> None:
    """The path of an edit counts for its glob, each file of a diff for the rule on changes."""
    edit = did("a", "/workspace/a.py", edit=True)
    run = past(started("a"), edit, merged("a"), read=lambda *_: diff_of("migrations/1.sql", "a.py"))
    found = coverage(policy(OWN, name="own"), [run])
    assert uses(found) == {
        "paths.write allow: /workspace/**": (1, 1),
        "changes **/migrations/**": (1, 1),
        "changes more than 1 files or 100 lines": (1, 0),
    }
    assert (found.acts, found.diffs) == (1, 1)


def test_a_use_tells_where_and_when() -> None:
    """In how many tasks and runs, and when last; planning belongs to no task."""
    stories = [did(None, "ls", agent="coordinator.1"), began("a"), did("a", "ls"), did("b", "ls")]
    first = past(started("a", "b"), *stories)
    second = past(started("a"), did("a", "ls"), run="other-20260302-120000-ab12", start=START + 60)
    (use,) = (used.use for _, rules in coverage(STANDARD, [second, first]).layers for used in rules if used.use.parts)
    assert (use.parts, len(use.tasks), use.runs) == (4, 3, {first.run, second.run})
    assert use.last == second.acts[0].at


def test_a_rule_that_never_decided_has_no_last_use() -> None:
    """What was not used was used at no time."""
    assert (Use().last, Use().parts) == (None, 0)
