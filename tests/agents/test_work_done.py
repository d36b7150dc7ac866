"""What an agent did, as the journal has it: files, tests and refusals as they were last seen, in few words."""

from __future__ import annotations

from agents.events import (
    CheckpointTaken,
    CommandJudged,
    CommandRun,
    ContextRebuilt,
    ConversationTakenOver,
    Event,
    ModelAnswered,
)
from agents.handover_of_journal import of_journal
from agents.handover_writer import question
from agents.model import Message, Usage
from agents.step_events import Source
from agents.work_done import work_done
from agents.work_told import facts, lines
from tests.agents.bench import Bench
from tests.fakes.model import ScriptedModel, call, calling, finish, shell
from tests.fakes.sandbox import FakeSandbox, result


def answered(step: int, message: Message) -> ModelAnswered:
    """An answer of the editor."""
    return ModelAnswered(
        agent="editor.1",
        role="editor",
        step=step,
        model="m",
        message=message,
        finish_reason="stop",
        usage=Usage(),
        cost=None,
        latency_seconds=0.0,
        client_ms=0.0,
    )


def ran(step: int | None, command: str, code: int | None = 0, source: Source = "agent") -> CommandRun:
    """A command that ran."""
    id, agent = (f"editor.1.{step}.1", "editor.1") if source == "agent" else ("verify.1", None)
    return CommandRun(
        id=id, source=source, agent=agent, step=step, sandbox="s", command=command, exit_code=code, wall_seconds=0.1
    )


def saved(step: int, *files: str) -> CheckpointTaken:
    """The files of a step."""
    return CheckpointTaken(agent="editor.1", step=step, ref="r", commit="c", files=list(files))


TESTED: list[Event] = [
    answered(1, shell("python -m pytest -q tests")),
    ran(1, "python -m pytest -q tests", 1),
    answered(2, shell("sed -i s/a/b/ a.py")),
    ran(2, "sed -i s/a/b/ a.py"),
    saved(2, "a.py", "b.py"),
    answered(3, shell("python -m pytest -q tests")),
    ran(3, "python -m pytest -q tests"),
    saved(3, "b.py"),
    answered(4, finish()),
    ran(None, "make check", 2, "verify"),
]


def test_files_and_tests_are_as_they_were_last_seen() -> None:
    """The newest state counts, and the plan's own check of a claim is one of them."""
    work = work_done(TESTED, agent="editor.1")
    assert work.files == {"a.py": 2, "b.py": 3}
    assert [(run.command, run.passed) for run in work.tests()] == [
        ("python -m pytest -q tests", True),
        ("make check", False),
    ]
    told = facts(work, budget_chars=10_000)
    assert "b.py (step 3)" in told
    assert "FAIL, by the plan's own check: make check" in told
    assert work.steps[4].line() == "4: finish done -> sent back"


def test_tests_are_told_in_the_order_in_which_they_ran_last() -> None:
    """One that ran again is the newest; one that a limit ended did not pass, whatever it ended with."""
    late = ran(3, "make check").model_copy(update={"limit": "time"})
    work = work_done([ran(1, "pytest"), ran(2, "tox"), ran(3, "pytest"), late], agent="editor.1")
    assert [(run.command, run.passed) for run in work.tests()] == [
        ("tox", True),
        ("pytest", True),
        ("make check", False),
    ]


