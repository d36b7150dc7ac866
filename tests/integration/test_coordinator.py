"""A goal without tasks is decomposed, worked on and landed; a task that fails for good is decided about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.aftermath import nothing_left, refused
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import APPROVE, PASS, Turn, done, editor, found, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

GOAL = "Make it better."
SURVEY = {"id": "survey", "role": "investigator", "goal": "Look around."}
WRITE = {
    "id": "write",
    "role": "editor",
    "goal": "Write one.",
    "needs": ["survey"],
    "paths": ["*.txt"],
    "verify": ["test -f one.txt"],
}
LOOKED = talk("investigator", "Look around.", found("there is only a.txt"))
WROTE = talk("editor", "Write one.", shell("echo 1 > one.txt"), done("one is written"))
GATES = (talk("tester", "Write one.", PASS), talk("reviewer", "Write one.", APPROVE))


def tasks(*proposed: dict[str, Any], why: str = "look, then write") -> Turn:
    """A coordinator's answer: these tasks."""
    return {"finish": {"decision": "tasks", "why": why, "tasks": list(proposed)}}


def coordinator(*turns: Turn, about: str = "Decompose the goal") -> Turn:
    """The conversation of a coordinator."""
    return talk("coordinator", about, *turns)


def written(program: Program, *given: dict[str, Any], **more: Any) -> Path:
    """A plan file beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(*given, **more))
    return path


def of_kind(program: Program, kind: str) -> list[dict[str, Any]]:
    """The events of one kind of the last run."""
    return [event for event in program.events() if event["kind"] == kind]


def test_a_goal_becomes_tasks_that_land(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The coordinator looks, proposes, and what it proposed is journalled, saved, shown, worked on and landed."""
    program = make({"a.txt": "a\n", "AGENTS.md": "Keep it short.\n"})
    look = shell("echo x > made.txt; ls")
    scripted_server.play(coordinator(look, tasks(SURVEY, WRITE)), LOOKED, WROTE, *GATES)

    finished = program.run("run", "--backend", backend, "--json", written(program))

    assert finished.returncode == 0, finished.stderr
    result = json.loads(finished.stdout)
    assert {task["id"]: task["state"] for task in result["tasks"]} == {"survey": "landed", "write": "landed"}
    assert program.tree("main") == {"a.txt": "a", "AGENTS.md": "Keep it short.", "one.txt": "1"}
    (made,) = of_kind(program, "plan made")
    assert (made["source"], made["why"]) == ("coordinator", "look, then write")
    assert "the coordinator made 2 tasks: look, then write" in finished.stderr
    (saved,) = (program.repository.parent / "state").rglob("plans/*.yaml")
    assert saved.stem == result["run"]
    assert [task["id"] for task in program.json("check", saved)["plan"]["tasks"]] == ["survey", "write"]
    told = str(scripted_server.requests()[0]["request"]["messages"])
    assert GOAL in told
    assert "Keep it short." in told
    looked = next(event for event in of_kind(program, "command run") if event["agent"] == "coordinator.1")
    assert "Read-only file system" in looked["stderr"]
    assert program.run("audit", "verify", "last").returncode == 0
    nothing_left(program)


