"""Every limit, of the run, of a task and of a role: it stops, says what to type, refuses too little, and goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program import Program, make_program

pytestmark = pytest.mark.slow

GOAL = "Make it better."
BURN = "python3 -c 'import time\nwhile time.process_time() < 0.4: pass'"


def said(task: str, agent: str, *calls: dict[str, Any], cost: float | None = 0.002) -> list[dict[str, Any]]:
    """The answers of one agent, a call each."""
    return [
        {
            "task": task,
            "agent": agent,
            "message": {
                "role": "assistant",
                "tool_calls": [{"id": f"c{number}", "name": name, "arguments": json.dumps(given)}],
            },
            "usage": {"prompt": 3000, "completion": 500},
            "cost": cost,
        }
        for number, call in enumerate(calls)
        for name, given in call.items()
    ]


def writing(task: str, *more: dict[str, Any], cost: float | None = 0.002) -> list[dict[str, Any]]:
    """An editor that writes a file and spends time and CPU time on it."""
    script = f"echo {task} > {task}.txt; sleep 0.6; {BURN}"
    calls = ({"shell": {"command": script}}, {"shell": {"command": f"cat {task}.txt"}}, *more)
    return said(task, "editor.1", *calls, {"finish": {"summary": "done"}}, cost=cost)


class Ground:
    """A repository, a plan with a recording as its model, and the program."""

    def __init__(self, place: Path, *answers: list[dict[str, Any]], tasks: list[dict[str, Any]], **more: Any) -> None:
        self.program: Program = make_program(place, None, {"a.txt": "a\n", ".mimo/policy.yaml": POLICY})
        self.recording = place / "answers.jsonl"
        self.record(*answers)
        self.plan = place / "plan.yaml"
        written = {"version": 1, "name": "test", "goal": GOAL, "model": f"recorded/{self.recording}", "tasks": tasks}
        self.plan.write_text(json.dumps({**written, **more}))

    def record(self, *answers: list[dict[str, Any]]) -> None:
        """What the models say from now on."""
        lines = [json.dumps(answer) for several in answers for answer in several]
        self.recording.write_text("\n".join(lines) + "\n")

    def run(self, *arguments: str, code: int = 0) -> Any:
        """Run the plan; its result."""
        return self.program.json("run", "--backend", "bubblewrap", *arguments, self.plan, code=code)


POLICY = "version: 1\nextends: open\n"
ONE = {"id": "one", "role": "editor", "goal": "Write one.", "gates": []}
TWO = {"id": "two", "role": "editor", "goal": "Write two.", "gates": []}


@pytest.mark.parametrize(
    ("name", "limit", "more"),
    [
        ("steps", "1", "50"),
        ("tokens", "4000", "90000"),
        ("cost", "0.001", "5"),
        ("wall", "500ms", "1h"),
        ("cpu", "300ms", "1h"),
        ("one.steps", "1", "50"),
        ("one.wall", "500ms", "1h"),
        ("one.cpu", "300ms", "1h"),
        ("editor.tokens", "4000", "90000"),
        ("editor.cost", "0.001", "5"),
        ("editor.wall", "500ms", "1h"),
    ],
)
def test_it_stops_at_its_limit_and_goes_on_with_more(name: str, limit: str, more: str, tmp_path: Path) -> None:
    """Exit 3 with what to type; without a grant at once again, with too little not at all; with more to the end."""
    ground = Ground(tmp_path, writing("one"), tasks=[ONE])
    stopped = ground.run("--limit", f"{name}={limit}", code=3)
    assert stopped["status"] == "stopped"
    assert f"limit {name} reached" in stopped["tasks"][0]["why"]
    program = ground.program

    again = program.run("resume", "last")
    assert again.returncode == 3
    assert f"{name} has to be raised first" in again.stderr
    assert f"--limit {name}=MORE" in again.stdout
    little = "3500" if name.endswith("tokens") else limit
    refused = program.run("resume", "last", "--limit", f"{name}={little}")
    assert refused.returncode == 2
    assert "of it is used already" in refused.stderr

    events = program.events()
    assert events[-1]["kind"] == "run ended", "nothing was started"
    (reached,) = [event for event in events if event["kind"] == "limit reached"]
    assert (reached["limit"], reached["task"]) == (name, "one")
    saved = [event["files"] for event in events if event["kind"] == "checkpoint taken"]
    assert saved in ([["one.txt"]], [] if name.endswith("wall") else [["one.txt"]]), "a slow machine may take no step"
    assert program.json("resume", "last", "--limit", f"{name}={more}")["status"] == "done"
    assert program.tree("main")["one.txt"] == "one"


def test_a_tasks_limit_leaves_the_others_at_work(tmp_path: Path) -> None:
    """What lands does; the run is stopped, and only the task that is parked is gone on with."""
    ground = Ground(tmp_path, writing("one"), writing("two"), tasks=[ONE, {**TWO, "limits": {"steps": 1}}])
    result = ground.run("--limit", "parallel=2", code=3)
    assert {task["id"]: task["state"] for task in result["tasks"]} == {"one": "ready", "two": "waiting"}
    assert ground.program.run("resume", "last").returncode == 3
    assert ground.program.json("resume", "last", "--limit", "two.steps=9")["status"] == "done"


def test_a_reviewers_limit_is_one_for_all_tasks(tmp_path: Path) -> None:
    """The second review finds the role's limit reached; that task waits with its claim, the first has landed."""
    approve = {"finish": {"verdict": "approve"}}
    reviews = [said(task, "reviewer.1", {"shell": {"command": "ls"}}, approve) for task in ("one", "two")]
    gated = [{**task, "gates": ["reviewer"]} for task in (ONE, {**TWO, "needs": ["one"]})]
    limits = {"roles": {"reviewer": {"steps": 3}}}
    ground = Ground(tmp_path, writing("one"), writing("two"), *reviews, tasks=gated, limits=limits)
    result = ground.run(code=3)
    assert {task["id"]: task["state"] for task in result["tasks"]} == {"one": "ready", "two": "waiting"}
    assert "limit reviewer.steps reached: 3 of 3" in result["tasks"][1]["why"]
    shown = ground.program.run("status", "last").stdout
    assert "of their own: reviewer.steps 3 of 3" in shown
    used = {row["name"]: row for row in ground.program.json("status", "last")["used"]}
    assert used["reviewer.steps"] == {"name": "reviewer.steps", "used": 3.0, "limit": 3.0}
    assert ground.program.json("resume", "last", "--limit", "reviewer.steps=9")["status"] == "done"


