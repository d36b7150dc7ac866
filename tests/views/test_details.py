"""What `-v` adds to the progress: harmless, and never a flood."""

from __future__ import annotations

from agents import events as e
from agents.model import Message, ToolCall, Usage
from orchestrator.journal.store import JournalStore
from orchestrator.views.details import COLUMNS, LINES, detail_lines
from tests.views import story


def answered(message: Message) -> e.ModelAnswered:
    """An editor's answer."""
    return e.ModelAnswered(
        agent="editor.1",
        role="editor",
        step=1,
        model="m/x",
        message=message,
        finish_reason="stop",
        usage=Usage(),
        cost=None,
        latency_seconds=0.1,
        client_ms=1.0,
    )


def ran(stdout: str, stderr: str = "") -> e.CommandRun:
    """A command with this output."""
    return e.CommandRun(
        id="1", sandbox="s", command="c", exit_code=0, stdout=stdout, stderr=stderr, wall_seconds=0.1, agent="editor.1"
    )


def lines(store: JournalStore, event: e.Event) -> list[str]:
    """What is shown of one event."""
    (recorded,) = store.append(story.RUN, [("port", event)])
    return detail_lines(recorded)


def test_answers_show_their_text_and_their_result(store: JournalStore) -> None:
    """A model's words and what it hands over are shown, be it valid JSON or not; commands are in the progress."""
    calls = [("shell", '{"command": "ls"}'), ("finish", '{"summary": "done"}'), ("finish", "{broken")]
    made = tuple(ToolCall(id=str(number), name=name, arguments=text) for number, (name, text) in enumerate(calls))
    shown = lines(store, answered(Message(role="assistant", content="I will look.", tool_calls=made)))
    assert shown == ["  < I will look.", "  < {", '  <   "summary": "done"', "  < }", "  < {broken"]


def test_the_end_of_an_output_is_shown(store: JournalStore) -> None:
    """Both streams, each cut to its last lines with the number of those left out; long lines are cut as well."""
    flood = "\n".join(f"line {number}" for number in range(1000))
    shown = lines(store, ran(flood, "x" * 10_000))
    assert shown[0] == f"  | [{1000 - LINES} lines more]"
    assert shown[-2] == "  | line 999"
    assert len(shown) == LINES + 2
    assert len(shown[-1]) <= COLUMNS + 5


def test_hostile_text_is_escaped(store: JournalStore) -> None:
    """Neither a command's output nor a model's words reach the terminal as they are."""
    for event in (ran(story.HOSTILE, story.HOSTILE), answered(Message(role="assistant", content=story.HOSTILE))):
        text = "".join(lines(store, event))
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_other_events_have_no_details(store: JournalStore) -> None:
    """The progress has said all."""
    assert lines(store, e.TaskStarted(commit=story.BASE)) == []
