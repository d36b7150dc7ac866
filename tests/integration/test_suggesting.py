"""A repository's policy is tightened by what its runs needed, and loosened by what its human says for good."""

from __future__ import annotations

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.integration.terminal import Terminal
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

GOAL = "Build it."
BACKEND = ("--backend", "bubblewrap", "plan.yaml")
CHOICES = r"\[a\]lways, or \[n\]ever\? ?$"
OWN = "# Ours.\nversion: 1\nextends:   standard\n\ncommands:\n- deny: git stash   # lost\n"


def build(make: MakeProgram, server: ScriptedServer, *commands: str, own: str | None = None) -> Program:
    """A task that runs these commands."""
    files = {"Makefile": "test all:\n\techo built > built.txt\n", **({".mimo/policy.yaml": own} if own else {})}
    server.play(talk("editor", GOAL, *map(shell, commands), done()))
    program = make(files)
    (program.repository / "plan.yaml").write_text(plan(editor("build", GOAL)))
    return program


def test_a_suggestion_passes_a_backtest_on_its_runs(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What a run of today did makes a policy, under which it would have gone the same way, and which allows no more."""
    program = build(make, scripted_server, "ls -la | head -3", "python3 -m compileall .", "cat Makefile")
    assert program.json("run", *BACKEND)["status"] == "done"
    program.run("policy", "suggest", "last", "-o", "s.yaml")
    suggested = (program.repository / "s.yaml").read_text()
    assert program.run("policy", "suggest").stdout == suggested
    assert "\n      - cat|head|ls  " in suggested or "\n  - allow: cat|head|ls\n" in suggested
    assert program.json("policy", "test", "s.yaml")["failed"] == []
    assert program.json("policy", "backtest", "s.yaml", "last")["runs"][0]["changed"] == []
    assert program.json("policy", "check", "wc -l a", "--policy", "s.yaml")["verdict"] == "deny"
    differ = program.run("policy", "suggest", "--diff").stdout
    assert differ.startswith("--- standard\n+++ suggested\n")
    assert "\n+inherit: restrictions" in differ
    assert program.run("policy", "suggest", "-o", "s.yaml").returncode == 2


def test_without_a_landed_task_there_is_nothing_to_learn(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """No run, or none that landed anything, is said as it is."""
    program = build(make, scripted_server, "ls")
    for hint in ("this repository has no runs", "no task of these runs landed"):
        finished = program.run("policy", "suggest")
        assert finished.returncode == 2
        assert hint in finished.stderr
        program.run("run", *BACKEND, "--limit", "steps=1")


def test_always_keeps_a_rule_and_shows_what_else_it_lets_run(
    make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """The rule stands in the user's file as the human saw it; in this run only the exact text goes on unasked."""
    program = build(make, scripted_server, "timeout 60 make test", own=OWN)
    assert program.run("run", "--ask", "deny", *BACKEND).returncode == 0
    scripted_server.play(talk("editor", GOAL, shell("make test"), shell("make test"), shell("make  test"), done()))

    terminal = Terminal(program, *BACKEND)
    terminal.see(CHOICES)
    terminal.type("a\n")
    terminal.see(r"keep it\? \[y/N\] ?$")
    terminal.see(r"  a rule for \.mimo/policy\.yaml:\n  \| # asked for by build of test-")
    assert "\n  | - allow: make test $\n" in terminal.screen
    assert "\n  | timeout 60 make test\n    asked about in build of test-" in terminal.screen
    terminal.type("n\n")
    terminal.see(rf"keep it\? \[y/N\] n\n(?s:.*){CHOICES}")
    terminal.type("a\n")
    terminal.see(r"keep it\? \[y/N\] n\n(?s:.*)keep it\? \[y/N\] ?$")
    terminal.type("y\n")
    terminal.see(r"kept in \.mimo/policy\.yaml(?s:.*)\| make  test\n(?s:.*)\[n\]ever\? ?$")
    assert "no rule can always allow it: .mimo/policy.yaml allows it already" in " ".join(terminal.screen.split())
    terminal.type("n\n")
    assert terminal.end() == 0, terminal.screen

    text = (program.repository / ".mimo/policy.yaml").read_text()
    assert text.startswith(f"{OWN}# asked for by build of test-")
    assert "\n- allow: make test $\n  why: a human allowed it for good\n" in text
    answers = [event for event in program.events() if event["kind"] == "question answered"]
    assert [answer["allowed"] for answer in answers] == [True, True, False]
    assert "kept" in answers[0]["why"]
    assert program.json("policy", "check", "make test")["verdict"] == "allow"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("python3 -c 'print(1)'", "it takes code in an argument"),
        ("git add --unheard-of .", "unknown-option holds whatever a rule allows"),
    ],
)
def test_what_no_rule_can_allow_is_not_offered(
    command: str, why: str, make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """The choice is not among those, and the human is told why."""
    program = build(make, scripted_server, command)
    terminal = Terminal(program, *BACKEND)
    terminal.see(r"this \[r\]un, or \[n\]ever\? ?$")
    assert why in " ".join(terminal.screen.split())
    terminal.type("a\n")
    terminal.see(r"Ctrl-C(?s:.*)\[n\]ever\? ?$")
    assert "always:" not in terminal.screen
    terminal.type("n\n")
    assert terminal.end() == 0
    assert not (program.repository / ".mimo").exists()


def test_a_waiting_question_is_approved_for_good(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """From elsewhere the rule is shown first, and kept only on a yes; the run goes on with the answer."""
    program = build(make, scripted_server, "make test")
    terminal = Terminal(program, *BACKEND)
    terminal.see(CHOICES)
    terminal.type("\x03")
    assert terminal.end() == 130
    (waiting,) = program.json("status")["questions"]
    shown = program.run("approve", "last", waiting["id"], "--always")
    assert shown.returncode == 2
    assert "  | - allow: make test $\n" in shown.stdout
    assert "add --yes" in shown.stderr
    assert not (program.repository / ".mimo").exists()
    assert program.run("approve", "last", waiting["id"], "--always", "--yes").returncode == 0
    kept = (program.repository / ".mimo/policy.yaml").read_text()
    assert kept.startswith("version: 1\nextends: standard\ncommands:\n  # asked for by build of test-")
    assert program.json("resume", "last")["status"] == "done"
    assert program.json("policy", "check", "make test")["verdict"] == "allow"
