"""What was judged in a run is read back from its journal as it was."""

from __future__ import annotations

from pathlib import Path

from orchestrator.journal.store import JournalStore
from orchestrator.tightening.judged import JudgedRun, judged_run
from policies.verdict import Verdict
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
