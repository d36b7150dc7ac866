"""The long task: 260 steps and 73,000 tokens in a context of 46,000, over a real journal and real checkpoints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agents.context_seen import context_seen
from agents.events import ContextRebuilt, ModelAnswered
from orchestrator.journal.fold import event_of
from tests.fakes.long_work import Worker, World, calls_are_paired, good
from tests.run.whole_run import WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_sandboxes"), pytest.mark.timeout(600)]

PIECES, TOKENS, LIMIT = 260, 280, 46_000


class Starting(World):
    """A sandbox that is ready at once."""

    def __init__(self) -> None:
        super().__init__(tokens=TOKENS)

    async def ready(self) -> Starting:
        """It is."""
        return self


def landed(place: Path) -> str:
    """What `done.txt` says on main."""
    show = ["git", "-C", str(place / "repository"), "show", "main:done.txt"]
    return subprocess.run(show, capture_output=True, text=True, check=True).stdout


async def test_a_task_of_260_steps_finishes_in_46_000_tokens(tmp_path: Path) -> None:
    """No request is above the limit as the provider counts, and each piece of work landed once, in its order."""
    worker = Worker(PIECES, writes=good)
    whole = WholeRun(place=tmp_path, answer=lambda _: pytest.fail("asked"), sandbox=Starting, model=worker)
    task = {"id": "long", "role": "editor", "goal": "Do all the work.", "gates": []}
    state = await whole.run(task, limits={"context": LIMIT, "steps": 1000, "tokens": 100_000_000})
    assert state.status == "done"
    assert state.tasks["long"].used.steps == PIECES + 1

    assert landed(tmp_path).split() == [str(piece) for piece in range(1, PIECES + 1)]
    assert max(worker.prompts) <= LIMIT
    assert all(calls_are_paired(request.messages) for request in worker.requests)

    events = [event_of(row) for row in whole.rows if row.task == "long"]
    rebuilds = [event for event in events if isinstance(event, ContextRebuilt)]
    assert len(rebuilds) >= 2
    assert {event.handover for event in rebuilds} == {"model"}
    answers = [event for event in events if isinstance(event, ModelAnswered) and event.agent == "editor.1"]
    assert [event.step for event in answers] == list(range(1, PIECES + 2))

    # The journal alone tells what the model saw, at every step, exactly.
    sent = [request for request in worker.requests if request.aside is None]
    for step in (1, 2, rebuilds[0].step, rebuilds[0].step + 1, rebuilds[-1].step + 1, PIECES + 1):
        seen = context_seen(events, agent="editor.1", step=step)
        assert seen is not None
        assert seen.messages == sent[step - 1].messages
        told = sum(section.tokens for section in seen.all_sections())
        assert abs(told - seen.asked.prompt_estimate) <= seen.asked.prompt_estimate * 0.3
