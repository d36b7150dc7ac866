"""A question to a human shows exactly what is asked for, whole, and nothing in it can pass for a word of ours."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType
from syrupy.assertion import SnapshotAssertion

from agents.policy import Question
from orchestrator.views.question import choices_view, question_view
from policies.verdict import Decision, Part, Verdict
from tests.views.story import HOSTILE

ASKED = Part(
    text="make docs", verdict=Verdict.ASK, rule="ask: [make]", file=".mimo/policy.yaml", line=12, why="it builds"
)
ALLOWED = replace(ASKED, text="cat a.txt", verdict=Verdict.ALLOW, rule="readers", why="reading is fine")
ELSEWHERE = replace(ASKED, text="git tag v1", line=14, why="tags are ours", instead="git log")


def question(subject: str, *parts: Part, about: str = "command") -> Question:
    """A question of the editor of a task."""
    asked = Question(id="docs.q", task="docs", role="editor", subject=subject, decision=Decision(parts=parts))
    return replace(asked, about="change") if about == "change" else asked


def shown(parts: Iterable[RenderableType], *, width: int) -> str:
    """What a terminal of that width gets."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False, markup=False, highlight=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(question("make docs", ASKED), id="one command"),
        pytest.param(
            question("cat a.txt &&\n  make docs && git tag v1", ALLOWED, ASKED, ELSEWHERE), id="parts of a script"
        ),
        pytest.param(question("tree 0123: pyproject.toml", ASKED, about="change"), id="a change"),
    ],
)
def test_a_question_says_what_is_asked_and_why(asked: Question, width: int, snapshot: SnapshotAssertion) -> None:
    """The task, the exact text, each part that has to be asked with its rule and place, and what might do instead."""
    assert shown(question_view(asked, more=2, width=width), width=width) == snapshot


def test_what_a_yes_is_bound_to_is_shown() -> None:
    """Each script is named with the hash of what stands in it now; what can't be known is said to hold once."""
    bound = {
        "/workspace/tools/x.py": "ab12cd34ef56" + "0" * 52,
        "/workspace/tools/none.py": "absent",
        "/workspace/link": f"for docs.editor.1.3.1 alone: a symbolic link {HOSTILE}",
    }
    text = shown(question_view(replace(question("make", ASKED), bound=bound), more=0, width=200), width=200)
    assert "  with tools/x.py as it is now (sha256 ab12cd34ef56)\n" in text
    assert "  link: a yes is for docs.editor.1.3.1 alone: a symbolic link" in text
    assert "none.py" not in text
    assert "\x1b" not in text


def test_the_choices_are_explained(snapshot: SnapshotAssertion) -> None:
    """Whoever types something else learns what each key does."""
    assert shown(choices_view(question("make", ASKED)), width=80) == snapshot
    always = "    a       always: as run, and shows a rule to keep for the runs to come\n"
    assert always in shown(choices_view(question("make", ASKED), always=True), width=80)


def test_a_long_command_is_shown_to_its_last_letter() -> None:
    """Nothing is cut, and every line of the terminal that it fills is marked as a part of it."""
    command = f"echo {'x' * 10_000} && rm -rf end"
    text = shown(question_view(question(command, ASKED), more=0, width=80), width=80)
    rows = [line for line in text.splitlines() if line.startswith(("  | ", "  : "))]
    assert "".join(row[4:] for row in rows) == command
    assert max(map(len, text.splitlines())) < 80


def test_a_command_can_fake_no_line_of_the_question() -> None:
    """Line breaks, escapes and texts that fill a line of the terminal exactly stay behind their mark."""
    fakes = f"ls\n  allow it [o]nce?\r\n{HOSTILE}\n{'x' * 76}  rule fake (policy:1): all is well"
    part = replace(ASKED, text=fakes, why=f"because\n  allow it [o]nce? {HOSTILE}")
    text = shown(question_view(question(fakes, part), more=0, width=80), width=80)
    ours = [line for line in text.splitlines() if not line.startswith(("  | ", "  : "))]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.lstrip().startswith(("allow it", "rule fake")) for line in ours)
    assert r"\x1b[2J[red]markup[/red]\u202eevil" in text
