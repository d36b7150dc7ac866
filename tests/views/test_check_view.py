"""What `check` shows: the order, what collides, what judges, where it runs, and what it may use."""

from __future__ import annotations

import json
from dataclasses import replace

from orchestrator.plan.loader import read_plan
from orchestrator.plan.models import Plan
from orchestrator.run.forecast import Forecast, Range
from orchestrator.views.check import LayerSummary, Survey, check_json, check_view
from tests.views.screen import PIPE, shown

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


def survey(plan: str = PLAN, *, backend: str | None = "docker") -> Survey:
    """What is known before a run of the plan."""
    return surveyed(read_plan(plan, file="plan.yaml"), backend=backend)


def surveyed(plan: Plan, *, backend: str | None = "docker") -> Survey:
    """What is known before a run of a plan that was read."""
    return Survey(
        plan=plan,
        base_branch="main",
        base_commit="a" * 40,
        layers=(LayerSummary(name=".mimo/policy.yaml", rules={"allow": 3, "ask": 0, "deny": 1}),),
        default="ask",
        policy_hash="f" * 64,
        path="plan.yaml",
        backend=backend,
        backend_why=None if backend else "no engine answers; install docker.io",
        image="python:3.12-slim" if backend else None,
        notes=("uncommitted files (1 changed) are no part of the run",),
        warnings=("port: src is a directory",),
    )


def test_check_tells_the_hosts_of_commands_from_those_of_the_setup() -> None:
    """What either may reach stands on the page and in its JSON, and listed hosts are not called a network."""
    hosts = replace(survey(), hosts=("a.test:443",), setup_hosts=("b.test:80",))
    text = shown(check_view(hosts))
    assert "no network but these hosts" in " ".join(text.split())
    assert "may be reached: a.test:443\n" in text
    assert "may be reached by the setup: b.test:80\n" in text
    sandbox = check_json(hosts)["sandbox"]
    assert (sandbox["network"], sandbox["setup_network"]) == (["a.test:443"], ["b.test:80"])


def test_check_shows_what_a_run_would_do() -> None:
    """Order and parallelism, overlaps, policy, sandbox, models and limits stand on one page of 80 columns."""
    text = shown(check_view(survey()))
    assert max(len(line) for line in text.splitlines()) <= 80
    for expected in (
        "Tasks in their order, at most 2 at once",
        "  unless said otherwise, an editor's change then goes to a tester and a reviewer\n",
        "  1.  survey  investigator\n",
        "  2.  port    editor        needs survey; changes src/**; must pass make test\n",
        "  2.  docs    editor        needs survey; changes docs/**, src/client/**; no\n",
        "                            gates\n",
        "  3.  last    tester        needs port, docs; may change anything\n",
        "  port and docs (for example src/client/any)\n",
        "must pass on the merged tree: make all",
        "one commit a task, held until you merge",
        ".mimo/policy.yaml: 3 allow, 1 deny rules on commands",
        "what no rule matches: ask",
        "docker, python:3.12-slim",
        "reviewer: x/b, then openai/a",
        "200 steps, 5.0M tokens, $10.00, 2h",
        "no forecast: no task like these was done here yet; the run stops at $10.00\n",
    ):
        assert expected in text
    assert "\x1b" not in text


CAST = Forecast(
    ranges={
        "steps": Range(median=41, high=60),
        "tokens": Range(median=210_000, high=300_000),
        "cost": Range(median=1.5, high=2.25),
        "wall": Range(median=250, high=420),
    },
    runs=4,
    tasks=12,
    like="plan",
    unknown=("tester",),
)


def test_the_forecast_stands_with_the_limits() -> None:
    """Each range, what they stand on, and what is not in them; without a price nothing is said of the cost."""
    text = shown(check_view(replace(survey(), forecast=CAST)))
    assert "forecast: 41 to 60 steps, 210k to 300k tokens, $1.50 to $2.25, 4m10s to 7m00s\n" in text
    words = " ".join(text.split())
    assert "going by 12 tasks of 4 runs of this plan" in words
    assert "on top of it: tester, of whose work here nothing is known" in words
    assert "no forecast" not in text
    unpriced = replace(CAST, ranges={"steps": Range(median=7, high=7)}, like="role", unknown=())
    text = shown(check_view(replace(survey(), forecast=unpriced)))
    assert "forecast: 7 steps\n" in text
    assert "nothing can be said of the cost: a model has no known price" in text
    told = check_json(replace(survey(), forecast=unpriced))["estimate"]
    assert (told["steps"], told["cost"]) == ({"median": 7, "high": 7}, None)


