"""The log: a step is one block, what is cut says how to see it whole, and every line stands for itself."""

from __future__ import annotations

import re

import pytest

from agents import events as e
from agents.model import Message, ToolCall
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.views.entries import Grouping, entries
from orchestrator.views.events import event_json
from orchestrator.views.kinds import Kind
from orchestrator.views.log import Form, log_view
from tests.views import long, story, telling
from tests.views.screen import PIPE, TALL, Screen, shown
from tests.views.telling import edited, ran, step, timed

pytestmark = pytest.mark.slow


def log_text(rows: list[Recorded], *, screen: Screen = TALL, form: Form = Form.BLOCK, tasks: bool = True) -> str:
    """The log of some events."""
    return shown(log_view(entries(rows), form=form, tasks=tasks), screen)


def told(*events: tuple[str | None, e.Event]) -> list[Recorded]:
    """These events as a journal has them."""
    return timed(events, run=story.RUN, start=0.0)


def test_the_log_tells_what_happened_and_why() -> None:
    """Commands with verdict, rule and outcome; answers; gates; merges, each with its reasons."""
    text = log_text(told(*story.whole_story()))
    for expected in (
        "port editor.1 step 1: $ git status  allow, exit 0",
        "port editor.1 step 2: $ curl https://example.com  deny, refused",
        "by readers (standard.yaml:12): because of it",
        "$ python -m pytest -q  allow, exit 1",
        "port verify: $ make test  exit 0",
        "two uses",
        "gate reviewer failed",
        "sent back by the merge onto aaaaaaaaaa",
        "conflicts: src/a.py: content",
        "landed on the run's main branch as cccccccccc, onto aaaaaaaaaa",
        "lost in resolving the conflict:",
        "run ended: stopped, base not moved",
    ):
        assert expected in text


def test_a_step_is_one_block() -> None:
    """What it wanted, verdict, outcome, time and cost stand on its first line; words and saved files under it."""
    calls = (edited("src/a.py", "x = 1", "x = 2"), ran("make test", "1 failed\n", exit_code=1, seconds=2.0))
    text = log_text(told(*step("port", "editor.1", 7, "I edit, then test.", *calls, saved=["src/a.py"])), screen=PIPE)
    assert text.splitlines()[1:] == [
        "00:00:08    port editor.1 step 7: edit /workspace/src/a.py  allow, exit 0  8.5s $0.0125",
        "              < I edit, then test.",
        "00:00:08    port editor.1 step 7: $ make test  allow, exit 1",
        "              | 1 failed",
        f"              checkpoint 7, {telling.oid('port.7')[:10]}, 1 file: src/a.py",
    ]


def test_what_is_cut_says_how_to_see_it_whole() -> None:
    """Of a failed command's long output the end is kept, with the option that shows all; of a good one nothing is."""
    flood = "".join(f"line {number}\n" for number in range(100))
    rows = told(*step("port", "editor.1", 3, "w" * 1000, ran("make", flood, exit_code=2), ran("ls", flood)))
    text = log_text(rows)
    assert "[... 92 lines before, whole with --step 3 ...]" in text
    assert text.count("line 99") == 1
    assert "www…" in text
    whole = log_text(rows, form=Form.WHOLE)
    assert whole.count("line 0\n") == 2
    assert whole.count("w") > 1000


def test_a_whole_step_shows_both_sides_of_an_edit_and_all_parts_of_a_verdict() -> None:
    """Nothing of a step is left out: arguments, the model's figures, each part's rule, memory, the checkpoint's ref."""
    script = ran("set -e\nmake test")
    calls = (edited("a.py", "x = 1\ny = 2", "x = 3"), script)
    rows = told(*step("port", "editor.1", 3, "", *calls, saved=["a.py"], ignored=["b.pyc"], refused=["c: a link"]))
    text = log_text(rows, form=Form.WHOLE)
    for expected in (
        "openai/gpt-5.2 answered in 6.0s: 9000 + 180 tokens (8300 cached)",
        "- x = 1\n",
        "- y = 2\n",
        "+ x = 3\n",
        "$ set -e\n",
        "allow set -e make test: allow: set (standard:7)",
        "48 MB, in mimo-7f3a",
        "(refs/mimo/runs/x/port/3), 1 file: a.py",
        "not saved: c: a link",
        "ignored, not saved: b.pyc",
    ):
        assert expected in text


@pytest.mark.parametrize("screen", [TALL, PIPE])
def test_every_first_line_says_task_and_step(screen: Screen) -> None:
    """Whatever `grep` finds on a line of its own tells whose it is: 400 steps, each by its number, none twice."""
    text = log_text(long.recorded(), screen=screen, form=Form.LINE if screen is TALL else Form.BLOCK)
    numbers = re.findall(rf"^\d\d:\d\d:\d\d    {long.TASK} editor\.1 step (\d+)", text, re.MULTILINE)
    assert list(dict.fromkeys(numbers)) == [str(number) for number in range(1, long.STEPS + 1)]


