"""Looking back at earlier steps and at what others found."""

from __future__ import annotations

from agents.assignment import Note
from agents.conversation import Conversation, StepOutput
from agents.recall import recall

TALK = Conversation(
    agent="editor.1",
    outputs=[
        StepOutput(step=1, what="shell rg requests", text="a.py: import requests\nb.py: requests.get(url)"),
        StepOutput(step=2, what="shell cat b.py", text="\n".join(f"row {number}" for number in range(30))),
    ],
    findings=(Note(source="survey", text="requests is pinned\nin setup.cfg"),),
)


def test_every_word_has_to_be_there() -> None:
    """Lines that hold all words are found whatever their case, with their step."""
    assert recall(TALK, "REQUESTS get") == "step 1: b.py: requests.get(url)"


def test_findings_of_other_tasks_are_searched() -> None:
    """They come with the task that found them."""
    assert recall(TALK, "pinned") == "found by survey: requests is pinned"


def test_a_whole_step_can_be_read_again() -> None:
    """`step 1` is that step's output."""
    assert recall(TALK, "step 1").endswith("b.py: requests.get(url)")
    assert recall(TALK, "step 9") == "step 9 put out nothing"


def test_many_matches_are_cut_and_counted() -> None:
    """Twenty lines are shown, and how many more there are."""
    lines = recall(TALK, "row").splitlines()
    assert len(lines) == 21
    assert lines[-1] == "(10 more)"


def test_nothing_found_says_so() -> None:
    """The model is told to look for something else."""
    assert recall(TALK, "no such words").startswith("nothing found")
