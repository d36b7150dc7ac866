"""A suggestion is as tight as what landed tasks needed, says why, and reads like a file that somebody wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.tightening.backtest import backtest
from orchestrator.tightening.evidence import allowing
from orchestrator.tightening.suggest import Suggestion, suggestion
from policies.loader import load_policy, preset
from policies.policy import Policy
from policies.shape import shape_of
from policies.verdict import Verdict
from tests.tightening.doing import ran

STANDARD = preset("standard")
CASES = Path(__file__).parent.parent / "policies" / "corpus.jsonl"

TASKS = {
    "billing": [
        *("ls -la src", "cat README.md | head -5", "git status", "git diff --stat", "python -m pytest -q tests"),
        *("grep -rn foo src | sort | uniq -c", "sed -n 1,20p a.py", "make test", "git checkout -b topic"),
    ],
    "payroll": ["git status", "make lint", "ruff check --fix src", "cd services && timeout 60 python -m pytest -q"],
}


def suggested(present: Policy, tasks: dict[str, list[str]]) -> Suggestion:
    """The suggestion, of which holds what holds of each: it passes a backtest on what it was made of."""
    run = ran(present, tasks)
    made = suggestion(present, [run])
    if not made.left:
        assert backtest(made.policy, [run]).stopped == ()
    return made


def own(text: str) -> Policy:
    """A repository's policy."""
    return load_policy("own.yaml", reader=lambda _: text.encode())


def test_a_suggestion_reads_as_if_it_was_written() -> None:
    """Grouped by purpose, with alternatives, evidence, and examples of what is taken and where it ends."""
    assert (
        suggested(STANDARD, TASKS).text
        == """\
# What 2 tasks that landed needed in 1 run (13 commands), and no more.
version: 1
extends: standard
inherit: restrictions  # what standard denies or asks about holds, what it allows does not
default: deny
commands:
  # 8 uses: billing 7, payroll 1
  - allow:
      - cat|head|ls    # 3 uses: billing
      - cd             # 1 use: payroll
      - sed|sort|uniq  # 3 uses: billing
      - grep           # 1 use: billing
    why: reading and searching is what the work is
    accepts: [head -5, cd services, uniq -c]
    rejects: ["sed 's/a/b/e' f", sort -o /etc/x f]
  # 3 uses: billing 2, payroll 1
  - allow: git diff|status
    why: git's own record of the workspace may be read and added to
    accepts: [git status, git diff --stat]
    rejects: [git commit --amend --no-edit, git log --ext-diff, git log]
  # 3 uses: payroll 2, billing 1
  - allow:
      - python|python3 -m pytest  # 2 uses: billing 1, payroll 1
      - ruff check                # 1 use: payroll
    why: running the tests and checkers is what the work is
    accepts: [python -m pytest -q, ruff check --fix src]
    rejects: ["python -c 'print(1)'", pytest -p evil, python -m unittest]
  # 3 uses: billing 2, payroll 1
  - allow:
      - git checkout -b topic $  # 1 use: billing
      - make lint|test $         # 2 uses: billing 1, payroll 1
    roles: [editor]
    why: a human said yes each time
    accepts: [git checkout -b topic, make lint, make test]
    rejects: [git checkout -b topic --and-more, make lint --and-more]
"""
    )


def test_of_the_corpus_all_that_is_allowed_stays_so_and_nothing_else() -> None:
    """Every command that should run does, on a page; every other is still refused or asked about."""
    lines = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    commands: dict[bool, list[str]] = {True: [], False: []}
    for line in lines:
        allowed = STANDARD.judge_command(line["command"], role="editor").verdict is Verdict.ALLOW
        commands[allowed].append(line["command"])
    made = suggested(STANDARD, {"a": commands[True]})
    for allowed, listed in commands.items():
        verdicts = {made.policy.judge_command(command, role="editor").verdict is Verdict.ALLOW for command in listed}
        assert verdicts == {allowed}
    assert made.left == []
    assert len(made.text.splitlines()) < 80
    assert max(map(len, made.text.splitlines())) <= 100


def test_the_same_runs_make_the_same_text() -> None:
    """Evidence in another order is the same evidence."""
    turned = {task: list(reversed(commands)) for task, commands in reversed(TASKS.items())}
    assert suggested(STANDARD, TASKS).text == suggested(STANDARD, turned).text


OWN = """\
# Ours. Ask before you change it.
version: 1
extends: standard
commands:
  # the checks
  - allow: python3 tools/check.py billing|payroll|all $
    roles: [editor, tester]
    why: it only runs tests
  - deny: git commit   # commits are lost
    instead: leave the files as they should be
paths:
  write: {deny: [tools/**]}
"""