def test_limits_of_roles_and_on_cpu_time_stand_with_those_of_the_run() -> None:
    """Where a plan has them."""
    limits = "limits: {parallel: 2, cpu: 1h, roles: {reviewer: {tokens: 200000, cpu: 10m}, editor: {steps: 60}}}"
    text = shown(check_view(survey(PLAN.replace("limits: {parallel: 2}", limits))))
    assert "200 steps, 5.0M tokens, $10.00, 2h, 1h of CPU; 2 attempts" in text
    assert "  all of editor: 60 steps\n" in text
    assert "  all of reviewer: 200k tokens, 10m of CPU\n" in text


def test_what_needs_a_decision_stands_last() -> None:
    """Notes, warnings, the verdict and the command that runs the plan are next to the prompt."""
    assert shown(check_view(survey())).splitlines()[-4:] == [
        "note: uncommitted files (1 changed) are no part of the run",
        "warning: port: src is a directory",
        "valid: 4 tasks; nothing was run",
        "next: mimo-orchestrate run plan.yaml",
    ]


def test_check_says_why_a_run_would_fail() -> None:
    """A machine without a sandbox can still check a plan, and is told what it lacks; so is a plan without a model."""
    here = shown(check_view(survey(backend=None)))
    assert here.endswith("it can't run here: no engine answers; install docker.io\n")
    silent = shown(check_view(survey(PLAN.replace("model: openai/a\n", ""))))
    assert silent.endswith("it can't run: the plan names no model for investigator, editor, tester\n")


def test_what_many_tasks_share_is_said_once() -> None:
    """Forty tasks with the same checks take a row each, and only what is different about one stands in it."""
    tasks = "".join(f"  - {{id: t{number}, role: editor, goal: g, verify: [make test]}}\n" for number in range(40))
    text = shown(check_view(survey(PLAN.partition("tasks:")[0] + "tasks:\n" + tasks)), PIPE)
    assert text.count("make test") == 1
    assert "unless said otherwise, a change must pass make test" in text
    assert "  1.  t39  editor  may change anything\n" in text
    assert "without paths, which may meet any other: 40 tasks: t0, t1," in text


def test_a_task_that_differs_from_what_is_usual_says_so() -> None:
    """A task without checks among many that have them stands out, and so do gates of its own."""
    tasks = "".join(f"  - {{id: t{number}, role: editor, goal: g, verify: [make test]}}\n" for number in range(3))
    tasks += "  - {id: bare, role: editor, goal: g, gates: [tester]}\n"
    text = shown(check_view(survey(PLAN.partition("tasks:")[0] + "tasks:\n" + tasks)), PIPE)
    assert "bare  editor  may change anything; has no checks of its own; then tester\n" in text


def test_a_plan_without_tasks_is_the_coordinator_s_to_make() -> None:
    """Nothing is known of its tasks yet; every role's model is shown, the coordinator's first."""
    plan = Plan(version=1, name="demo", goal="g", model="openai/a")
    text = shown(check_view(surveyed(plan)))
    assert "none yet: the coordinator makes them when the run begins" in text
    assert "Models\n  coordinator: openai/a\n  investigator: openai/a\n" in text
    assert "valid: its tasks are still to be made; nothing was run" in text
    assert check_json(surveyed(plan))["waves"] == []


def test_check_for_programs_holds_the_same() -> None:
    """The JSON names waves, overlaps, layers, backend and models, and is honest about the cost."""
    told = json.loads(json.dumps(check_json(survey())))
    assert told["waves"] == [["survey"], ["port", "docs"], ["last"]]
    assert told["overlaps"] == [{"tasks": ["port", "docs"], "example": "src/client/any"}]
    assert told["models"]["reviewer"] == ["x/b", "openai/a"]
    assert told["sandbox"] == {
        "backend": "docker",
        "why_not": None,
        "image": "python:3.12-slim",
        "network": [],
        "setup_network": [],
        "setup": [],
        "setup_from": None,
    }
    assert told["estimate"] is None