def test_one_line_is_one_line() -> None:
    """Each command and each event has one line, cut where the terminal ends."""
    rows = told(*story.whole_story())
    lines = log_text(rows, form=Form.LINE).splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d  |-- 1970-01-01 --", line) for line in lines)
    assert max(map(len, lines)) <= 80


def test_milestones_stand_out_without_colour() -> None:
    """Steps are further to the right than whatever is no step."""
    lines = log_text(long.recorded(), tasks=False).splitlines()
    milestones = [line for line in lines if re.match(r"\d\d:\d\d:\d\d  \S", line)]
    assert any("gate reviewer failed" in line for line in milestones)
    assert not any(" step " in line for line in milestones if "context rebuilt" not in line)


def test_a_new_day_is_said() -> None:
    """Lines have the time of day, and the date stands before the first of each day."""
    rows = timed([*story.started()[:1], (None, e.RunResumed(program="1"))], run=story.RUN, start=86400.0 - 1800)
    assert re.findall("-- (.*) --", log_text(rows)) == ["1970-01-01", "1970-01-02"]


def test_entries_keep_every_event_once() -> None:
    """Grouping loses nothing and doubles nothing, and puts the entries in the order in which they ended."""
    for rows in (told(*story.whole_story()), long.recorded()):
        grouped = list(entries(rows))
        assert sorted(row.seq for entry in grouped for row in entry.rows) == [row.seq for row in rows]
        ends = [entry.time for entry in grouped]
        assert ends == sorted(ends)


def test_a_question_is_told_while_its_step_goes_on() -> None:
    """Who follows a log learns at once that an answer is wanted; the step itself follows when it is over."""
    grouping = Grouping()
    proposed, judged = story.command("docs", 1, "make docs", verdict="ask", exit_code=None)
    asked = ("docs", e.QuestionAsked(id="docs.q1", about="command", subject="make docs"))
    rows = told(proposed, asked, judged, ("docs", e.TaskEnded(state="waiting")))
    over = [[len(entry.rows) for entry in grouping.feed(row)] for row in rows]
    assert over == [[], [1], [], [2, 1]]


def test_what_has_no_end_is_told_as_far_as_it_goes() -> None:
    """A request without an answer, a command without an outcome, and events without their step are no holes."""
    asked = step("port", "editor.1", 2, "")[:1]
    proposed = story.command("docs", 1, "make docs")[:1]
    strays = story.command("survey", 1, "ls")[1:]
    text = log_text(told(*asked, *proposed, *strays))
    assert "port editor.1 step 2: asks openai/gpt-5.2: no answer" in text
    assert "docs editor.1 step 1: $ make docs  no outcome" in text
    assert "command run, apart from its step" in text


def test_an_answer_without_a_command_shows_what_it_calls() -> None:
    """`finish` and `recall` are no commands and yet what the step was about; mere words are told as such."""
    call = ("port", step("port", "editor.1", 1, "")[1][1])
    finished = call[1].model_copy(
        update={
            "message": Message(
                role="assistant",
                tool_calls=(ToolCall(id="1", name="finish", arguments='{"summary": "done"}'),),
            )
        }
    )
    asked = step("port", "editor.1", 1, "")[0]
    rows = told(asked, ("port", finished))
    assert "step 1: finish: done" in log_text(rows)
    assert '"summary": "done"' in log_text(rows, form=Form.WHOLE)
    assert "step 1: says" in log_text(told(asked, call))


def test_an_answer_with_several_calls_keeps_their_order() -> None:
    """Commands and other calls of one answer stand in the order in which the model made them, each with its own end."""
    (asked, answered, *acted) = step("port", "editor.1", 4, "", ran("ls"), ran("make", exit_code=2))
    assert isinstance(answered[1], e.ModelAnswered)
    first, last = answered[1].message.tool_calls
    recalled = ToolCall(id="r", name="recall", arguments='{"query": "timeouts"}')
    broken = ToolCall(id="b", name="shell", arguments="{broken")
    message = answered[1].message.model_copy(update={"tool_calls": (first, last, recalled, broken)})
    rows = told(asked, ("port", answered[1].model_copy(update={"message": message})), *acted)
    lines = [line for line in log_text(rows, screen=PIPE).splitlines() if " step 4: " in line]
    assert [line.partition(" step 4: ")[2].partition("  ")[0] for line in lines] == [
        "$ ls",
        "$ make",
        "recall: timeouts",
        "shell: {broken",
    ]
    assert "{broken" in log_text(rows, form=Form.WHOLE)


