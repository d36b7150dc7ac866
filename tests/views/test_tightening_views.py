"""What `policy backtest` and `policy coverage` print."""

from __future__ import annotations

import re

from orchestrator.tightening.backtest import Backtest, backtest
from orchestrator.tightening.coverage import coverage
from orchestrator.views.backtest import backtest_json, backtest_view
from orchestrator.views.coverage import coverage_json, coverage_view
from policies.policy import Policy
from tests.tightening.past import RUN, STANDARD, policy
from tests.tightening.retold import NOW, OTHER, TIGHT, older, runs
from tests.views.screen import PIPE, TALL, Screen, shown


def page(other: Policy = TIGHT, screen: Screen = TALL) -> str:
    """Both runs under another policy."""
    return shown(backtest_view("tight.yaml", backtest(other, runs())), screen)


def test_each_run_is_summed_up_in_a_line() -> None:
    """How much was judged, what changes how often, and what would have become of it; the last line is about all."""
    text = page(screen=PIPE)
    assert f"{RUN}: would have been stopped: port-client would have failed\n" in text
    assert "  11 acts and 1 diff judged, 11 change: 1 allow->ask, 7 allow->deny, 1 ask->allow, 2 ask->deny\n" in text
    assert f"{OTHER}: would have been stopped: docs would have failed\n" in text
    assert "  not judged, for the commits are gone: the diff of docs\n" in text
    assert text.endswith("2 runs under tight.yaml: 2 of 2 landed tasks would have failed; 2 verdicts are looser\n")


def test_each_change_has_its_step_verdicts_rule_and_place() -> None:
    """What is done several times stands once with all of its steps; what is allowed instead is said."""
    text = page(screen=PIPE)
    expected = """\
    editor.2 steps 1, 4  allow -> deny  would have been refused
      TOKEN=[redacted INDEX_TOKEN] python -m pytest -q
      deny: python|python3 -m pytest (.mimo/policy.yaml:5): tests run elsewhere
      instead: say that they should be run
      judged with a plain word where a secret was taken out
    editor.2 step 2  allow -> ask  would have waited for a human
      sed -i s/requests/httpx/ src/client.py
"""
    assert expected in text
    for line in (
        "    check of the task  allow -> deny  would have been refused",
        "      edit /workspace/src/migrations/0001.py",
        "    diff  allow -> deny  would have been refused\n      uv.lock\n      changes deny: **/*.lock",
    ):
        assert line in text


def test_a_discarded_attempt_is_said_to_be_one() -> None:
    """Nobody has to wonder why a refusal counts for nothing."""
    _, _, after = page(screen=PIPE).partition("python -m pytest -q tests/old\n")
    assert after.splitlines()[2].strip() == "nothing of this attempt was kept, so that no task landed by it"


def test_a_looser_policy_stands_out() -> None:
    """What would have run, or run unasked, is counted under the name of the run and marked where it stands."""
    text = shown(backtest_view("tight.yaml", backtest(TIGHT, runs())), TALL, colour=True)
    plain = page()
    assert "  looser: 1 would have run without a question\n" in plain
    assert "\x1b[1;33mwould have run without a question" in text


def test_why_a_question_is_a_refusal_is_said() -> None:
    """Nobody was there to ask, or nobody is ever asked."""
    asks = policy("extends: standard\ncommands: [{ask: [awk, python -m pytest]}]\n")
    text = page(asks, PIPE)
    assert "      the run had nobody to ask (--ask deny)\n" in text
    assert "      nobody is asked about checks\n" in text


def test_the_fate_of_a_task_stands_beside_it() -> None:
    """Landed or not, and what would have become of it."""
    lines = [line for line in page().splitlines() if re.match(r"  \S.*(?:landed|land)", line)]
    assert "  port-client  landed, would have failed" in lines
    assert "  port-store  did not land" in lines
    waits = policy("extends: standard\ncommands: [{ask: sed}]\n")
    waiting = page(waits)
    assert f"{RUN}: would have waited for a human in port-client\n" in waiting
    assert "  port-client  landed, would have waited\n" in waiting


def test_a_policy_that_permits_all_says_so() -> None:
    """Two lines for each run, and one for all."""
    text = shown(backtest_view("standard", backtest(STANDARD, runs()[:1])))
    assert text.startswith(f"{OTHER}: would have landed as it did\n  3 acts judged, none changes\n")
    assert text.endswith("1 run under standard: none of 1 landed task would have failed\n")
    assert shown(backtest_view("standard", Backtest(runs=()))) == "0 runs under standard: no task had landed\n"


def test_a_change_of_the_program_is_not_laid_to_the_policy() -> None:
    """It is said where the program says the same under the policy of then, and where it can't read that any more."""
    assert "      the program changed: it says the same under the policy of that run\n" in page(screen=PIPE)
    text = shown(backtest_view("tight.yaml", backtest(TIGHT, [older()])), PIPE)
    assert "      perhaps the program changed: it can't read the policy of that run any more\n" in text


def test_programs_get_all_that_the_page_has() -> None:
    """The tasks that would have failed come first; each change tells what came of it and why."""
    told = backtest_json(TIGHT, backtest(TIGHT, runs()))
    assert told["stopped"] == [{"run": OTHER, "task": "docs"}, {"run": RUN, "task": "port-client"}]
    assert told["policy"] == [".mimo/policy.yaml", "standard"]
    first = told["runs"][1]["changed"][0]
    assert (first["effect"], first["counts"], first["discarded"]) == ("refused", False, True)
    assert first["by"]["line"] == 5
    assert told["runs"][0]["gone"] == ["docs"]


def test_the_rules_stand_in_their_order_with_their_uses() -> None:
    """What never decided says so; each layer is summed up under its name, and all of them at the end."""
    text = shown(coverage_view(coverage(TIGHT, runs()), now=NOW), TALL)
    assert max(map(len, text.splitlines())) <= 80
    head = """\
.mimo/policy.yaml: 10 rules, 3 of which never decided
  LINE          USES  TASKS  RUNS  LAST  RULE
     3  deny       2      2     1    2d  what no rule is about
     5  deny       4      1     1    2d  python|python3 -m pytest
"""
    assert text.startswith(head)
    assert "     9  allow      1      1     1    1d  cargo build\n" in text
    assert "    10  allow  never                     git tag unless -d --delete for editor\n" in text
    assert "    14  deny       1      1     1    2d  paths.write: **/migrations/**\n" in text
    assert re.search(r"\n14 acts and 1 diff of 2 runs judged; \d+ rules, \d+ of which never decided\n$", text)


def test_programs_get_the_uses_of_each_rule() -> None:
    """Parts, whole acts, tasks, runs and the last time; a rule that never decided has no last time."""
    layers = coverage_json(TIGHT, coverage(TIGHT, runs()))["layers"]
    rules = {rule["text"]: rule for rule in layers[0]["rules"]}
    assert (rules["make"]["parts"], rules["make"]["wholes"], rules["make"]["tasks"]) == (1, 1, 1)
    assert rules["**/*.lock"]["parts"] == 1
    assert rules["RUSTC_*"]["last"] is None
