"""Journals of older programs are read: `golden` holds one of each shape so far, written by the programs themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from agents.events import Event, PlanMade, QuestionAsked
from agents.upgrading import TODAY, MadeByNewer, upgraded
from orchestrator.journal.chain import Recorded, verify_chain
from orchestrator.journal.fold import event_of, fold

GOLDEN = Path(__file__).parent / "golden"
TODAYS = "today"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))


def rows(name: str) -> list[Recorded]:
    """The events of a journal that was kept."""
    return [Recorded(**json.loads(line)) for line in (GOLDEN / f"{name}.jsonl").read_text().splitlines()]


def holds(now: Any, then: Any) -> bool:
    """Whether all that an event said is in what is read of it, whatever is new there."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and holds(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(holds, now, then))
    return bool(now == then)


@pytest.mark.parametrize("name", NAMES)
def test_an_older_journal_is_read_whole(name: str) -> None:
    """Its chain holds, each of its events has a meaning today, and nothing that it says is lost."""
    assert verify_chain(rows(name)).broken_at is None
    for row in rows(name):
        said = json.loads(row.payload)
        read = event_of(row).model_dump(mode="json")
        assert read.pop("v") == TODAY[row.kind]
        assert holds(read, {key: value for key, value in said.items() if key != "v"}), row


@pytest.mark.parametrize("name", NAMES)
def test_an_older_journal_folds_to_a_state(name: str) -> None:
    """The same run stands in each: a change that landed, and one that waits for a human, gone on with."""
    state = fold(rows(name))
    assert {"survey", "port", "docs"} <= state.tasks.keys()
    assert state.tasks["port"].landed is not None
    assert (state.status, state.events) == ("running", len(rows(name)))


def test_every_kind_of_today_is_kept() -> None:
    """A kind without a journal of today would have none tomorrow; `python -m tests.journal.keep` writes them."""
    kinds = {kind.model_fields["kind"].default for kind in get_args(get_args(Event)[0])}
    assert {row.kind for row in rows(TODAYS)} == kinds


def test_what_is_new_means_as_it_was() -> None:
    """The first version of a plan came from a file, and that of a question was bound to nothing but its text."""
    plan = next(event for row in rows("plan-made-1") if isinstance(event := event_of(row), PlanMade))
    asked = next(event for row in rows("plan-made-1") if isinstance(event := event_of(row), QuestionAsked))
    assert plan.source == "file"
    assert asked.binding == asked.subject


@pytest.mark.parametrize(("kind", "version"), [("plan made", 99), ("thought of tea", 1)])
def test_what_a_newer_program_wrote_is_refused(kind: str, version: int) -> None:
    """Nothing of it is guessed."""
    with pytest.raises(MadeByNewer):
        upgraded(kind, {"v": version})
    row = replace(rows(TODAYS)[-1], kind=kind, payload=json.dumps({"v": version}))
    with pytest.raises(MadeByNewer):
        fold([*rows(TODAYS), row])