def test_mistakes_of_a_proposal_are_told_and_mended(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The loader's errors and the policy's word on `verify` go back to the coordinator, which may answer anew."""
    program = make({"a.txt": "a\n"})
    wrong = tasks({**WRITE, "needs": ["survye"]}, SURVEY)
    daring = tasks({**WRITE, "verify": ["curl -s http://127.0.0.1:9/"]}, SURVEY)
    widened = {"finish": {"decision": "tasks", "why": "w", "tasks": [{**WRITE, "gates": []}, SURVEY]}}
    scripted_server.play(coordinator(wrong, daring, widened, shell("ls"), tasks(SURVEY, WRITE)), LOOKED, WROTE, *GATES)

    program.json("run", "--backend", "bubblewrap", written(program))

    answers = [request["request"]["messages"][-1]["content"] for request in scripted_server.requests()[1:4]]
    assert "needs 'survye', but no task has this id" in answers[0]
    assert "did you mean 'survey'?" in answers[0]
    assert "verify of write" in answers[1]
    assert "it reaches the network" in answers[1]
    assert "gates" in answers[2]
    assert program.tree("main")["one.txt"] == "1"


def test_what_the_coordinator_adds_is_judged_and_the_plan_s_own_is_not(
    make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """Its `verify` runs with a verdict in the journal before it; the user's runs without, as ever."""
    program = make({"a.txt": "a\n", "Makefile": "test:\n\ttrue\n"})
    scripted_server.play(coordinator(tasks(SURVEY, WRITE)), LOOKED, WROTE, *GATES)
    program.json("run", "--backend", "bubblewrap", written(program, verify=["make test"]))
    judged = {event["id"]: event["allowed"] for event in of_kind(program, "command judged")}
    ran = {event["command"]: event["id"] for event in of_kind(program, "command run") if event["source"] == "verify"}
    assert judged[ran["test -f one.txt"]] is True
    assert ran["make test"] not in judged


def test_a_coordinator_without_a_plan_ends_the_run(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Giving up, and mistakes without end, each end it with the reason; main stays, and `resume` asks anew."""
    program = make({"a.txt": "a\n"})
    path = written(program)
    scripted_server.play(coordinator({"finish": {"decision": "give up", "why": "there is nothing to better"}}))
    assert program.json("run", "--backend", "bubblewrap", path, code=1)["status"] == "failed"
    assert "gave up: there is nothing to better" in program.json("status")["why"]

    scripted_server.play(coordinator(*[tasks({**WRITE, "id": "main", "goal": f"try {n}"}) for n in range(4)]))
    assert program.json("run", "--backend", "bubblewrap", path, code=1)["status"] == "failed"
    assert "the id 'main' is reserved" in program.json("status")["why"]
    assert program.tree("main") == {"a.txt": "a"}
    nothing_left(program)


def test_a_limit_stops_the_planning_and_resume_goes_on(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the coordinator uses counts; granted more, it makes the plan and the run finishes."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(coordinator(shell("ls"), shell("cat a.txt"), tasks(SURVEY, WRITE)), LOOKED, WROTE, *GATES)
    assert program.json("run", "--backend", "bubblewrap", "--limit", "steps=1", written(program), code=3)["tasks"] == []
    assert program.json("resume", "last", "--limit", "steps=50")["status"] == "done"
    assert program.tree("main")["one.txt"] == "1"


def test_a_model_for_every_role_is_needed(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Which roles it will use is not known yet, so all must have a model."""
    program = make({"a.txt": "a\n"})
    path = written(program, model=None, models={"editor": "openai/scripted"})
    path.write_text(path.read_text().replace('"model": null, ', ""))
    refused(program, "run", path, code=2, says=("no model for coordinator, investigator, reviewer, tester",))
    assert scripted_server.requests() == []


# --- a task that fails for good ----------------------------------------------------------------------------------

RED = {"id": "write", "goal": "Write one.", "verify": ["grep -q 2 one.txt"], "limits": {"rounds": 1}}


def failing(**more: Any) -> Turn:
    """An editor's task of which an attempt fails after its first red claim."""
    return editor(**{**RED, "limits": {"steps": 12, "rounds": 1}, **more})


def decision(choice: str, why: str, **more: Any) -> Turn:
    """A coordinator's word on a failed attempt."""
    return {"finish": {"decision": choice, "why": why, **more}}


def test_another_approach_is_told_to_the_next_attempt(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The advice reaches the fresh attempt, the reason is in the journal, and `log` shows both."""
    program = make({"a.txt": "a\n"})
    first = talk("editor", "Write one.", *[shell(f"echo {n} > one.txt") for n in (0, 1)], lacks=("Write a two",))
    again = talk("editor", "Write one.", shell("echo 2 > one.txt"), done(), contains=("Write a two into it.",))
    advice = decision("another approach", "it wrote a one", advice="Write a two into it.")
    scripted_server.play(first, again, coordinator(advice, about="An attempt at the task write failed for good"))

    result = program.json("run", "--backend", "bubblewrap", written(program, failing()))

    assert result["tasks"][0]["attempts"] == 2
    assert program.tree("main")["one.txt"] == "2"
    (made,) = of_kind(program, "decision made")
    assert (made["task"], made["choice"], made["why"]) == ("write", "another approach", "it wrote a one")
    log = program.run("log", "last", "write").stdout
    assert "another approach" in log
    assert "it wrote a one" in log


def test_a_split_goes_part_by_part(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Its parts land one after the other, the last with the task's own checks; who needs the task gets their words."""
    program = make({"a.txt": "a\n"})
    parts = [
        {"id": "write-a", "role": "editor", "goal": "First half."},
        {"id": "write-b", "role": "editor", "goal": "Second half."},
    ]
    split = decision("tasks", "too much at once", tasks=parts)
    scripted_server.play(
        talk("editor", "Write one.", shell("true")),
        coordinator(split, about="An attempt at the task write failed for good"),
        talk("editor", "First half.", shell("echo 1 > one.txt"), done("half is there")),
        talk("editor", "Second half.", shell("echo 2 >> one.txt"), done("all is there")),
        talk("investigator", "Look at it.", found("good"), contains=("half is there", "all is there")),
    )
    after = {"id": "look", "role": "investigator", "goal": "Look at it.", "needs": ["write"]}

    result = program.json("run", "--backend", backend, written(program, failing(), after))

    assert {task["id"]: task["state"] for task in result["tasks"]} == dict.fromkeys(
        ("write", "look", "write-a", "write-b"), "landed"
    )
    assert program.tree("main")["one.txt"] == "1\n2"
    assert program.git("log", "--format=%s", "main").splitlines()[:2] == [
        "write-b: Second half.",
        "write-a: First half.",
    ]
    verified = [event["task"] for event in of_kind(program, "command run") if event["command"] == "grep -q 2 one.txt"]
    assert verified == ["write-b"]
    assert program.git("rev-parse", f"mimo/{result['run']}/write") == program.git("rev-parse", "main")
    program.json("revert", "last", "write")
    assert program.tree("main") == {"a.txt": "a"}
    nothing_left(program)


def test_a_held_split_is_merged_as_one(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Naming the task means its parts; with all of them on main the task has landed too."""
    program = make({"a.txt": "a\n"})
    parts = [{"id": f"write-{n}", "role": "editor", "goal": f"Part {n}."} for n in (1, 2)]
    scripted_server.play(
        talk("editor", "Write one.", shell("true")),
        coordinator(decision("tasks", "w", tasks=parts), about="An attempt at the task write failed for good"),
        *(talk("editor", f"Part {n}.", shell(f"echo {n} >> one.txt"), done()) for n in (1, 2)),
    )
    held = program.json("run", "--hold", "--backend", "bubblewrap", written(program, failing()))
    assert {task["state"] for task in held["tasks"]} == {"ready"}
    merged = program.json("merge", "last", "write")
    assert {task["state"] for task in merged["tasks"]} == {"landed"}
    assert program.tree("main")["one.txt"] == "1\n2"


def test_a_split_is_gone_on_with(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A limit in its middle parks it; `resume` keeps the part that landed and asks no coordinator again."""
    program = make({"a.txt": "a\n"})
    parts = [
        {"id": "write-a", "role": "editor", "goal": "First half."},
        {"id": "write-b", "role": "editor", "goal": "Second half."},
    ]
    scripted_server.play(
        talk("editor", "Write one.", shell("true")),
        coordinator(
            decision("tasks", "too much at once", tasks=parts), about="An attempt at the task write failed for good"
        ),
        talk("editor", "First half.", shell("echo 1 > one.txt"), done()),
        talk("editor", "Second half.", shell("echo 2 >> one.txt"), shell("cat one.txt"), done()),
    )
    path = written(program, failing(limits={"steps": 6, "rounds": 1}))

    stopped = program.json("run", "--backend", "bubblewrap", path, code=3)

    assert {task["id"]: task["state"] for task in stopped["tasks"]} == {
        "write": "waiting",
        "write-a": "ready",
        "write-b": "waiting",
    }
    assert program.json("resume", "last", "--limit", "write.steps=30")["status"] == "done"
    assert program.tree("main")["one.txt"] == "1\n2"
    assert len(of_kind(program, "decision made")) == 1


def test_a_part_may_change_no_more_than_its_task(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Wider paths of a part are refused at the gate: the user's bounds hold however a task is cut up."""
    program = make({"a.txt": "a\n", "b.txt": "b\n"})
    part = {"id": "write-a", "role": "editor", "goal": "All of it.", "paths": ["*.txt"]}
    scripted_server.play(
        talk("editor", "Write one.", shell("true")),
        coordinator(decision("tasks", "w", tasks=[part]), about="An attempt at the task write failed for good"),
        talk("editor", "All of it.", shell("echo 2 > one.txt; echo x > b.txt"), done(), shell("git checkout b.txt")),
    )
    program.json("run", "--backend", "bubblewrap", written(program, failing(paths=["one.txt"])), code=1)
    said = [event["why"] for event in of_kind(program, "gate failed") if event["task"] == "write-a"]
    assert said
    assert "changed outside of what write may change (one.txt): b.txt" in said[0]
    assert program.tree("main") == {"a.txt": "a", "b.txt": "b"}


def test_giving_up_ends_the_task_with_its_reason(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """No further attempt is made; without a word of the coordinator's the next attempt is made as ever."""
    program = make({"a.txt": "a\n"})
    about = "An attempt at the task write failed for good"
    scripted_server.play(
        talk("editor", "Write one.", shell("true")), coordinator(decision("give up", "no one needs it"), about=about)
    )
    result = program.json("run", "--backend", "bubblewrap", written(program, failing()), code=1)
    assert (result["tasks"][0]["state"], result["tasks"][0]["attempts"]) == ("failed", 1)
    assert "the coordinator gave up: no one needs it" in result["tasks"][0]["why"]

    scripted_server.play(talk("editor", "Write one.", shell("true")), coordinator({"faults": ["404"]}, about=about))
    result = program.json("run", "--backend", "bubblewrap", written(program, failing()), code=1)
    assert (result["tasks"][0]["state"], result["tasks"][0]["attempts"]) == ("failed", 2)


# --- drafts ------------------------------------------------------------------------------------------------------


def test_a_draft_is_a_plan_file_and_runs_nothing(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The file is one that `check` and `run` take; nothing changed, nothing to resume, the journal has it all."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(coordinator(shell("ls"), tasks(SURVEY, WRITE)), LOOKED, WROTE, *GATES)
    words = ("draft", "Make it better.", "--model", "openai/scripted", "--backend", "bubblewrap")

    finished = program.run(*words, "-o", "plan.yaml")

    assert finished.returncode == 0, finished.stderr
    assert "mimo-orchestrate check plan.yaml" in finished.stderr
    assert finished.stdout == ""
    assert program.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    checked = program.json("check", "plan.yaml")
    assert checked["waves"] == [["survey"], ["write"]]
    assert checked["name"] == "make-it-better"
    assert program.json("status")["why"] == "drafted 2 tasks"
    nothing_left(program)

    assert program.json("run", "--backend", "bubblewrap", "plan.yaml")["status"] == "done"
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1"}

    refused(program, *words, "-o", "plan.yaml", code=2, says=("plan.yaml is there already",))
    on_stdout = program.run(*words)
    assert on_stdout.stdout == (program.repository / "plan.yaml").read_text()
    assert [task["id"] for task in program.json(*words)["tasks"]] == ["survey", "write"]


def test_a_draft_without_a_plan_says_why(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """No model, a goal of nothing, a coordinator that gives up: each is told, and no file is made."""
    program = make({"a.txt": "a\n"})
    refused(program, "draft", "Do it.", "-o", "plan.yaml", code=2, says=("no model for coordinator", "--model"))
    refused(program, "draft", " ", "--model", "openai/scripted", code=2, says=("what is to be true",))
    scripted_server.play(coordinator({"finish": {"decision": "give up", "why": "no such thing here"}}))
    words = ("draft", "Do it.", "--model", "openai/scripted", "--backend", "bubblewrap", "-o", "plan.yaml")
    refused(program, *words, code=1, says=("gave up: no such thing here",))
    scripted_server.play(coordinator(shell("ls"), tasks(SURVEY)))
    refused(program, *words, "--limit", "steps=1", code=3, says=("limit steps reached",))
    refused(program, "resume", "last", "--limit", "steps=9", code=2, says=("only drafted a plan",))
    assert not (program.repository / "plan.yaml").exists()
