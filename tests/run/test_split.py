"""A task in parts: what it used is theirs as well, and what it handed over is what they did."""

from __future__ import annotations

from pathlib import Path

from agents import events as e
from orchestrator.journal.fold import fold
from orchestrator.journal.state import RunState, TaskState
from orchestrator.journal.store import JournalStore
from orchestrator.run.split import leaves
from orchestrator.run.usage import used_by_task
from tests.views import story


def split_run(tmp_path: Path) -> RunState:
    """The story, with a task split and a part split again."""

    def decided(task: str, *parts: str) -> tuple[str, e.Event]:
        documents = [{"id": part, "role": "editor", "goal": f"Do {part}."} for part in parts]
        return task, e.DecisionMade(agent="coordinator.1", attempt=1, choice="split", why="too much", parts=documents)

    told: story.Story = [
        *story.started(),
        *story.answered("docs", "editor.1", "editor", "I try."),
        decided("docs", "docs-a", "docs-b"),
        *story.answered("docs-a", "editor.1", "editor", "I try."),
        decided("docs-b", "docs-c"),
        *story.answered("docs-c", "editor.1", "editor", "I try.", cost=None),
    ]
    with JournalStore(tmp_path / "journal.db") as store:
        return fold(story.recorded(store, told))


def test_the_work_is_done_by_the_parts(tmp_path: Path) -> None:
    """However deep; a task that was not split did its own."""
    assert list(leaves(split_run(tmp_path), ["survey", "docs"])) == ["survey", "docs-a", "docs-c"]


def test_what_the_parts_used_counts(tmp_path: Path) -> None:
    """A task's limits hold for all that is done in its place, what has no price included."""
    used = used_by_task(split_run(tmp_path), "docs")
    assert (used.steps, used.prompt, used.completion, used.cached) == (3, 3000, 150, 2700)
    assert used.cost == 0.04
    assert used.unpriced_tokens == 1050


def test_parts_are_tasks_of_the_run(tmp_path: Path) -> None:
    """Each has a state of its own, knows what it is part of, and is kept as a plan file would have it."""
    state = split_run(tmp_path)
    assert state.tasks["docs"].parts == ["docs-a", "docs-b"]
    assert (state.tasks["docs-c"].part_of, state.tasks["docs-c"].state) == ("docs-b", TaskState.PENDING)
    assert state.made_tasks["docs-a"] == {"id": "docs-a", "role": "editor", "goal": "Do docs-a."}
    assert [(each.choice, each.why) for each in state.tasks["docs"].decisions] == [("split", "too much")]
