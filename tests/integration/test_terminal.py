"""A human at a real terminal: sees the run as it goes on, is asked, stops it, and has the terminal back at the end."""

from __future__ import annotations

import re

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, editor, plan, shell, talk
from tests.integration.terminal import Terminal
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

GOAL = "Build it."
QUESTION = r"\[n\]ever\? ?$"
HEADING = "── test-"

BACKEND = ("--backend", "bubblewrap", "plan.yaml")


def planned(make: MakeProgram, *tasks: Turn, **more: object) -> Program:
    """A repository with a plan of these tasks, and something that can be made."""
    program = make({"Makefile": "all:\n\techo built > built.txt\n"})
    (program.repository / "plan.yaml").write_text(plan(*tasks, **more))
    return program


def build(make: MakeProgram, server: ScriptedServer) -> Program:
    """A task that needs a command that the policy asks about."""
    server.play(talk("editor", GOAL, shell("make"), done()))
    return planned(make, editor("build", GOAL))


def left_whole(terminal: Terminal) -> None:
    """Nothing of the view is left, the cursor is to be seen, and the terminal takes lines as before."""
    assert HEADING not in terminal.screen
    assert terminal.display.cursor_is_shown
    assert terminal.said.rfind("\x1b[?25h") > terminal.said.rfind("\x1b[?25l")
    assert terminal.said.rfind("\x1b[?7h") > terminal.said.rfind("\x1b[?7l")


