"""What is said as a run goes on: a line for each thing worth knowing, and above a live view what is worth keeping."""

from __future__ import annotations

import pytest

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.store import JournalStore
from orchestrator.views.milestones import milestone
from orchestrator.views.progress import KEPT_CHARS, kept_line, progress_line
from tests.views import story

REFUSED = e.CommandJudged(
    id="c", verdict="ask", allowed=False, parts=[story.part("allow"), story.part("ask")], answered_by="--ask deny"
)


def written(store: JournalStore, event: e.Event, task: str | None = "docs") -> Recorded:
    """The event as the journal holds it."""
    return story.recorded(store, [(task, event)])[0]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(store: JournalStore, columns: int) -> None:
    """Every event of a whole run, hostile texts among them, takes one line that is safe to show."""
    for recorded in story.recorded(store, story.whole_story()):
        line = progress_line(recorded, columns=columns)
        assert line is None or (len(line) <= columns and line.isprintable())


def test_a_reader_finds_again_what_mattered(store: JournalStore) -> None:
    """Refusals, what was sent back, landed or failed, decisions, limits and faults stay above a live view."""
    kept = [line for recorded in story.recorded(store, story.whole_story()) if (line := kept_line(recorded))]
    told = [" ".join(text.split()) for text, _ in kept]
    for expected in (
        "run verify passes on the base",
        "survey landed",
        "port refused: x: because of it (standard.yaml:12)",
        "port gate reviewer failed: say why",
        "port sent back by the merge: they conflict",
        "port landed on the run's main branch as cccccccccc",
        "run limit reached: cost, 10.5 of 10",
        "port network refused: GET: no host",
        "run fault: engine: went away",
        "docs waiting: the cost limit was reached",
        "docs coordinator.1 decides: split: too much at once",
    ):
        assert any(line.startswith(expected) for line in told), expected


@pytest.mark.parametrize(
    "event",
    [
        story.attempt("editor.1", "editor", story.BASE),
        e.CommandProposed(id="c", agent="editor.1", step=1, tool="shell", arguments='{"command": "ls"}'),
        e.CommandRun(id="c", sandbox="s", command="ls", exit_code=1, wall_seconds=1.0),
        e.CheckpointTaken(agent="editor.1", step=1, ref="r", commit=story.CHANGED, files=["a.py"]),
        e.GatePassed(gate="tester", commit=story.CHANGED),
        e.TaskEnded(state="landed", commit=story.LANDED),
    ],
    ids=lambda event: event.kind,
)
def test_what_the_view_shows_is_not_said_as_well(store: JournalStore, event: e.Event) -> None:
    """Commands, gates that pass and the end of a task that was told of when it merged are left to the live view."""
    assert kept_line(written(store, event)) is None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (story.attempt("tester.2", "tester", story.BASE, number=2), "tester.2 begins with m/x"),
        (story.attempt("editor.1", "editor", story.BASE, round=2), "editor.1 round 2 begins with m/x"),
        (e.GateFailed(gate="tester", commit=story.CHANGED, why="no"), "gate tester failed"),
        (e.GatePassed(gate="tester", commit=story.CHANGED), "gate tester passed"),
        (
            e.ChangeMerged(commit=story.CHANGED, onto=story.BASE, landed=story.LANDED, tree="d" * 40),
            "landed on the run's main branch as cccccccccc",
        ),
        (e.ChangeRefused(commit=story.CHANGED, onto=story.BASE, why="no"), "sent back by the merge"),
        (e.QuestionAnswered(id="q", allowed=False, by="--ask deny"), "answer: refused by --ask deny"),
        (e.LimitReached(limit="cost", value=10.0, used=10.5), "limit reached: cost, 10.5 of 10"),
        (e.FaultMet(where="engine", why="went away"), "fault: engine: went away"),
        (e.FaultRetried(where="model m", attempt=2, wait_seconds=4.0), "trying again: model m, try 2 after 4.0s"),
    ],
    ids=lambda value: str(getattr(value, "kind", "")),
)
def test_the_log_says_it_in_the_same_words(store: JournalStore, event: e.Event, said: str) -> None:
    """Who saw something go by finds it again; an agent of a gate has its number, which is that of no attempt."""
    head, *_ = milestone(event, whole=False)
    line = " ".join((progress_line(written(store, event)) or "").split())
    assert head.plain.startswith(said)
    assert said in line
    assert "attempt" not in head.plain


def test_a_refusal_names_who_refused(store: JournalStore) -> None:
    """A reader sees whether a rule said no, the human, or that nobody was there to ask."""
    assert "refused by --ask deny: x: because of it" in (progress_line(written(store, REFUSED)) or "")


def test_a_kept_line_is_wrapped_below_its_task_and_ends(store: JournalStore) -> None:
    """Reasons of any length stay readable: words stay whole, and the log has the rest."""
    failed = e.GateFailed(gate="verify", commit=story.CHANGED, why="word " * 400)
    kept = kept_line(written(store, failed), columns=60)
    assert kept is not None
    first, *rest = kept[0].splitlines()
    assert first.startswith("docs             gate verify failed: word")
    assert all(line.startswith(" " * 17 + "word") for line in rest)
    assert max(map(len, [first, *rest])) <= 60
    assert len(" ".join(kept[0].split())) <= KEPT_CHARS


@pytest.mark.parametrize("columns", [40, 79, 120])
def test_a_made_plan_is_shown_whole(store: JournalStore, columns: int) -> None:
    """Why, and each task with what it needs and may change, in lines that no terminal has to break."""
    tasks: list[dict[str, object]] = [
        {"id": "survey", "role": "investigator", "goal": f"Look.\n{story.HOSTILE}"},
        {"id": "port", "role": "editor", "goal": "Port it. " * 100, "needs": ["survey"], "paths": ["src/**", "x" * 90]},
    ]
    event = written(store, e.PlanMade(source="coordinator", tasks=tasks, why="first look, then port"))
    kept = kept_line(event, columns=columns)
    assert kept is not None
    for text in (progress_line(event, columns=columns) or "", kept[0]):
        assert max(map(len, text.splitlines())) <= columns
        assert "\x1b" not in text
        words = " ".join(text.split())
        for said in ("made 2 tasks: first look, then port", "survey: investigator: Look.", "editor; needs survey;"):
            assert said in words
    (of_a_file,) = story.recorded(store, [(None, e.PlanMade(tasks=tasks))], run="other")
    assert progress_line(of_a_file) is None
