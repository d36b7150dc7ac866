"""A kept state is what the events say, or it is not looked at."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import events as e
from orchestrator.journal import snapshots
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import apply, fold
from orchestrator.journal.plain import NotThatShape, of_plain, to_plain
from orchestrator.journal.snapshots import keeping, read_snapshot, snapshot_differs, snapshot_path, state_now
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from tests.views import story

RUN = story.RUN
LATER: story.Story = [*story.whole_story()[1:], (None, e.RunResumed(program="2"))]
"""What can follow the start of a run, in any order: a state has to bear it."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    """A journal with a whole run in it."""
    with JournalStore(tmp_path / "journal.db") as made:
        made.append(RUN, story.whole_story())
        yield made


def kept(store: JournalStore) -> RunState:
    """Keep a snapshot of the run as it is now."""
    state = fold(store.events(RUN))
    snapshots.write_snapshot(store, state)
    return state


def written(events: story.Story) -> list[Recorded]:
    """Events as a journal would give them, without one."""
    return [
        Recorded(
            run=RUN,
            seq=seq,
            task=task,
            time=float(seq),
            kind=event.kind,
            payload=event.model_dump_json(exclude={"kind"}),
            hash=f"{seq:064x}",
        )
        for seq, (task, event) in enumerate(events, start=1)
    ]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(later=st.lists(st.sampled_from(LATER), max_size=40))
def test_a_state_comes_back_from_plain_json_at_every_event(later: story.Story) -> None:
    """After any events, a state is the same when it was kept and read, and goes on the same way."""
    rows = written([story.whole_story()[0], *later])
    going_on = RunState(run=RUN, started_at=rows[0].time)
    for number, row in enumerate(rows, start=1):
        apply(going_on, row)
        going_on = of_plain(RunState, json.loads(json.dumps(to_plain(going_on))))
        assert going_on == fold(rows[:number])


def test_a_state_is_read_from_its_snapshot(store: JournalStore) -> None:
    """Whatever the events were, nobody reads them again: a snapshot that says otherwise is believed."""
    state = kept(store)
    state.goal = "kept"
    snapshots.write_snapshot(store, state)
    assert state_now(store, RUN) == state


def test_events_after_a_snapshot_are_added_to_it(store: JournalStore) -> None:
    """What came since is folded on top, and the journal alone says the same."""
    kept(store)
    store.append(RUN, [("docs", e.TaskEnded(state="failed", why="no more")), (None, e.RunResumed(program="3"))])
    state = state_now(store, RUN)
    assert state.tasks["docs"].why == "no more"
    assert state == fold(store.events(RUN))


def test_a_driver_keeps_one_now_and_then_and_at_the_end(store: JournalStore) -> None:
    """A run that goes on for long leaves snapshots on its way; one that has ended leaves the last."""
    state = fold(store.events(RUN))
    keep = keeping(store, state)

    def go_on(*events: e.Event) -> None:
        for row in store.append(RUN, [(None, event) for event in events]):
            apply(state, row)
            keep(row)

    go_on(e.FaultRetried(where="engine", attempt=1))
    assert read_snapshot(store, RUN) is None
    go_on(*[e.FaultRetried(where="engine", attempt=number) for number in range(snapshots.EVERY)])
    on_the_way = read_snapshot(store, RUN)
    assert on_the_way is not None
    assert on_the_way.events == snapshots.EVERY
    go_on(e.RunEnded(status="done", base_after="c" * 40, moved=True))
    assert read_snapshot(store, RUN) == state == fold(store.events(RUN))


def test_what_another_process_wrote_is_in_what_is_kept(store: JournalStore) -> None:
    """An answer that comes while a run is being stopped reaches nobody there, and is not forgotten all the same."""
    asked = e.QuestionAsked(id="q", about="command", subject="make", parts=[])
    store.append(RUN, [("port", asked)])
    state = fold(store.events(RUN))
    keep = keeping(store, state)
    store.append(RUN, [("port", e.QuestionAnswered(id="q", allowed=True, by="human"))])
    for row in store.append(RUN, [(None, e.RunEnded(status="interrupted", base_after="c" * 40, moved=False))]):
        apply(state, row)
        keep(row)
    kept = read_snapshot(store, RUN)
    assert kept == fold(store.events(RUN))
    assert kept is not None
    assert not any(question.id == "q" for question in kept.waiting)


def test_a_snapshot_depends_on_all_that_gives_events_a_meaning() -> None:
    """No file that the fold stands on can change while an older state goes on being believed."""
    here = Path(snapshots.__file__).parent
    known = {(here / name).resolve() for name in snapshots._FOLDING}
    only_shown = {"agents/binding.py", "agents/fence.py"}
    top = here.parent.parent
    missing = {str(path.relative_to(top)) for path in known for path in imported(path, top)} - only_shown
    assert missing <= {str(path.relative_to(top)) for path in known}
    assert here / "fold.py" in known


def imported(path: Path, top: Path) -> Iterator[Path]:
    """The files of the journal and of the agents that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            places = [top / f"{name.replace('.', '/')}.py" for name in names]
            yield from (place for place in places if place.exists() and place.parent.name in {"agents", "journal"})


