"""The log of a whole run: every line is about the task and the agent whose work it is, however many there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.model import Message
from orchestrator.telling.files import log_file
from sandbox.telling import Log
from tests.fakes.model import call, calling, finish, shell
from tests.run.whole_run import Asked, WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

LOG = Log("test")


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_eight_tasks_at_once_never_mix(tmp_path: Path) -> None:
    """What is said in the middle of a step has that task, agent and step; so has each git that a step started."""

    def answer(asked: Asked) -> Message:
        LOG.info("model.heard", whose=asked.task, who=asked.agent, at=asked.turn + 1)
        if asked.turn < 2:
            path = f"{asked.task}.txt"
            made = call("edit", {"path": path, "old": "", "new": f"{asked.turn}\n"}) if asked.turn == 0 else None
            return calling(made) if made is not None else shell("git status")
        return finish(summary="done")

    whole = WholeRun(place=tmp_path, answer=answer)
    tasks = [{"id": f"t{number}", "role": "editor", "goal": "Write it.", "gates": []} for number in range(8)]
    state = await whole.run(*tasks, limits={"parallel": 8})
    assert state.status == "done"
    rows = [json.loads(line) for line in log_file(tmp_path / "state", state.run).read_text().splitlines()]
    assert {row["run"] for row in rows} == {state.run}
    heard = [row for row in rows if row["event"] == "model.heard"]
    assert len(heard) == 8 * 3
    for row in heard:
        assert (row["task"], row["agent"], row["step"]) == (row["whose"], row["who"], row["at"])
    acted = [(row["task"], row["step"]) for row in rows if row["event"] == "step.acted"]
    assert sorted(acted) == [(f"t{number}", step) for number in range(8) for step in (1, 2, 3)]
    checkpoints = [row for row in rows if row["event"] == "git.ran" and any("refs/mimo/runs" in w for w in row["argv"])]
    assert all(f"/{row['task']}/" in " ".join(row["argv"]) for row in checkpoints)
    assert rows[-1]["event"] == "log.closed"
