"""What was judged in a run is read back from its journal as it was."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from orchestrator.journal.store import JournalStore
from orchestrator.tightening.judged import JudgedRun, judged_run
from policies.verdict import Verdict
from tests.tightening.past import began, did, past, started
from tests.views.story import RUN, recorded, whole_story


def _run(tmp_path: Path) -> JudgedRun:
    with JournalStore(tmp_path / "journal.db") as store:
        return judged_run(RUN, recorded(store, whole_story()))


def test_each_judged_command_is_there_once_with_what_came_of_it(tmp_path: Path) -> None:
    """Commands of agents come in their order, with role, step, verdict and outcome; what nobody judged is left out."""
    acts = [(act.role, act.step, act.subject, act.verdict, act.ran_well) for act in _run(tmp_path).acts]
    assert acts == [
        ("editor", 1, "git status", Verdict.ALLOW, True),
        ("editor", 2, "curl https://example.com", Verdict.DENY, None),
        ("editor", 3, "python -m pytest -q", Verdict.ALLOW, False),
    ]


def test_a_task_has_landed_or_not(tmp_path: Path) -> None:
    """What is held against a policy is what landed tasks needed; planning belongs to no task."""
    run = _run(tmp_path)
    assert run.landed("survey")
    assert not run.landed("docs")
    assert not run.landed(None)
    assert dict(run.policy) == {"standard": "text"}


def test_an_act_has_its_time_and_whether_it_was_kept() -> None:
    """A fresh start discards what the attempt before did, of this task and of no other."""
    first = [*started("a", "b", ask="wait"), *began("a"), *did("a", "ls"), *did("b", "ls")]
    again = [*began("a", 2), *did("a", "ls", agent="editor.2")]
    run = past(first, again)
    assert [(act.task, act.agent, act.discarded) for act in run.acts] == [
        ("a", "editor.1", True),
        ("b", "editor.1", False),
        ("a", "editor.2", False),
    ]
    assert {act.ask for act in run.acts} == {"wait"}
    assert all(before.at <= after.at for before, after in pairwise(run.acts))


def test_an_id_that_comes_again_is_another_act() -> None:
    """The gates of a resumed run count their agents anew; what they did before is not lost."""
    tester = did("a", "ls", agent="tester.1")
    run = past(started("a"), began("a"), tester, began("a", 2), tester)
    assert [(act.discarded, act.ran_well) for act in run.acts] == [(True, True), (False, True)]