def test_whoever_had_to_fold_for_long_keeps_the_result(store: JournalStore) -> None:
    """A journal of an older program is folded once, not each time it is looked at."""
    short = state_now(store, RUN)
    assert short == fold(store.events(RUN))
    assert not snapshot_path(store, RUN).exists()
    store.append(RUN, [(None, e.FaultRetried(where="engine", attempt=number)) for number in range(snapshots.EVERY)])
    state = state_now(store, RUN)
    assert read_snapshot(store, RUN) == state
    assert snapshot_path(store, RUN).stat().st_mode & 0o777 == 0o600


def _no_json(path: Path) -> None:
    path.write_text("\x00")


def _a_bit_turned(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _deep(path: Path) -> None:
    _signed(path, b"[" * 200_000)


def _other_shape(path: Path) -> None:
    state = json.loads(path.read_bytes().partition(b"\n")[2])
    state["tasks"] = [["port", {"id": 3}]]
    _signed(path, json.dumps(state).encode())


def _field_more(path: Path) -> None:
    state = json.loads(path.read_bytes().partition(b"\n")[2])
    _signed(path, json.dumps({**state, "of tomorrow": 1}).encode())


def _of_another_program(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"made by": "', b'"made by": "0', 1))


def _of_another_run(path: Path) -> None:
    state = json.loads(path.read_bytes().partition(b"\n")[2])
    _signed(path, json.dumps({**state, "run": "other"}).encode())


def _newer_than_the_journal(path: Path) -> None:
    state = json.loads(path.read_bytes().partition(b"\n")[2])
    _signed(path, json.dumps({**state, "events": state["events"] + 1, "head": "f" * 64}).encode())


def _of_other_events(path: Path) -> None:
    state = json.loads(path.read_bytes().partition(b"\n")[2])
    _signed(path, json.dumps({**state, "head": "f" * 64}).encode())


def _a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _signed(path: Path, body: bytes) -> None:
    """Put a body into a snapshot whose head fits it."""
    path.write_bytes(snapshots._head(body).encode() + b"\n" + body)


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        _no_json,
        _a_bit_turned,
        _cut_short,
        _deep,
        _other_shape,
        _field_more,
        _of_another_program,
        _of_another_run,
        _newer_than_the_journal,
        _of_other_events,
        _a_directory,
    ],
)
def test_a_snapshot_that_does_not_fit_is_not_there(store: JournalStore, spoil: Callable[[Path], None]) -> None:
    """Deleted, damaged, hostile, of another program, run or time: the events are folded, and nothing fails."""
    kept(store)
    spoil(snapshot_path(store, RUN))
    assert read_snapshot(store, RUN) is None
    assert not snapshot_differs(store, RUN, store.events(RUN))
    assert state_now(store, RUN) == fold(store.events(RUN))


def test_where_none_can_be_kept_the_state_is_there_all_the_same(store: JournalStore) -> None:
    """A directory that can't be made costs time, and nothing else."""
    snapshot_path(store, RUN).parent.write_text("in the way")
    assert kept(store) == state_now(store, RUN)


def test_a_snapshot_that_lies_is_found(store: JournalStore) -> None:
    """Held against the events that it says it is of, whether or not others followed."""
    state = kept(store)
    store.append(RUN, [(None, e.FaultRetried(where="engine", attempt=2))])
    assert not snapshot_differs(store, RUN, store.events(RUN))
    state.total.cost += 1
    snapshots.write_snapshot(store, state)
    assert snapshot_differs(store, RUN, store.events(RUN))


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"run": 1}])
def test_what_is_no_state_is_refused(value: object) -> None:
    """Plain JSON of any other shape is no state."""
    with pytest.raises(NotThatShape):
        of_plain(RunState, value)
