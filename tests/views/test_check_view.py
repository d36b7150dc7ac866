"""What `check` shows: the order, what collides, what judges, where it runs, and what it may use."""

from __future__ import annotations

import json

from orchestrator.plan.loader import read_plan
from orchestrator.views.check import LayerSummary, Survey, check_json, check_view
from tests.views.test_views import shown

PLAN = """\
version: 1
name: demo
goal: "Make it better. \\e[2J"
model: openai/a
models: {reviewer: [x/b, openai/a]}
limits: {parallel: 2}
verify: [make all]
merge: {mode: hold}
tasks:
  - {id: survey, role: investigator, goal: Look.}
  - {id: port, role: editor, goal: Port., needs: [survey], paths: [src/**], verify: [make test]}
  - {id: docs, role: editor, goal: Tell., needs: [survey], paths: [docs/**, src/client/**], gates: []}
  - {id: last, role: tester, goal: Test., needs: [port, docs]}
"""


def survey(*, backend: str | None = "docker") -> Survey:
    """What is known before a run of the plan."""
    return Survey(
        plan=read_plan(PLAN, file="plan.yaml"),
        base_branch="main",
        base_commit="a" * 40,
        layers=(LayerSummary(name=".mimo/policy.yaml", rules={"allow": 3, "ask": 0, "deny": 1}),),
        default="ask",
        policy_hash="f" * 64,
        backend=backend,
        backend_why=None if backend else "no engine answers; install docker.io",
        image="python:3.12-slim" if backend else None,
        notes=("uncommitted files (1 changed) are no part of the run",),
        warnings=("port: src is a directory",),
    )


def test_check_shows_what_a_run_would_do() -> None:
    """Order and parallelism, overlaps, policy, sandbox, models and limits stand on one page of 80 columns."""
    text = shown(check_view(survey()))
    assert max(len(line) for line in text.splitlines()) <= 80
    for expected in (
        "Order, at most 2 at once",
        "  1.  survey  investigator\n",
        "  2.  port  editor; needs survey; changes src/**; then tester, reviewer;",
        "      docs  editor; needs survey; changes docs/**, src/client/**\n",
        "  3.  last  tester; needs port, docs; may change anything\n",
        "port and docs, for example src/client/any",
        "must pass on the merged tree: make all",
        "one commit a task, held until you merge",
        ".mimo/policy.yaml: 3 allow, 1 deny rules on commands",
        "what no rule matches: ask",
        "docker, python:3.12-slim",
        "reviewer: x/b, then openai/a",
        "200 steps, 5.0M tokens, $10.00, 2h",
        "no estimate of the cost",
        "warning: port: src is a directory",
        "note: uncommitted files",
    ):
        assert expected in text
    assert "\x1b" not in text


def test_check_says_why_no_sandbox_works() -> None:
    """A machine without a sandbox can still check a plan, and is told what it lacks."""
    assert "none works here: no engine answers; install docker.io" in shown(check_view(survey(backend=None)))


def test_check_for_programs_holds_the_same() -> None:
    """The JSON names waves, overlaps, layers, backend and models, and is honest about the cost."""
    told = json.loads(json.dumps(check_json(survey())))
    assert told["waves"] == [["survey"], ["port", "docs"], ["last"]]
    assert told["overlaps"] == [{"tasks": ["port", "docs"], "example": "src/client/any"}]
    assert told["models"]["reviewer"] == ["x/b", "openai/a"]
    assert told["sandbox"] == {"backend": "docker", "why_not": None, "image": "python:3.12-slim"}
    assert told["estimate"] is None
