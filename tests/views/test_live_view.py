"""The live view: what it shows in every state of a run, and that it never leaves the place it is given."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from orchestrator.journal.state import (
    Activity,
    GateResult,
    QuestionState,
    RunState,
    Tally,
    TaskProgress,
    TaskState,
)
from orchestrator.plan.models import Limits
from orchestrator.views.live import live_view
from tests.views.story import HOSTILE

RUN = "requests-to-httpx-20260101-120000-ab12"
NOW = 10_000.0
LIMITS = Limits()


def drawn(state: RunState, *, width: int = 80, height: int = 24, colour: bool = False, limits: Limits = LIMITS) -> str:
    """What a terminal gets."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(live_view(state, limits, now=NOW, width=width, height=height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def running(*tasks: TaskProgress, **more: object) -> RunState:
    """A run of these tasks that began two minutes ago."""
    state = RunState(run=RUN, planned="file", base_green=True, session_started_at=NOW - 123.0)
    state.tasks = {each.id: each for each in tasks}
    for name, value in more.items():
        setattr(state, name, value)
    return state


def task(id: str, state: TaskState = TaskState.PENDING, *needs: str, **more: object) -> TaskProgress:
    """A task; what has begun has used something."""
    begun = state not in {TaskState.PENDING, TaskState.SKIPPED}
    progress = TaskProgress(id=id, role="editor", goal="g", needs=list(needs), state=state, attempts=int(begun))
    if begun:
        progress.used = Tally(steps=7, prompt=12_000, completion=345, cost=0.0123)
        progress.seconds = 42.0
    for name, value in more.items():
        setattr(progress, name, value)
    return progress


def command(text: str, *, who: str = "editor.1", step: int | None = 7, tool: str | None = "shell") -> Activity:
    """A command that has been running for five seconds."""
    return Activity(who=who, step=step, tool=tool, text=text, since=NOW - 5.0)


def shell(script: str, *, who: str = "editor.1", step: int | None = 7) -> Activity:
    """A shell command, as a model's call has it."""
    return command(f'{{"command": "{script}"}}', who=who, step=step)


def every_state() -> RunState:
    """A run with a task in each state that there is, one that was split, and one that asks."""
    work, gate = TaskState.WORKING, [GateResult(gate="reviewer", commit="c")]
    tasks = (
        task("survey", TaskState.LANDED),
        task("port-client", work, "survey", rounds=2, activity=shell("python -m pytest -q tests/client")),
        task(
            "port-server", TaskState.GATED, "survey", gates=gate, activity=command("m/x", who="reviewer.1", tool=None)
        ),
        task("port-tools", TaskState.QUEUED, "survey", activity=shell("make test", who="verify", step=None)),
        task("config", TaskState.MERGED),
        task("docs", work, "port-client", "port-server", activity=shell("make docs")),
        task("typing", work, "survey", parts=["typing-1", "typing-2"]),
        task("lint", TaskState.FAILED, why="it finished without changing anything, twice"),
        task("vendored", TaskState.REFUSED, why="sent back 4 times, the last time because the tests are red"),
        task("release", TaskState.SKIPPED, "lint"),
        task("images", TaskState.WAITING, why="the provider is down"),
        task("held", TaskState.READY),
        task("changelog", TaskState.PENDING, "docs"),
        task("typing-1", TaskState.MERGED, part_of="typing"),
        task("typing-2", work, part_of="typing", activity=command('{"path": "/workspace/a.py"}', tool="edit")),
    )
    asked = QuestionState(id="docs.q", task="docs", about="command", subject="make docs")
    used = Tally(steps=170, prompt=1_200_000, completion=34_567, cost=10.5, unpriced_tokens=9)
    return running(*tasks, questions={"docs.q": asked}, total=used)


@pytest.mark.parametrize(("width", "height"), [(80, 40), (200, 40), (80, 24), (80, 12), (60, 8), (40, 10)])
def test_every_state_is_shown(width: int, height: int, snapshot: SnapshotAssertion) -> None:
    """The tree, what each task does, who asks, and what is used of the limits, in wide, small and tiny terminals."""
    assert drawn(every_state(), width=width, height=height) == snapshot


def test_states_have_the_colours_of_the_palette(snapshot: SnapshotAssertion) -> None:
    """The same word has the same colour here as in every other view; what is nearly used up stands out."""
    assert drawn(every_state(), height=40, colour=True) == snapshot


BARE = {
    "just begun": running(planned=None),
    "setting up": running(planned=None, activity=shell("pip install -r requirements.txt", who="setup", step=None)),
    "testing the base": running(
        task("survey"), base_green=None, activity=shell("python -m pytest -q", who="verify", step=None)
    ),
    "planning": running(planned=None, activity=shell("git log --oneline", who="coordinator.1", step=2)),
    "thinking of a plan": running(planned=None, activity=command("m/x", who="coordinator.1", step=3, tool=None)),
    "testing what lands": running(
        task("survey", TaskState.MERGED), activity=shell("make test", who="verify", step=None)
    ),
    "nothing to do": running(),
}


@pytest.mark.parametrize("name", BARE)
def test_a_run_says_what_it_is_at_before_and_between_its_tasks(name: str, snapshot: SnapshotAssertion) -> None:
    """No tasks yet, setup, the tests of the base, the coordinator at work, and the tests of what lands."""
    assert drawn(BARE[name]) == snapshot


def many() -> RunState:
    """Forty tasks, of which one is refused, three are at work and nine wait for their turn."""
    states = [TaskState.MERGED] * 27 + [TaskState.REFUSED] + [TaskState.WORKING] * 3 + [TaskState.PENDING] * 9
    return running(
        *(
            task(
                f"module-{number:02d}",
                state,
                why="the reviewer wants more" if state is TaskState.REFUSED else None,
                activity=shell(f"make test-{number}") if state is TaskState.WORKING else None,
            )
            for number, state in enumerate(states)
        )
    )