def test_arguments_that_never_end_are_shown_as_they_are() -> None:
    """A model may nest its arguments as deep as it likes: they are text to a reader, and no page fails on them."""
    deep = "[" * 100_000
    (asked, answered) = step("port", "editor.1", 4, "", ran("ls"))[:2]
    assert isinstance(answered[1], e.ModelAnswered)
    message = answered[1].message.model_copy(update={"tool_calls": (ToolCall(id="d", name="shell", arguments=deep),)})
    rows = told(asked, ("port", answered[1].model_copy(update={"message": message})))
    assert "step 4: shell: [[[" in log_text(rows, screen=PIPE)
    proposed = e.CommandProposed(id="x", agent="editor.1", step=5, tool="shell", arguments=deep)
    assert fold(told(*story.started(), ("port", proposed))).tasks["port"].doing == f"editor.1 step 5: $ {deep}"


def test_a_command_that_was_tried_twice_stands_twice() -> None:
    """After a lost sandbox the same call is made again: both tries are in their step, in their order."""
    asked, answered, *acted = step("port", "editor.1", 4, "", ran("make", exit_code=2), ran("ls"))
    first, judged, done = acted[:3]
    assert isinstance(first[1], e.CommandProposed)
    assert isinstance(done[1], e.CommandRun)
    again: telling.Story = [
        ("port", first[1].model_copy(update={"id": "editor.1.4.1.r2"})),
        ("port", done[1].model_copy(update={"id": "editor.1.4.1.r2", "exit_code": 0})),
    ]
    lines = log_text(told(asked, answered, first, judged, done, *again, *acted[3:]), form=Form.LINE).splitlines()
    assert [line.partition("step 4: ")[2].partition("  ")[0] for line in lines[1:]] == ["$ make", "$ make", "$ ls"]


def test_a_human_s_word_stands_with_the_command(store: JournalStore) -> None:
    """A command that was asked about shows who answered, and the rule that asked."""
    proposed, _, ran_well = story.command("docs", 1, "make docs", verdict="ask")
    judged = e.CommandJudged(
        id="editor.1.1.1", verdict="ask", allowed=True, parts=[story.part("ask")], answered_by="ada"
    )
    text = log_text(story.recorded(store, [proposed, ("docs", judged), ran_well]))
    assert "$ make docs  ask, allowed by ada, exit 0" in text
    assert "by readers (standard.yaml:12): because of it" in text


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.STEPS, long.STEPS + 6),
        (Kind.REFUSED, 40),
        (Kind.GATES, 18),
        (Kind.MERGES, 3),
        (Kind.FAULTS, 6),
        (Kind.DECISIONS, 0),
        (Kind.QUESTIONS, 0),
    ],
)
def test_entries_know_their_kinds(kind: Kind, number: int) -> None:
    """Each kind that a log can be narrowed to finds what it is named for."""
    found = [entry for entry in entries(long.recorded()) if kind in entry.kinds()]
    assert len(found) == number


def test_what_failed_is_of_that_kind(store: JournalStore) -> None:
    """Red commands, failed gates, agents without a result and lost tasks are failures; what was refused is not."""
    failures: telling.Story = [
        ("port", e.GateFailed(gate="verify", commit=story.CHANGED, why="red")),
        ("port", e.AttemptEnded(agent="editor.1", outcome="failed")),
        ("port", e.TaskEnded(state="failed")),
        (None, e.VerifiedBase(commit=story.BASE, green=False)),
        (None, e.RunEnded(status="failed", base_after=story.BASE, moved=False)),
        *step("port", "editor.1", 1, "", ran("make", exit_code=2)),
        *step("port", "editor.1", 2, "", ran("make", limit="time")),
    ]
    good: telling.Story = [
        ("port", e.GatePassed(gate="verify", commit=story.CHANGED)),
        ("port", e.AttemptEnded(agent="editor.1", outcome="finished")),
        ("port", e.TaskEnded(state="landed")),
        (None, e.VerifiedBase(commit=story.BASE, green=True)),
        (None, e.RunEnded(status="done", base_after=story.BASE, moved=False)),
        *step("port", "editor.1", 3, "", ran("make", limit="output")),
        *story.command("port", 4, "curl x", verdict="deny", exit_code=None),
    ]
    assert len([entry for entry in entries(told(*failures)) if Kind.FAILED in entry.kinds()]) == 7
    assert [entry for entry in entries(told(*good)) if Kind.FAILED in entry.kinds()] == []


def test_events_for_programs_keep_their_place_whatever_they_hold(store: JournalStore) -> None:
    """An event's JSON has its place in the journal beside its payload, and its own words."""
    first = event_json(story.recorded(store, story.started())[0])
    assert (first["run"], first["seq"], first["kind"], first["task"]) == (story.RUN, 1, "run started", None)
    assert first["payload"]["plan"]["goal"] == "Make it better."