def test_a_repositorys_own_file_keeps_what_restricts() -> None:
    """Its allows become what was used; comments, denials, paths and keys stay as they were written."""
    made = suggested(own(OWN), {"a": ["python3 tools/check.py billing", "cat a"]})
    assert made.text.startswith(
        "# Ours. Ask before you change it.\nversion: 1\nextends: standard\ninherit: restrictions\ndefault: deny\n"
        "commands:\n"
        "  # What 1 task that landed needed in 1 run (2 commands), and no more.\n  # 1 use: a\n"
        "  - allow: python3 tools/check.py billing $\n    roles: [editor, tester]\n"
    )
    assert made.text.endswith(OWN[OWN.index("  - deny") :])
    assert made.policy.judge_command("cat b", role="editor").verdict is Verdict.ALLOW
    for refused in ("python3 tools/check.py all", "git commit -m x", "ls", "touch tools/a"):
        assert made.policy.judge_command(refused, role="editor").verdict is Verdict.DENY


def test_a_suggestion_of_a_suggestion_is_no_looser() -> None:
    """What was tightened once is tightened again, on the same restrictions."""
    first = suggested(STANDARD, TASKS)
    second = suggested(first.policy, {"a": ["git status", "make lint"]})
    assert second.policy.judge_command("git diff", role="editor").verdict is Verdict.DENY
    assert second.policy.judge_command("git status", role="editor").verdict is Verdict.ALLOW
    assert second.text.count("inherit: restrictions") == 1


def test_what_a_human_refused_once_is_still_asked_about() -> None:
    """A yes and a no to the same command make a question of it."""
    yes, no = ran(STANDARD, {"a": ["make test"]}), ran(STANDARD, {"b": ["make test"]}, run="r2", yes=False)
    made = suggestion(STANDARD, [yes, no])
    assert made.policy.judge_command("make test", role="editor").verdict is Verdict.ASK
    assert made.policy.judge_command("make all", role="editor").verdict is Verdict.DENY


def test_a_yes_to_what_is_always_asked_is_no_allow() -> None:
    """An option that nobody knows stays a question under every rule, and the rule says so."""
    made = suggested(STANDARD, {"a": ["git merge --unheard-of topic"]})
    assert [rule.verdict for rule, _ in made.rules] == [Verdict.ASK]


def test_what_no_rule_can_hold_is_named_and_stays_a_question() -> None:
    """Code that a human let run once is not let run for good, nor refused from now on."""
    made = suggested(STANDARD, {"a": ["python -c 'print(1)'", "ls"]})
    assert "# Not in it: python -c 'print(1)'\n#   a: no rule can hold it" in made.text
    assert [left.act.subject for left in made.left] == ["python -c 'print(1)'"]
    assert made.policy.judge_command("python -c 'print(1)'", role="editor").verdict is Verdict.ASK


def test_what_is_denied_now_is_not_brought_back() -> None:
    """A policy that became stricter since is the one that counts."""
    stricter = own("version: 1\nextends: standard\ncommands:\n  - deny: git diff\n")
    made = suggestion(stricter, [ran(STANDARD, {"a": ["git diff", "git log"]})])
    assert [left.why for left in made.left] == ["deny: git diff (own.yaml:4) denies it now"]
    assert made.policy.judge_command("git diff", role="editor").verdict is Verdict.DENY


def test_what_did_not_land_needed_nothing() -> None:
    """A task that failed, and an attempt of which nothing was kept, are no evidence."""
    run = ran(STANDARD, {"a": ["ls"]})
    made = suggestion(STANDARD, [run, type(run)(run="r2", policy=run.policy, ask="deny", tasks={}, acts=run.acts)])
    assert made.commands == 1


def test_a_file_that_can_not_be_worked_on_is_left_alone() -> None:
    """Its author is told why."""
    present = own("version: 1\nextends: standard\ncommands: [{deny: x}]\n")
    with pytest.raises(UsageProblem, match="lines of its own"):
        suggestion(present, [ran(present, {"a": ["ls"]})])


def test_hostile_words_do_not_steer_a_terminal() -> None:
    """What a model made up stands in the file as escapes, or not at all."""
    made = suggested(STANDARD, {"a": ["grep '\u202e' a", "make '\u202e\x07'", "echo 'a: b # c'"]})
    assert made.text.isascii()


def test_what_is_needed_may_be_written_in_any_script() -> None:
    """A rule is tried out with the very characters of the command."""
    shape = shape_of(("frob", "\U0001f600"), closed=True)
    assert shape is not None
    decision = allowing(preset("standard"), [shape]).judge_command("frob \U0001f600", role="editor")
    assert decision.verdict is Verdict.ALLOW
