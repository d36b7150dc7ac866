"""The pages on runs: what there is, how each stands, what waits for a human, and what to type next."""

from __future__ import annotations

import pytest

from agents import events as e
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.views.runs import runs_json, runs_view
from orchestrator.views.status import next_commands, status_json, status_view
from tests.views import story, wide
from tests.views.screen import NARROW, PIPE, TALL, WIDE, shown
from tests.views.telling import timed


def test_runs_lists_each_run_with_its_state(store: JournalStore) -> None:
    """A row for a run tells its status, how many tasks are done, what it cost, how old it is, and its goal."""
    state = fold(story.recorded(store, story.stopped_story()))
    line = shown(runs_view([state], now=state.started_at + 7200), WIDE).splitlines()[1]
    assert line.split()[:5] == [story.RUN, "stopped", "2/3", "$0.0200+", "2h"]
    assert line.endswith("Make it better.")
    assert runs_json([state])[0]["tasks"] == {"survey": "landed", "port": "landed", "docs": "waiting"}


def test_runs_keeps_ids_whole_and_drops_no_figure() -> None:
    """On 80 columns an id of 52 characters is one word; what has no room as a column stands under the row."""
    state = fold(wide.recorded())
    text = shown(runs_view([state], now=state.updated_at), NARROW)
    assert f"{wide.RUN}  running, asks  18/40" in text
    assert "    cost $2.35; Move all billing services" in text
    assert max(map(len, text.splitlines())) <= 80


def test_status_says_what_waits_and_what_to_type(store: JournalStore) -> None:
    """A question is shown with its rule and with the command that answers it, as the last thing on the page."""
    state = fold(story.recorded(store, [*story.started(), *story.surveyed(), *story.asked()]))
    text = shown(status_view(state, now=state.updated_at))
    assert "docs waits for you: make docs" in text
    assert "because of it (readers, standard.yaml:12)" in text
    assert text.splitlines()[-3:] == [
        f"  mimo-orchestrate approve {story.RUN} docs.q1",
        "",
        'to refuse: deny in place of approve, and --why "..."',
    ]
    assert [str(command) for command in next_commands(state)] == [f"mimo-orchestrate approve {story.RUN} docs.q1"]
    assert [question["id"] for question in status_json(state)["questions"]] == ["docs.q1"]


def test_a_question_is_shown_as_it_is(store: JournalStore) -> None:
    """Whoever answers sees a script line by line, with its blanks, and all of it."""
    script = "set -e\n" + "".join(f"rm  part-{number}\n" for number in range(50))
    asked = e.QuestionAsked(id="docs.q2", about="command", subject=script, parts=[story.part("ask")])
    state = fold(story.recorded(store, [*story.started(), ("docs", asked)]))
    text = shown(status_view(state))
    assert "docs waits for you:\n    set -e\n    rm  part-0\n" in text
    assert "    rm  part-49\n" in text


def test_status_of_a_stopped_run_names_the_limit_and_the_way_on(store: JournalStore) -> None:
    """Why it stopped, what went wrong on the way, and `resume`."""
    events = story.recorded(store, [*story.started(), *story.surveyed(), *story.ported(), *story.stopped()])
    text = shown(status_view(fold(events), now=0.0), WIDE)
    for expected in ("limit reached: cost: 10.5 of 10", "fault: engine: went away", "main was not moved: held"):
        assert expected in text
    assert text.endswith(f"next: mimo-orchestrate resume {story.RUN} --limit cost=MORE\n")


