"""Who told whom what: at the agent that was told, and at what was handed over."""

from __future__ import annotations

from agents import events as e
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.views.concerns import Reviewed
from orchestrator.views.entries import entries
from orchestrator.views.evidence import evidence_by_task
from orchestrator.views.heard import heard_by
from orchestrator.views.kinds import Kind
from orchestrator.views.log import log_view
from orchestrator.views.review import review_json, review_view
from tests.views import story
from tests.views.screen import shown

BACK = e.Told(source="reviewer.1", kind="gate", text="src/a.py:3: close it", chars=20)


def told_run() -> story.Story:
    """The findings go to two tasks, and a reviewer's comments to the next round of its editor."""
    review = {"verdict": "changes", "comments": [{"file": "src/a.py", "line": 3, "text": "close it"}]}
    return [
        *story.started(),
        *story.surveyed(),
        ("port", story.attempt("editor.1", "editor", story.BASE, told=[story.FOUND])),
        ("docs", story.attempt("editor.1", "editor", story.BASE, told=[story.FOUND])),
        ("port", e.AttemptEnded(agent="reviewer.1", outcome="finished", result=review)),
        ("port", story.attempt("editor.1", "editor", story.BASE, round=2, told=[BACK, story.FOUND])),
        ("port", story.attempt("editor.1", "editor", story.BASE, round=2, told=[BACK, story.FOUND])),
    ]


def test_a_log_says_who_told_whom(store: JournalStore) -> None:
    """An agent's beginning says by whom it was told what, an end to whom its result went, round by round."""
    rows = story.recorded(store, told_run())
    text = shown(log_view(entries(rows), heard=heard_by(rows)))
    assert "told findings of survey (40 B): two uses" in text
    assert "told evidence of reviewer.1 (20 B): src/a.py:3: close it" in text
    assert "told to port (editor.1, editor.1 round 2), docs (editor.1)" in text
    assert "told to port (editor.1 round 2)\n" in text
    assert "\x1b[2J" not in text


def test_a_log_can_be_narrowed_to_it(store: JournalStore) -> None:
    """`--only told` leaves who was told, and what was handed over."""
    found = [entry.events[0] for entry in entries(story.recorded(store, told_run())) if Kind.TOLD in entry.kinds()]
    assert [type(event) for event in found] == [
        *(e.AttemptEnded, e.AttemptStarted, e.AttemptStarted, e.AttemptEnded, e.AttemptStarted, e.AttemptStarted)
    ]


def test_a_review_says_it_too(store: JournalStore) -> None:
    """Whom the task heard, each text once with all who were told it, and who heard of the task."""
    rows = story.recorded(store, told_run())
    state, evidence, heard = fold(rows), evidence_by_task(rows), heard_by(rows)
    survey = Reviewed.of(state.tasks["survey"], evidence["survey"], b"", heard)
    port = Reviewed.of(state.tasks["port"], evidence["port"], b"", heard)
    assert survey.told_to == ["port (editor.1, editor.1 round 2)", "docs (editor.1)"]
    assert "told to port (editor.1, editor.1 round 2), docs (editor.1)" in shown(review_view(state, survey))
    text = shown(review_view(state, port))
    assert "evidence of reviewer.1 (20 B): src/a.py:3: close it\n    to editor.1 round 2\n" in text
    assert text.count("findings of survey (40 B)") == 1
    assert "    to editor.1, editor.1 round 2\n" in text
    assert [(told["agent"], told["round"], told["source"]) for told in review_json(state, port)["told"]] == [
        ("editor.1", 1, "survey"),
        ("editor.1", 2, "reviewer.1"),
        ("editor.1", 2, "survey"),
    ]
