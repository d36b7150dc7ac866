"""What `--json` prints: every key is on the page about it and none is missing, on runs of any shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from agents import events as e
from agents.fork_events import ForkedFrom
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import fold
from orchestrator.journal.state import RunState
from orchestrator.rewind.checkpoints import checkpoints_of
from orchestrator.rewind.replaying import Replayed
from orchestrator.rewind.restoring import Restored
from orchestrator.tightening.backtest import backtest
from orchestrator.tightening.coverage import coverage
from orchestrator.tightening.suggest import suggestion
from orchestrator.views.attack import attack_json
from orchestrator.views.backtest import backtest_json
from orchestrator.views.check import check_json
from orchestrator.views.checkpoints import checkpoints_json, restored_json
from orchestrator.views.context import context_json
from orchestrator.views.coverage import coverage_json
from orchestrator.views.events import event_json
from orchestrator.views.memory import found_json, memory_json
from orchestrator.views.replay import replay_json
from orchestrator.views.review import review_json
from orchestrator.views.runs import runs_json
from orchestrator.views.status import status_json
from orchestrator.views.suggestion import suggestion_json
from policies.cases import Case, run_cases
from policies.explain import decision_json, policy_json
from policies.loader import load_policy
from policies.remarks import remarks
from tests.rewind.told import DIFFERENT
from tests.tightening import retold
from tests.tightening.doing import ran
from tests.views import attacked, noted, patches, rebuilt, story, telling, wide
from tests.views.shapes import documented, shape
from tests.views.test_check_view import CAST, survey
from tests.views.test_policy_view import own_policy

LAID_OUT = Restored(tree=wide.BASE, files=1, links=0, submodules=0)

FREE = frozenset(
    {
        "difference.expected",
        "difference.got",
        "[].tasks",
        "doing",
        "limits",
        "models",
        "policy.layers[].rules",
        "layers[].changes[].max",
        "rules[].patterns[].tasks",
        "questions[].bound",
    }
)
OPAQUE = frozenset({"[].payload", "plan", "tasks[].results[].result", "tasks[].gates[].evidence"})


FORK = ForkedFrom(run=wide.RUN, task="port-webhooks", checkpoint=1, commit="a" * 40, head="b" * 64)


@cache
def rows() -> list[Recorded]:
    """The run of forty tasks, a fork, with a question that was answered, one about a script, and a lost command."""
    yes = e.QuestionAnswered(id=f"port-webhooks.editor.1.6.1.{telling.oid('install')[:20]}", allowed=True, by="ada")
    script = e.QuestionAsked(id="q", about="command", subject="python a.py", bound={"/workspace/a.py": "0" * 64})
    gone = e.CommandInterrupted(id="c", agent="editor.1", step=6, command="make", why="the program was stopped")
    (_, started), *rest = wide.story()
    told = [
        (None, started.model_copy(update={"forked_from": FORK})),
        *rest,
        ("port-webhooks", yes),
        ("port-webhooks", script),
        ("port-webhooks", gone),
    ]
    return telling.timed(told, run=wide.RUN, start=wide.START)


def forked() -> RunState:
    """The run as if it were a fork of another."""
    origin = e.ForkedFrom(run=story.RUN, task="port", checkpoint=3, commit=wide.BASE, head="0" * 64)
    state = fold(rows())
    state.forked_from = origin.model_dump()
    return state


def reviews() -> dict[str, Any]:
    """What `review --json` prints."""
    state = fold(rows())
    pages = [review_json(state, reviewed) for reviewed in patches.reviews(state, rows())]
    return {"run": state.run, "status": state.status, "tasks": pages}


def cases() -> dict[str, Any]:
    """What `policy test --json` prints of a case that fails."""
    policy = own_policy()
    outcome = run_cases(policy, [Case(id="a", command="ls", expect="deny")], role="editor")
    return {**outcome, "warnings": [remark.as_json() for remark in remarks(policy)]}


def suggested() -> dict[str, Any]:
    """What `policy suggest --json` prints of a run in which a human let something run that no rule can hold."""
    standard = load_policy("standard")
    return suggestion_json(suggestion(standard, [ran(standard, {"a": ["git log", "make", "python -c 'print(1)'"]})]))


PRINTED: dict[str, Callable[[], Any]] = {
    "runs": lambda: runs_json([fold(rows())]),
    "status": lambda: status_json(forked()),
    "log": lambda: [event_json(row) for row in rows()],
    "log --checkpoints": lambda: checkpoints_json(wide.RUN, checkpoints_of(rows())),
    "log --context": lambda: context_json(wide.RUN, "port", rebuilt.seen()),
    "restore": lambda: restored_json(wide.RUN, checkpoints_of(rows())[-1], LAID_OUT, Path("/a")),
    "replay": lambda: replay_json(wide.RUN, "docker", Replayed(steps=3, commands=5, difference=DIFFERENT)),
    "review": reviews,
    "check": lambda: check_json(replace(survey(), forecast=CAST, unpriced=("x/b",))),
    "policy check": lambda: decision_json(load_policy("standard").judge_command("git push", role="editor")),
    "policy test": cases,
    "policy show": lambda: policy_json(own_policy()),
    "policy backtest": lambda: backtest_json(retold.TIGHT, backtest(retold.TIGHT, retold.runs())),
    "policy coverage": lambda: coverage_json(retold.TIGHT, coverage(retold.TIGHT, retold.runs())),
    "policy suggest": suggested,
    "memory show": lambda: memory_json(noted.PROJECT, noted.COMMIT, noted.KEPT, noted.PROPOSED),
    "memory search": lambda: found_json([*noted.KEPT, *noted.PROPOSED], noted.HITS),
    "doctor --attack": lambda: attack_json(attacked.assaults()),
}


def printed_shape(command: str) -> dict[str, str]:
    """The keys of what a command prints, with the kinds of their values."""
    return shape(json.loads(json.dumps(PRINTED[command]())), free=FREE, opaque=OPAQUE)


@pytest.mark.parametrize("command", PRINTED)
def test_the_page_on_json_names_every_key(command: str) -> None:
    """A script's author finds each key that is printed, and each that is on the page is printed."""
    assert set(printed_shape(command)) == documented(command)


@pytest.mark.parametrize("name", ["small", "empty"])
def test_small_runs_have_the_same_keys(name: str) -> None:
    """What is not there yet is null or empty and no key is left out: a run that just began has those of any other."""
    told = story.whole_story() if name == "small" else story.started()
    state = fold(telling.timed(told, run=story.RUN, start=0.0))
    whole, part = status_json(fold(rows())), status_json(state)
    assert set(part) == set(whole)
    assert {key for task in part["tasks"] for key in task} == set(whole["tasks"][0])
    assert set(runs_json([state])[0]) == set(runs_json([fold(rows())])[0])


def test_the_shape_is_what_it_was(snapshot: SnapshotAssertion) -> None:
    """The keys of every document, with the kinds of their values: scripts rely on them."""
    assert {command: printed_shape(command) for command in PRINTED} == snapshot
