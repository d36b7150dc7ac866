"""The views: what they must tell, in 80 columns, and that no text of an agent's ever steers a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import get_args

import pytest
from rich.console import Console, RenderableType

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.views.diff import diff_view
from orchestrator.views.events import event_json
from orchestrator.views.evidence import evidence_of
from orchestrator.views.log import log_view
from orchestrator.views.review import review_json, review_view
from orchestrator.views.runs import runs_json, runs_view
from orchestrator.views.status import next_command, status_json, status_view
from tests.views import story

PATCH = b"""diff --git a/src/a.py b/src/a.py
--- a/src/a.py
+++ b/src/a.py
@@ -1 +1 @@
--- removed comment
+\x1b[2Jadded\xff
"""


def shown(parts: Iterable[RenderableType], *, colour: bool = False) -> str:
    """What a terminal of 80 columns would get."""
    console = Console(
        file=io.StringIO(), width=80, force_terminal=colour, no_color=not colour, markup=False, highlight=False
    )
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def log_text(events: Iterable[Recorded], *, colour: bool = False) -> str:
    """The log of some events."""
    return shown((part for event in events for part in log_view(event)), colour=colour)


def all_views(events: list[Recorded]) -> Iterator[Iterable[RenderableType]]:
    """Every view of the story."""
    state = fold(events)
    yield runs_view([state])
    yield status_view(state, now=state.updated_at)
    yield (part for event in events for part in log_view(event))
    for task in state.tasks.values():
        yield review_view(state, task, evidence_of(events, task.id), PATCH)


def test_the_story_has_every_kind_of_event() -> None:
    """The tests below speak for all kinds of events, those to come included."""
    kinds = {type(event) for _, event in story.whole_story()}
    assert kinds == set(get_args(get_args(e.Event)[0]))


def test_no_view_is_wider_than_the_terminal(store: JournalStore) -> None:
    """Everything reads well in 80 columns."""
    for view in all_views(story.recorded(store, story.whole_story())):
        assert max(len(line) for line in shown(view).splitlines()) <= 80


def test_hostile_text_is_shown_and_never_obeyed(store: JournalStore) -> None:
    """Escape sequences, markup and bidi overrides of agents appear as text in every view."""
    for view in all_views(story.recorded(store, story.whole_story())):
        text = shown(view)
        assert "\x1b" not in text
        assert "\u202e" not in text
    log = log_text(store.events(story.RUN))
    assert r"\x1b[2J[red]markup[/red]\u202eevil" in log.replace("\n           ", "")


def test_colour_carries_only_our_own_sequences(store: JournalStore) -> None:
    """With colour on, the one escape sequence that a terminal gets is that of a style."""
    coloured = log_text(story.recorded(store, story.whole_story()), colour=True)
    assert "\x1b[1m" in coloured
    assert "\x1b[2J" not in coloured
    assert "\x1b[31mmarkup" not in coloured


def test_runs_lists_each_run_with_its_state(store: JournalStore) -> None:
    """A line for a run tells its status, how many tasks are done, and what it cost."""
    state = fold(story.recorded(store, story.whole_story()[:-9]))
    line = shown(runs_view([state])).splitlines()[1]
    assert line.split()[:4] == [story.RUN, "stopped", "2/3", "$0.0200+"]
    assert runs_json([state])[0]["tasks"] == {"survey": "landed", "port": "landed", "docs": "waiting"}


def test_status_says_what_waits_and_what_to_type(store: JournalStore) -> None:
    """A question is shown with its rule and with the commands that answer it."""
    state = fold(story.recorded(store, [*story.started(), *story.surveyed(), *story.asked()]))
    text = shown(status_view(state, now=state.updated_at))
    assert "waits for you: make docs" in text
    assert "because of it (readers, standard.yaml:12)" in text
    assert f"mimo-orchestrate approve {story.RUN} docs.q1" in text
    assert next_command(state) == f"mimo-orchestrate approve {story.RUN} docs.q1"
    assert [question["id"] for question in status_json(state)["questions"]] == ["docs.q1"]


def test_status_of_a_stopped_run_names_the_limit_and_the_way_on(store: JournalStore) -> None:
    """Why it stopped, what went wrong on the way, and `resume`."""
    events = story.recorded(store, [*story.started(), *story.surveyed(), *story.ported(), *story.stopped()])
    text = shown(status_view(fold(events), now=0.0))
    for expected in ("limit reached: cost: 10.5 of 10", "fault: engine: went away", "the base was not moved: held"):
        assert expected in text
    assert f"next: mimo-orchestrate resume {story.RUN} --limit cost=MORE" in text


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ([], f"mimo-orchestrate log {story.RUN} --follow"),
        ([(None, e.RunEnded(status="done", base_after=story.BASE, moved=True))], None),
        (
            [(None, e.RunEnded(status="failed", base_after=story.BASE, moved=False))],
            f"mimo-orchestrate review {story.RUN}",
        ),
        (
            [
                ("port", e.TaskEnded(state="ready", commit=story.CHANGED)),
                (None, e.RunEnded(status="done", base_after=story.BASE, moved=False)),
            ],
            f"mimo-orchestrate review {story.RUN}, then mimo-orchestrate merge {story.RUN}",
        ),
    ],
)
def test_every_state_of_a_run_has_its_next_step(store: JournalStore, ending: story.Story, expected: str | None) -> None:
    """Nobody has to look up what comes next."""
    assert next_command(fold(story.recorded(store, [*story.started(), *ending]))) == expected


def test_the_log_tells_what_happened_and_why(store: JournalStore) -> None:
    """Commands with verdict, rule and outcome; answers; gates; merges, each with its reasons."""
    text = log_text(story.recorded(store, story.whole_story()))
    for expected in (
        "port: editor.1 wants shell:",
        "deny by standard.yaml:12 (readers): because of it",
        "exit 1, 1.5s",
        "two uses",
        "gate reviewer failed",
        "not merged onto aaaaaaaaaa",
        "conflicts: src/a.py: content",
        "merged as cccccccccc",
        "lost in resolving the conflict:",
        "run ended: stopped, base not moved",
    ):
        assert expected in text


def test_events_for_programs_keep_their_place_whatever_they_hold(store: JournalStore) -> None:
    """An event's JSON has its place in the journal beside its payload, and is one line."""
    events = story.recorded(store, story.started())
    first = event_json(events[0])
    assert (first["run"], first["seq"], first["kind"], first["task"]) == (story.RUN, 1, "run started", None)
    assert first["payload"]["plan"]["goal"] == "Make it better."
    assert "\n" not in json.dumps(first)


def test_review_shows_the_change_with_all_its_evidence(store: JournalStore) -> None:
    """Why, the diff, commands with verdicts, test output, comments, refusals, lost lines and cost stand on one page."""
    events = story.recorded(store, story.whole_story())
    state = fold(events)
    text = shown(review_view(state, state.tasks["port"], evidence_of(events, "port"), PATCH))
    for expected in (
        "Port the client.",
        "for: Make it better.",
        "Ported it.",
        "approve",
        "src/a.py:3:",
        "well done",
        "$ pytest -q",
        "+++ b/src/a.py",
        "$ make test  exit 0",
        "3 passed",
        "$ git status  exit 0  allow",
        "$ curl https://example.com  did not run  deny",
        "standard.yaml:12 (readers): because of it",
        "reviewer on bbbbbbbbbb: failed",
        "bbbbbbbbbb onto aaaaaaaaaa: src/a.py: content",
        "- old line",
        "1 step, 1050 tokens, $0.0200",
    ):
        assert expected in text


def test_review_for_programs_pairs_each_command_with_its_verdict(store: JournalStore) -> None:
    """A script can hold commands that ran against the verdicts that let them run."""
    events = story.recorded(store, story.whole_story())
    state = fold(events)
    page = review_json(state, state.tasks["port"], evidence_of(events, "port"), PATCH)
    told = {each["command"]: (each["source"], each["verdict"], each["run"] is not None) for each in page["commands"]}
    assert told == {
        "git status": ("agent", "allow", True),
        "curl https://example.com": ("agent", "deny", False),
        "python -m pytest -q": ("agent", "allow", True),
        "make test": ("verify", None, True),
    }
    assert json.dumps(page)


def test_the_change_is_measured_from_where_it_was_made(store: JournalStore) -> None:
    """A merged change from what it was merged onto; an unmerged one from its latest start."""
    start = [*story.started(), ("port", e.TaskStarted(commit="1" * 40))]
    refused = ("port", e.ChangeRefused(commit="2" * 40, onto="3" * 40, why="red"))
    again = ("port", story.attempt("editor.2", "editor", "4" * 40, number=2))
    merged = ("port", e.ChangeMerged(commit="2" * 40, onto="5" * 40, landed="6" * 40, tree="7" * 40))
    changes = []
    for number, story_so_far in enumerate(
        (start, [*start, refused], [*start, refused, again], [*start, refused, again, merged])
    ):
        events = story.recorded(store, story_so_far, run=f"run-{number}")
        changes.append(evidence_of(events, "port").change("2" * 40))
    assert changes == [
        ("1" * 40, "2" * 40),
        ("3" * 40, "2" * 40),
        ("4" * 40, "2" * 40),
        ("5" * 40, "6" * 40),
    ]


def test_arguments_that_are_no_json_are_shown_as_they_are(store: JournalStore) -> None:
    """A model's raw arguments may hold anything; the review shows them instead of failing."""
    for number, arguments in enumerate(("{broken", "[1]", '{"command": 3}', '"text"')):
        proposed = e.CommandProposed(id="x", agent="editor.1", step=1, tool="shell", arguments=arguments)
        events = story.recorded(store, [*story.started(), ("port", proposed)], run=f"run-{number}")
        assert evidence_of(events, "port").commands["x"].text == arguments


def test_a_removed_line_is_no_file_name() -> None:
    """In a diff, `--- x` within a hunk is a removed line and coloured as one."""
    spans = {PATCH.decode(errors="replace").splitlines()[4]: "red"}
    diff = diff_view(PATCH)
    styles = {diff.plain[span.start : span.end].rstrip("\n"): str(span.style) for span in diff.spans}
    assert styles.items() >= spans.items()
    assert styles["--- a/src/a.py"] == "bold"