async def test_a_loops_own_events_tell_it_all() -> None:
    """Edits, refusals, failures, malformed calls and tries without an end, from the events of the loop itself."""
    model = ScriptedModel(
        calling(call("edit", {"path": "new.py", "old": "", "new": "x = 1\n"})),
        calling(call("edit", {"path": "new.py", "old": "y", "new": "z"})),
        shell("forbidden thing"),
        shell("make test"),
        calling(call("shell", "{broken")),
        Message(role="assistant", content="Let me think."),
        finish(),
    )
    bench = Bench(model=model, sandbox=FakeSandbox({"make test": result(2)}))
    await bench.run()
    work = work_done(bench.recorder.events, agent="editor.1")
    assert [step.line() for step in work.steps.values()][:6] == [
        "1: edit new.py -> edited",
        "2: edit new.py -> not edited",
        "3: $ forbidden thing -> refused",
        "4: $ make test -> exit 2",
        "5: shell {broken -> not done",
        "6: no call",
    ]
    assert work.files == {"new.py": 1}
    assert [number for number, step in work.steps.items() if step.failed] == [2, 3, 4]
    handover = of_journal(work, goal="Port it.\nAll of it.")
    assert handover.goal == "Port it."
    assert handover.files == ("new.py",)
    assert [(test.command, test.passed) for test in handover.tests] == [("make test", False)]
    assert [each.what for each in handover.decisions] == ["Let me think."]


def test_a_judgement_on_nothing_known_is_none_of_its_steps() -> None:
    """An event of another agent, or of a step that was not answered, changes nothing."""
    strange = CommandJudged(id="tester.1.1.1", verdict="deny", allowed=False, parts=[])
    work = work_done([*TESTED, strange, ran(99, "late")], agent="editor.1")
    assert sorted(work.steps) == [1, 2, 3, 4]


def test_steps_of_a_run_that_was_forked_are_done_too() -> None:
    """Those that the conversation still has are told as they ended, those before by their numbers; none is missing."""
    messages = [
        *(Message(role="system", content="You are"), Message(role="user", content="Port it.")),
        *(shell("make test"), Message(role="tool", content="exit 2\nred", tool_call_id="call_1")),
        *(shell("echo 7"), Message(role="tool", content="exit 0\n7", tool_call_id="call_1")),
    ]
    over = ConversationTakenOver(agent="editor.1", step=7, round=1, messages=messages)
    work = work_done([over, answered(8, shell("echo 8")), ran(8, "echo 8")], agent="editor.1")
    assert sorted(work.steps) == list(range(1, 9))
    assert lines(work, budget_chars=10_000).splitlines()[4:] == [
        "5: done in the run that this one was forked from",
        "6: $ make test -> exit 2 red",
        "7: $ echo 7 -> exit 0 7",
        "8: $ echo 8 -> exit 0",
    ]


def test_old_steps_are_told_together_and_none_is_left_out() -> None:
    """However small the budget: the numbers say which they are, and where one of them can be seen whole."""
    events = [event for step in range(1, 101) for event in (answered(step, shell(f"echo {step}")), ran(step, "x"))]
    work = work_done(events, agent="editor.1")
    for budget in (0, 10, 500, 1000):
        first, *rest = lines(work, budget_chars=budget).splitlines()
        assert first.startswith(f"1-{100 - len(rest)}: {100 - len(rest)} done, with ")
        assert [line.split(":")[0] for line in rest] == [str(number) for number in range(101 - len(rest), 101)]
        assert sum(map(len, rest)) <= budget
    assert lines(work, budget_chars=10**6).count("\n") == 99


def test_what_was_written_down_before_a_rebuild_is_not_used_again() -> None:
    """It was for that one; the next is asked for anew."""
    written = answered(2, Message(role="assistant", content="It stands.")).model_copy(
        update={"agent": "editor.1.handover"}
    )
    assert work_done([written], agent="editor.1").handover is not None
    rebuilt = ContextRebuilt(agent="editor.1", step=2, why="full", messages=[])
    work = work_done([written, rebuilt], agent="editor.1")
    assert (work.handover, work.handovers, work.rebuilt) == (None, 1, 2)


def test_a_question_for_a_handover_says_what_it_is_held_against() -> None:
    """The steps since the last rebuild, those before in one line, the files and the tests; all of it as data."""
    work = work_done(TESTED, agent="editor.1")
    work.rebuilt = 2
    text = question(work).content
    assert "every step from 1 to 4" in text
    assert "1-2: 2 done" in text
    assert "3: $ python -m pytest -q tests -> exit 0" in text
    assert "a.py\nb.py" in text
    assert "passed: python -m pytest -q tests\nfailed: make check" in text
