"""Policies held against runs that really were, by the installed program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import PASS, done, edit, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

OWN = "version: 1\nextends: standard\ncommands:\n  - deny: touch\n"
TIGHT = "version: 1\nextends: standard\ncommands:\n  - deny: {}\n"
SECRET = "s3cret-of-the-index"


@pytest.fixture
def program(make: MakeProgram, scripted_server: ScriptedServer) -> Program:
    """A repository in which a run landed one of two tasks: with a refusal, a secret, a gate, and a red attempt."""
    program = make({".mimo/policy.yaml": OWN, "a.txt": "a\n", "b.txt": "b\n"})
    program.env["INDEX_TOKEN"] = SECRET
    work = [shell("touch c.txt"), shell(f"TOKEN={SECRET} grep -c a a.txt"), edit("a.txt", "a", "c"), done()]
    scripted_server.play(
        talk("editor", "Work on a.", *work),
        talk("tester", "Work on a.", shell("cat a.txt"), PASS),
        talk("editor", "Work on b.", shell("sort b.txt"), edit("b.txt", "b", "d"), done(), done(), done()),
    )
    tasks = [
        editor("one", "Work on a.", gates=["tester"]),
        editor("two", "Work on b.", verify=["false"], limits={"steps": 5, "attempts": 1}),
    ]
    (program.repository.parent / "plan.yaml").write_text(plan(*tasks))
    ran = program.run("run", "--backend", "bubblewrap", program.repository.parent / "plan.yaml")
    assert ran.returncode in {1, 3}, ran.stderr
    return program


def held_against(program: Program, text: str, *, code: int) -> dict[str, Any]:
    """The one run under a policy that lies in the working copy."""
    (program.repository / "other.yaml").write_text(text)
    told = program.json("policy", "backtest", "other.yaml", code=code)
    assert len(told["stopped"]) == code
    (run,) = told["runs"]
    assert isinstance(run, dict)
    return run


def test_past_runs_are_held_against_policies(program: Program) -> None:
    """Nothing changes under the run's own; what the landed task needed stops it, what another one needed does not."""
    own = program.json("policy", "backtest", ".mimo/policy.yaml", "last")["runs"][0]
    assert (own["changed"], own["landed"], own["acts"], own["diffs"]) == ([], ["one"], 6, 1)

    (denied,) = held_against(program, TIGHT.format("grep"), code=1)["changed"][-1:]
    assert (denied["task"], denied["step"], denied["effect"], denied["cause"]) == ("one", 2, "refused", "policy")
    assert (denied["redacted"], denied["text"]) == (True, "TOKEN=[redacted INDEX_TOKEN] grep -c a a.txt")

    gate = held_against(program, TIGHT.format("cat"), code=1)
    assert [(each["agent"], each["effect"]) for each in gate["changed"]] == [
        ("editor.1", "runs"),
        ("tester.1", "refused"),
    ]

    other = held_against(program, TIGHT.format("sort"), code=0)
    # The refusal of the one task is lifted; what the other one ran is refused.
    assert {(each["task"], each["effect"]) for each in other["changed"]} == {("one", "runs"), ("two", "refused")}

    diff = held_against(program, "version: 1\nextends: standard\nchanges: [{ask: a.txt}]\n", code=1)
    assert [(each["tool"], each["text"]) for each in diff["changed"] if each["counts"]] == [("change", "a.txt")]


def test_the_rules_that_decided_are_counted(program: Program) -> None:
    """By the policy of the repository, which the run was under too."""
    told = program.json("policy", "coverage")
    uses = {rule["text"].partition("|")[0]: rule["parts"] for rule in told["layers"][0]["rules"]}
    assert uses == {"touch": 1}
    assert (told["acts"], told["diffs"]) == (6, 1)
    page = program.run("policy", "coverage", "last")
    assert page.returncode == 0
    assert page.stdout.startswith(".mimo/policy.yaml: 1 rule, none of which never decided\n")
    assert page.stderr == ""