def test_a_human_allows_a_command(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The view makes room for the question, which names task, command and rule; a yes lets exactly that run."""
    program = build(make, scripted_server)
    terminal = Terminal(program, *BACKEND)
    terminal.see(f"^{HEADING}")
    assert not terminal.echoes
    terminal.see(QUESTION)
    assert HEADING not in terminal.screen
    assert terminal.display.cursor_is_shown
    assert terminal.echoes
    asked = terminal.screen[terminal.screen.index("build (editor)") :]
    assert "\n  | make\n" in asked
    assert re.search(r"rule default: ask \(standard:\d+\)", asked)
    terminal.type("o\n")
    terminal.see(r"^build +landed on the run's main branch")
    assert terminal.end() == 0
    assert "\ndone after" in terminal.screen
    assert "build  editor  landed" in terminal.screen
    left_whole(terminal)
    assert program.tree("main")["built.txt"] == "built"


def test_ctrl_c_at_a_question_parks_it(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Nothing more need be typed; the question waits, and the later answer counts without being asked again."""
    program = build(make, scripted_server)
    terminal = Terminal(program, *BACKEND)
    terminal.see(QUESTION)
    terminal.type("on")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.screen
    assert "\nstopping after the steps under way; Ctrl-C again stops at once\n" in terminal.screen
    left_whole(terminal)
    waiting = program.json("status")["questions"]
    assert [question["subject"] for question in waiting] == ["make"]
    assert program.run("approve", "last", waiting[0]["id"]).returncode == 0
    assert program.json("resume", "last")["status"] == "done"
    assert program.tree("main")["built.txt"] == "built"


@pytest.mark.parametrize(("typed", "asked", "allowed"), [("o", 3, True), ("r", 1, True), ("n", 1, False)])
def test_a_choice_holds_as_long_as_it_says(
    typed: str, asked: int, allowed: bool, make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """Three tasks ask for the same, one after the other: once asks each, run and never ask no more; agents are told."""
    goals = [f"Build number {number}." for number in range(3)]
    scripted_server.play(*(talk("editor", goal, shell("make -n"), done()) for goal in goals))
    program = planned(make, *(editor(f"build-{number}", goal) for number, goal in enumerate(goals)))
    terminal = Terminal(program, *BACKEND)
    for _ in range(asked):
        terminal.see(rf"^build-\d \(editor\) asks for leave to run(?s:.*){QUESTION}")
        terminal.type(f"{typed}\n")
        terminal.see(rf"\[n\]ever\? {typed}$")
        terminal.display.rows = ["" for _ in terminal.display.rows]
    assert terminal.end() == 0
    judged = [event for event in program.events() if event["kind"] == "command judged" and event["verdict"] == "ask"]
    assert [event["allowed"] for event in judged] == [allowed] * 3
    told = [str(request["request"]["messages"]) for request in scripted_server.requests()]
    assert any("never in this run" in text for text in told) is not allowed
    left_whole(terminal)


def test_a_resumed_run_remembers_never(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """It is the same run, so the same command is refused without a question."""
    program = build(make, scripted_server)
    scripted_server.play(talk("editor", GOAL, shell("make"), shell("sleep 30"), done()))
    terminal = Terminal(program, *BACKEND)
    terminal.see(QUESTION)
    terminal.type("n\n")
    terminal.see(r"\$ sleep 30")
    terminal.type("\x03\x03")
    assert terminal.end() == 130
    scripted_server.play(talk("editor", GOAL, shell("make"), shell("make"), done()))
    again = Terminal(program, "resume", "last")
    again.see(r"^build +refused by human at the terminal: make: ")
    assert again.end() == 0
    assert "[n]ever?" not in again.screen
    left_whole(again)


def test_a_question_may_wait_for_an_answer_from_elsewhere(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`--ask wait`: the command is said whole and with what to type, the view counts it, and the answer lets it run."""
    program = build(make, scripted_server)
    terminal = Terminal(program, "--ask", "wait", *BACKEND)
    terminal.see(r"^1 question for you: mimo-orchestrate status")
    assert re.search(r"^build +asks for leave:\n  \| make$", terminal.screen, re.MULTILINE)
    state = program.json("status")
    answer = f"approve {state['run']} {state['questions'][0]['id']}"
    assert f"mimo-orchestrate {answer}" in terminal.screen.replace("\n", "")
    assert program.run(*answer.split()).returncode == 0
    assert terminal.end() == 0
    assert program.tree("main")["built.txt"] == "built"
    left_whole(terminal)


def test_keys_and_a_resized_window_leave_the_view_whole(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Enter is not shown, and a narrower and a wider window each hold the view once, fit to them."""
    scripted_server.play(talk("editor", GOAL, *(shell(f"sleep 1; echo {n}") for n in range(6)), done()))
    terminal = Terminal(planned(make, editor("build", GOAL)), *BACKEND)
    terminal.see(r"step 1 \(\d+s\) \$ sleep")
    terminal.type("\n\nabc\n")
    for columns, step in ((40, 3), (100, 5)):
        terminal.resize(columns, 20)
        terminal.see(rf"step {step} ")
        assert terminal.screen.count(HEADING) == 1
        assert "abc" not in terminal.screen
        heading = next(line for line in terminal.screen.splitlines() if line.startswith(HEADING))
        assert len(heading) == columns
    assert terminal.end() == 0
    left_whole(terminal)


@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_leaves_the_terminal_whole(interrupts: int, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Once or twice, at a command under way: said above the view, which is gone at the end, with the cursor back."""
    scripted_server.play(talk("editor", GOAL, shell("sleep 3"), done()))
    terminal = Terminal(planned(make, editor("build", GOAL)), *BACKEND)
    terminal.see(r"\$ sleep 3")
    for _ in range(interrupts):
        terminal.type("\x03")
        terminal.see("^stopping after the steps under way")
    assert terminal.end() == 130
    assert ("stopped at once" in terminal.screen) is (interrupts == 2)
    left_whole(terminal)


def test_who_wants_it_plain_gets_lines(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Each step has its line, the question is asked all the same, and no sequence but one of a style is sent."""
    program = build(make, scripted_server)
    terminal = Terminal(program, *BACKEND, env={"NO_COLOR": "1"})
    terminal.see(QUESTION)
    terminal.type("o\n")
    assert terminal.end() == 0
    assert HEADING not in terminal.said
    assert "\x1b" not in re.sub(r"\x1b\[\d*m", "", terminal.said)
    assert "build            editor.1 step 1: $ make" in terminal.screen


def test_without_a_terminal_what_has_to_be_asked_is_refused(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`--ask deny` is what holds there: plain lines say so, and the agent is told that nobody can be asked."""
    program = build(make, scripted_server)
    ran = program.run(*BACKEND)
    assert ran.returncode == 0
    assert "\x1b" not in ran.stderr + ran.stdout
    assert "refused by --ask deny: make: no rule is about this command" in ran.stderr
    assert "this run has nobody to ask" in str(scripted_server.requests()[-1]["request"]["messages"])
    assert "built.txt" not in program.tree("main")


def test_planning_is_shown_before_there_are_tasks(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the coordinator looks at, and for how long, as its command runs."""
    scripted_server.play(talk("coordinator", "Decompose the goal", shell("sleep 3")))
    terminal = Terminal(planned(make), *BACKEND)
    terminal.see(r"^planning: coordinator\.1 step 1 \(\d+s\) \$ sleep 3$")
    assert "TASK" not in terminal.screen
    terminal.type("\x03\x03")
    assert terminal.end() == 130
    left_whole(terminal)


def test_merging_is_shown_as_well(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What was held is tested before it lands, under the same view."""
    scripted_server.play(talk("editor", GOAL, shell("echo 1 > one.txt"), done()))
    program = planned(make, editor("build", GOAL), verify=["sleep 1"])
    assert program.json("run", "--hold", *BACKEND)["tasks"][0]["state"] == "ready"
    program.git("commit", "--quiet", "--allow-empty", "-m", "meanwhile")
    terminal = Terminal(program, "merge", "last")
    terminal.see(r"^testing what lands: verify \(\d+s\) \$ sleep 1")
    assert terminal.end() == 0
    left_whole(terminal)