def test_forty_tasks_fit_a_small_terminal(snapshot: SnapshotAssertion) -> None:
    """What is at work, waits or failed is shown with what it does; the rest is counted."""
    text = drawn(many())
    assert text == snapshot
    assert "27 merged, 9 pending" in text
    assert all(f"make test-{number}" in text for number in (28, 29, 30))
    assert "the reviewer wants more" in text


def test_cpu_time_is_told_where_it_is_limited() -> None:
    """In as many words as there is room for."""
    state, limits = running(total=Tally(steps=3, cpu_seconds=61.0)), Limits.model_validate({"cpu": "1h"})
    assert "of 2h00m, 1m01s of 1h00m of CPU" in drawn(state, width=120, limits=limits)
    assert "2m03s/2h00m, 1m01s/1h00m of CPU" in drawn(state, width=76, limits=limits)
    assert "CPU" not in drawn(state)


def test_forty_tasks_are_all_shown_where_they_fit() -> None:
    """Nothing is left out without need."""
    text = drawn(many(), height=60)
    assert all(f"module-{number:02d}" in text for number in range(40))


@pytest.mark.parametrize("height", range(6, 60))
def test_every_task_is_shown_or_counted(height: int) -> None:
    """However small the terminal, no task is forgotten."""
    text = drawn(many(), width=120, height=height)
    shown = set(re.findall(r"module-\d\d", text))
    counted = re.search(r"^\d+ [a-z]+(, \d+ [a-z]+)*$", text, re.MULTILINE)
    assert len(shown) + sum(map(int, re.findall(r"\d+", counted[0] if counted else ""))) == 40


def test_a_chain_leaves_room_for_its_names(snapshot: SnapshotAssertion) -> None:
    """Each task stands under the one that it needs, but never so deep that nothing can be read."""
    chain = [
        task("first"),
        *(task(f"step-{n}", TaskState.PENDING, f"step-{n - 1}" if n else "first") for n in range(9)),
    ]
    assert drawn(running(*chain)) == snapshot


def test_a_long_name_keeps_its_state() -> None:
    """Names are cut before states are, and figures are left out before names."""
    text = drawn(running(task("n" * 40, TaskState.WORKING, activity=shell("x"))), width=40)
    assert "…  working" in text


def test_hostile_text_is_shown_and_never_obeyed() -> None:
    """What an agent runs or asks can't steer the terminal, nor begin a line of its own."""
    asked = QuestionState(id="q", task="b", about="command", subject=f"{HOSTILE}\nfake: line")
    state = running(
        task("a", TaskState.WORKING, activity=command(f'{{"command": "x{HOSTILE}\\ny"}}'.replace("\x1b", "\\u001b"))),
        task("b", TaskState.WORKING),
        task("c", TaskState.FAILED, why=HOSTILE),
        questions={"q": asked},
        activity=Activity(who=HOSTILE, step=1, tool=HOSTILE, text="{broken", since=0.0),
    )
    text = drawn(state, width=200)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"\x1b[2J[red]markup[/red]\u202eevil" in text
    assert not any(line.startswith("fake") for line in text.splitlines())


texts = st.text(max_size=60)
activities = st.none() | st.builds(
    Activity,
    who=st.sampled_from(["editor.12", "verify"]) | texts,
    step=st.none() | st.integers(1, 500),
    tool=st.sampled_from([None, "shell", "edit"]),
    text=texts | texts.map(lambda text: f'{{"command": "{text}"}}'),
    since=st.floats(0, 2e4),
)
progresses = st.builds(
    TaskProgress,
    id=st.just(""),
    role=st.just("editor"),
    goal=st.just("g"),
    state=st.sampled_from(TaskState),
    attempts=st.integers(0, 3),
    rounds=st.integers(0, 12),
    why=st.none() | texts,
    activity=activities,
    gates=st.lists(st.builds(GateResult, gate=texts, commit=st.just("c")), max_size=1),
    started_at=st.none() | st.floats(0, 2e4),
    used=st.builds(Tally, steps=st.integers(0, 10**6), prompt=st.integers(0, 10**12), cost=st.floats(0, 10**6)),
)


@st.composite
def runs(draw: st.DrawFn) -> RunState:
    """A run in any state, each task needing or being a part of some of those before it."""
    tasks: dict[str, TaskProgress] = {}
    for number, progress in enumerate(draw(st.lists(progresses, max_size=40))):
        progress.id = draw(st.sampled_from([f"t{number}", f"a-task-with-quite-a-long-name-{number:010d}"]))
        if tasks:
            progress.needs = draw(st.lists(st.sampled_from(sorted(tasks)), max_size=3))
            progress.part_of = draw(st.sampled_from([None, None, *tasks]))
        tasks[progress.id] = progress
    asking = draw(st.lists(st.sampled_from([*tasks, None]), max_size=3))
    questions = {
        str(n): QuestionState(id=str(n), task=id, about="command", subject=draw(texts)) for n, id in enumerate(asking)
    }
    return running(
        *tasks.values(), questions=questions, activity=draw(activities), planned=draw(st.none() | st.just("file"))
    )


@settings(deadline=None, max_examples=60)
@given(runs(), st.integers(10, 210), st.integers(1, 60))
def test_the_view_keeps_to_its_place(state: RunState, width: int, height: int) -> None:
    """Never a line more, nor a column wider, than it was given, whatever the run holds."""
    text = drawn(state, width=width, height=height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
