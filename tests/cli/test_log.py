"""`log` narrowed to what a reader wants, and followed while it grows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents import events as e
from orchestrator.cli.log import followed
from orchestrator.cli.state import JOURNAL
from orchestrator.journal.store import JournalStore
from orchestrator.run.lease import lease
from tests.cli.conftest import Type
from tests.views import story, telling

STEPS = "steps-20260103-120000-ef56"


@pytest.fixture
def long_run(state: Path) -> Path:
    """A run whose two tasks have three steps each."""
    flood = "".join(f"line {number}\n" for number in range(50))
    told = [
        *story.started(),
        *(
            event
            for task in ("port", "docs")
            for number in (1, 2, 3)
            for event in telling.step(task, "editor.1", number, "", telling.ran(f"make {task}", flood, exit_code=2))
        ),
        (None, e.RunEnded(status="failed", base_after=story.BASE, moved=False)),
    ]
    with JournalStore(state / JOURNAL) as store:
        store.append(STEPS, told)
    return state


def test_the_last_few_are_shown(long_run: Path, type_in: Type) -> None:
    """`-n` keeps the end, after whatever else narrows; more than there are is all of them, none is none."""
    lines = type_in("log", STEPS, "port", "-n", "2", "--oneline").out.splitlines()
    assert [line.split()[3:5] for line in lines[1:]] == [["step", "2:"], ["step", "3:"]]
    assert len(type_in("log", STEPS, "--only", "steps", "-n", "99", "--oneline").out.splitlines()) == 7
    assert type_in("log", STEPS, "-n", "0").out == ""
    assert type_in("log", STEPS, "-n", "-1").code == 2


def test_a_step_is_shown_whole(long_run: Path, type_in: Type) -> None:
    """What the log cuts it says how to see, and that shows it: one step of a task, or several."""
    cut = type_in("log", STEPS, "docs").out
    assert "whole with --step 2" in cut
    assert "line 3\n" not in cut
    whole = type_in("log", STEPS, "docs", "--step", "2").out
    assert "line 3\n" in whole
    assert "editor.1 step 2" in whole
    assert "editor.1 step 1" not in whole
    assert "docs editor.1 step 3" in type_in("log", STEPS, "docs", "--step", "2-3").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["port", "--step", "9"], "there is none of that number"),
        (["port", "--step", "9"], "the last is 3"),
        (["--step", "1"], "name the task: log RUN TASK --step N"),
        (["port", "--step", "two"], "write a step's number, as in 12"),
        (["port", "--only", "failures"], "'failures' is not one of"),
    ],
)
def test_what_is_not_there_is_a_mistake_of_usage(long_run: Path, type_in: Type, words: list[str], said: str) -> None:
    """Nothing to show is not shown as nothing, where a step was named."""
    typed = type_in("log", STEPS, *words)
    assert (typed.code, typed.out) == (2, "")
    assert said in typed.err


def test_kinds_add_up(long_run: Path, type_in: Type) -> None:
    """`--only` may be repeated; an entry of any of the kinds is shown, once."""
    both = type_in("log", STEPS, "port", "--only", "failed", "--only", "steps", "--oneline").out.splitlines()
    assert len(both) == 4
    assert type_in("log", STEPS, "port", "--only", "gates").out == ""


def test_json_is_narrowed_as_well(long_run: Path, type_in: Type) -> None:
    """Programs get the events of what people would see."""
    events = json.loads(type_in("log", STEPS, "port", "--step", "2", "--json").out)
    assert [event["kind"] for event in events] == [
        "model asked",
        "model answered",
        "command proposed",
        "command judged",
        "command run",
    ]
    assert json.loads(type_in("log", STEPS, "--only", "gates", "--json").out) == []


def test_a_pipe_names_the_task_though_it_was_typed(long_run: Path, type_in: Type) -> None:
    """Lines that leave the terminal stand for themselves."""
    lines = type_in("log", STEPS, "port", "--oneline").out.splitlines()
    assert all(line.split()[1] == "port" for line in lines[1:])


def test_a_followed_log_shows_what_is_there_and_then_what_comes(long_run: Path, type_in: Type) -> None:
    """An ended run is shown to its end, the last few of it where only they are wanted, and nothing is waited for."""
    shown = type_in("log", STEPS, "--follow", "-n", "2", "--oneline").out.splitlines()
    assert [line.split()[1] for line in shown[1:]] == ["docs", "run"]
    lines = type_in("log", STEPS, "-f", "--json", "--only", "milestones").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines][-1] == "run ended"


def test_following_ends_where_nobody_works_any_more(state: Path, type_in: Type) -> None:
    """A run that crashed has no end to wait for: what there is is shown, and what to type."""
    with JournalStore(state / JOURNAL) as store:
        store.append(STEPS, [*story.started(), *telling.step("port", "editor.1", 1, "I look.")[:1]])
    typed = type_in("log", STEPS, "--follow")
    assert "port editor.1 step 1: asks openai/gpt-5.2: no answer" in typed.out
    assert f"nobody works on {STEPS} any more; `mimo-orchestrate resume {STEPS}` goes on" in typed.err


def test_the_last_events_before_a_death_are_not_missed(state: Path) -> None:
    """Between the last look and the death of its process a run may have written more."""
    with JournalStore(state / JOURNAL) as store:
        store.append(STEPS, story.started())

        def dies() -> bool:
            store.append(STEPS, [(None, e.FaultMet(where="host", why="it dies"))])
            return False

        kinds = [row.kind for row in followed(store, STEPS, wait=lambda: None, alive=dies)]
    assert kinds[-1] == "fault met"


def test_a_run_at_work_is_followed_on(state: Path) -> None:
    """While somebody holds the run, following waits."""
    later: list[story.Story] = [
        telling.step("port", "editor.1", 1, ""),
        [(None, e.RunEnded(status="done", base_after=story.BASE, moved=False))],
    ]
    with JournalStore(state / JOURNAL) as store, lease(state / "locks" / STEPS):
        store.append(STEPS, story.started())
        start = len(list(store.events(STEPS)))

        def wait() -> None:
            store.append(STEPS, later.pop(0))

        rows = followed(store, STEPS, after=start, wait=wait)
        assert [row.kind for row in rows] == ["model asked", "model answered", "run ended"]


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        (["--checkpoints", "--only", "told"], "--checkpoints shows a page of its own: leave out --only"),
        (
            ["port", "--context", "1", "--step", "1", "-n", "0"],
            "--context shows a page of its own: leave out -n, --step",
        ),
        (["port", "--checkpoints", "--context", "1"], "leave out --context"),
        (["--checkpoints", "--follow", "--oneline"], "leave out --follow, --oneline"),
    ],
)
def test_a_page_of_its_own_is_not_narrowed(long_run: Path, type_in: Type, words: list[str], left_out: str) -> None:
    """What would have no effect is refused, not passed over."""
    typed = type_in("log", STEPS, *words)
    assert (typed.code, typed.out) == (2, "")
    assert left_out in typed.err