def test_next_steps_are_last(store: JournalStore) -> None:
    """Where the log is stands with what is known of the run, above what to type next."""
    events = story.recorded(store, [*story.started(), *story.surveyed(), *story.ported(), *story.stopped()])
    text = shown(status_view(fold(events), log="/logs/RUN.jsonl"), WIDE)
    assert text.endswith(f"\n  log: /logs/RUN.jsonl\nnext: mimo-orchestrate resume {story.RUN} --limit cost=MORE\n")


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ([], [f"mimo-orchestrate log {story.RUN} --follow"]),
        (
            [(None, e.RunEnded(status="done", base_after=story.BASE, moved=True))],
            [f"mimo-orchestrate review {story.RUN}"],
        ),
        (
            [(None, e.RunEnded(status="interrupted", base_after=story.BASE, moved=False))],
            [f"mimo-orchestrate resume {story.RUN}"],
        ),
        (
            [
                ("port", e.TaskEnded(state="ready", commit=story.CHANGED)),
                (None, e.RunEnded(status="done", base_after=story.BASE, moved=False)),
            ],
            [f"mimo-orchestrate review {story.RUN}", f"mimo-orchestrate merge {story.RUN}"],
        ),
    ],
)
def test_every_state_of_a_run_has_its_next_step(store: JournalStore, ending: story.Story, expected: list[str]) -> None:
    """Nobody has to look up what comes next."""
    state = fold(story.recorded(store, [*story.started(), *ending]))
    assert [str(command) for command in next_commands(state)] == expected
    assert shown(status_view(state)).endswith(f"{expected[-1]}\n")
    assert status_json(state)["next"] == expected


def test_an_answer_to_a_stopped_run_wants_a_resume_after_it(store: JournalStore) -> None:
    """Approving alone moves nothing where nobody works on the run."""
    events = story.recorded(store, [*story.started(), *story.surveyed(), *story.asked(), *story.stopped()])
    assert [str(command) for command in next_commands(fold(events))] == [
        f"mimo-orchestrate approve {story.RUN} docs.q1",
        f"mimo-orchestrate resume {story.RUN} --limit cost=MORE",
    ]
    lines = shown(status_view(fold(events)), TALL).splitlines()
    assert lines[-1] == f"then: mimo-orchestrate resume {story.RUN} --limit cost=MORE"
    assert lines[-4] == f"  mimo-orchestrate approve {story.RUN} docs.q1"


def test_clocks_stand_still_where_nobody_works(store: JournalStore) -> None:
    """A run that is not going on is as old as its last event, however late it is looked at."""
    events = story.recorded(store, [*story.started(), *story.asked()])
    state = fold(events)
    running = shown(status_view(state, now=state.updated_at + 5 * 3600), WIDE)
    state.status = "interrupted"
    assert "5h00m" in running
    assert "5h00m" not in shown(status_view(state, now=state.updated_at + 5 * 3600), WIDE)


def test_a_short_screen_folds_tasks_that_say_nothing() -> None:
    """Landed and pending tasks share a line for their state, and the end of the page fits; every id is still there."""
    state = fold(wide.recorded())
    folded, whole = (shown(status_view(state), screen) for screen in (NARROW, TALL))
    assert "9 pending: port-batch-jobs, port-admin-commands," in folded
    assert len(folded.splitlines()) < len(whole.splitlines())
    for text in (folded, whole, shown(status_view(state), PIPE)):
        words = set(text.replace(",", " ").split())
        assert words >= set(state.tasks)


def test_what_is_at_work_is_told_with_its_time(store: JournalStore) -> None:
    """A task at work shows which agent does what, at which step, and for how long."""
    proposed = story.command("port", 3, "make test")[0]
    rows = timed([*story.started(), ("port", e.TaskStarted(commit=story.BASE)), proposed], run=story.RUN, start=0)
    state = fold(rows)
    text = shown(status_view(state, now=state.updated_at + 90), WIDE)
    assert "editor.1 step 3: $ make test (for 1m30s)" in text


def test_parts_stand_under_their_task() -> None:
    """A task that was split tells how far its parts are and why it was split, and they stand under it."""
    lines = shown(status_view(fold(wide.recorded())), PIPE).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("port-payments "))
    assert "split in 3: 1 merged, 1 pending, 1 working; the coordinator decided: split: Reading" in lines[at]
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == [part["id"] for part in wide.PARTS]
    assert all(line.startswith("  port-") for line in lines[at + 1 : at + 4])


def test_limits_are_those_that_were_granted_last() -> None:
    """What a resume granted counts, not what the plan said; a task's own limits are no limits of the run."""
    state = fold(wide.recorded())
    state.options["limits"] = ["cost=25", "cost=40.5", "port-ledger.steps=3"]
    assert "of $40.50" in shown(status_view(state))
    assert status_json(state)["limits"]["cost"] == 40.5
    assert "port-ledger.steps" not in status_json(state)["limits"]
