"""What `policy test` prints."""

from __future__ import annotations

from orchestrator.views.cases import results_view
from policies.cases import Case, run_cases
from tests.policies.judging import policy_of
from tests.views.screen import PIPE, shown


def test_a_failed_case_stands_with_what_was_expected_and_what_decided() -> None:
    """Each failure has its own lines with the rule, file and line, and the count stands at the end."""
    policy = policy_of("commands: [{allow: ls}, {deny: frob, why: it frobs}]")
    cases = [
        Case(command="ls", expect="allow"),
        Case(command="ls; frob", expect="allow", file="cases.yaml", line=4),
        Case(id="ask", command="frob", expect="ask", role="tester", file="cases.jsonl", line=1),
    ]
    text = shown(results_view(run_cases(policy, cases, role="editor")), PIPE)
    assert text.splitlines() == [
        "cases.yaml:4: ls; frob",
        "  expected allow, got deny for frob as editor",
        "  deny: frob (layer0:2): it frobs",
        "cases.jsonl:1: ask: frob",
        "  expected ask, got deny as tester",
        "  deny: frob (layer0:2): it frobs",
        "1 passed, 2 failed",
    ]