def test_parallel_tasks_stay_within_the_runs_limit(tmp_path: Path) -> None:
    """Four editors that start at once are asked no more steps together than there are."""
    names = ["t1", "t2", "t3", "t4"]
    tasks = [{**ONE, "id": name, "goal": f"Write {name}."} for name in names]
    ground = Ground(tmp_path, *(writing(name) for name in names), tasks=tasks)
    result = ground.run("--limit", "steps=5", "--parallel", "4", code=3)
    assert result["totals"]["steps"] == 5


def test_an_unknown_price_is_said_once_and_counted_apart(tmp_path: Path) -> None:
    """The cost limit can't count it, so the run goes on; its tokens stand beside the dollars."""
    ground = Ground(tmp_path, writing("one", cost=None), tasks=[ONE], limits={"cost": 0.001})
    finished = ground.program.run("run", "--backend", "bubblewrap", ground.plan, "--json")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("no price is known for") == 1
    totals = json.loads(finished.stdout)["totals"]
    assert (totals["cost"], totals["unpriced_tokens"]) == (0, 10500)


def test_check_forecasts_what_was_done_before(tmp_path: Path) -> None:
    """Without a run it says that there is no history; after one what such a task takes, and which limit is too low."""
    ground = Ground(tmp_path, writing("one"), tasks=[ONE])
    assert ground.program.json("check", ground.plan)["estimate"] is None
    ground.run()
    told = ground.program.json("run", "--dry-run", "--limit", "steps=2", ground.plan)
    estimate = told["estimate"]
    assert (estimate["runs"], estimate["tasks"], estimate["like"], estimate["unknown"]) == (1, 1, "plan", [])
    assert estimate["steps"] == {"median": 3, "high": 3}
    assert estimate["cost"]["median"] == pytest.approx(0.006)
    assert "the limit on steps may be too low: half of what is forecast or more is above it" in told["warnings"]
    shown = ground.program.run("check", ground.plan).stdout
    assert "forecast: 3 steps, 10k tokens, $0.0060" in shown


def test_a_name_of_a_task_and_a_role(tmp_path: Path) -> None:
    """The short form is refused; the limit that is reached is named as it can be typed."""
    ground = Ground(tmp_path, writing("editor"), tasks=[{**ONE, "id": "editor"}])
    refused = ground.program.run("run", "--backend", "bubblewrap", "--limit", "editor.steps=1", ground.plan)
    assert refused.returncode == 2
    assert "write tasks.editor.steps or roles.editor.steps" in refused.stderr
    ground.run("--limit", "tasks.editor.steps=1", code=3)
    assert "--limit tasks.editor.steps=MORE" in ground.program.run("status", "last").stdout
    assert ground.program.json("resume", "last", "--limit", "tasks.editor.steps=9")["status"] == "done"
