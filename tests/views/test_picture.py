"""The picture of a run: the live view of a moment, in a file that stands for itself."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from agents import events as e
from orchestrator.journal.store import JournalStore
from scripts.picture import most_telling, picture
from tests.views import story

LARGEST_BYTES = 40_000


def begun() -> story.Story:
    """The story's beginning, with a plan that can be read back."""
    (_, started), *rest = story.started()
    assert isinstance(started, e.RunStarted)
    return [(None, started.model_copy(update={"plan": {"version": 1, **started.plan}})), *rest]


def texts(svg: str) -> str:
    """The words of a picture, a line for each line of the terminal."""
    lines: dict[str, str] = {}
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        lines[text.get("y", "")] = f"{lines.get(text.get('y', ''), '')} {text.text}"
    return "\n".join(" ".join(line.split()) for line in lines.values())


def test_a_picture_shows_the_run_at_a_moment(store: JournalStore) -> None:
    """What was typed, what was kept above, and the tree, as they stood then and not later."""
    events = story.recorded(store, [*begun(), *story.surveyed(), *story.ported(), *story.asked()])
    refused = next(event.seq for event in events if event.kind == "gate failed")
    shown = texts(picture(events, typed="mimo-orchestrate plan.yaml", columns=100, at=refused))
    assert shown.startswith("$ mimo-orchestrate plan.yaml\n")
    assert "port gate reviewer failed: say why" in shown
    assert "port gate reviewer" in shown
    assert "landed on the run's main branch" not in shown


def test_a_picture_needs_nothing_from_anywhere(store: JournalStore) -> None:
    """No font, no host and no hostile text in it; it is small, and the same run always gives the same one."""
    events = story.recorded(store, [*begun(), *story.surveyed(), *story.ported(), *story.asked()])
    svg = picture(events, typed="x", columns=100)
    assert set(re.findall(r"https?://[^\"]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "\x1b" not in svg
    assert len(svg.encode()) < LARGEST_BYTES
    assert svg == picture(events, typed="x", columns=100)


def test_the_moment_with_most_to_see_is_taken(store: JournalStore) -> None:
    """The last at which most commands are under way, after a gate refused."""
    proposed = e.CommandProposed(id="c", agent="editor.1", step=1, tool="shell", arguments='{"command": "ls"}')
    both: story.Story = [("port", proposed), ("docs", proposed)]
    gate: story.Story = [
        ("port", e.GateStarted(gate="tester", commit="c")),
        ("port", e.GateFailed(gate="tester", commit="c", why="no")),
    ]
    ended: story.Story = [("port", e.TaskEnded(state="failed")), ("docs", e.TaskEnded(state="failed"))]
    events = story.recorded(store, [*begun(), *both, *gate, *both, *ended])
    assert most_telling(events) == len(events) - len(ended)
