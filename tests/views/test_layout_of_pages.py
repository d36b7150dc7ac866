"""The parts that pages are made of: rows in columns, margins, command lines, forms that fit."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.fitting import Fitting
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented, Marked
from orchestrator.views.typed import broken, typed
from orchestrator.views.words import one_line
from tests.views.screen import PIPE, Screen, shown


def grid(*rows: tuple[str, str, str], spill: tuple[int, ...] = ()) -> Grid:
    """Rows of an id and a number, with a text."""
    made = [Row((Text(one), Text(two)), Text(text) if text else None) for one, two, text in rows]
    return Grid(names=("ID", "NUMBER"), rows=made, right={1}, spare=(1,), spill=spill, text_name="TEXT")


def test_a_text_stands_beside_its_row_where_there_is_room() -> None:
    """A wide terminal has it in a column of its own, whose wrapped lines stay in it; a narrow one under the row."""
    rows = grid(("a", "1", "one two three four five six seven"), ("bcd", "23", ""))
    assert shown([rows], Screen(60, 9)).splitlines() == [
        "ID   NUMBER  TEXT",
        "a         1  one two three four five six seven",
        "bcd      23",
    ]
    assert shown([rows], Screen(40, 9)).splitlines() == [
        "ID   NUMBER",
        "a         1",
        "    one two three four five six seven",
        "bcd      23",
    ]


def test_a_spare_column_goes_before_a_cell_is_cut() -> None:
    """Where columns have no room, the spare one is left out, or said in the text; the id stays whole at any width."""
    long_id = "x" * 50
    assert shown([grid((long_id, "7", ""))], Screen(52, 9)).splitlines() == ["ID", long_id]
    spilt = shown([grid((long_id, "7", "said"), (long_id, "8", ""), spill=(1,))], Screen(52, 9)).splitlines()
    assert spilt == ["ID", long_id, "    number 7; said", long_id, "    number 8"]
    assert long_id in shown([Indented(grid((long_id, "7", "")))], Screen(40, 9)).splitlines()[1]


def test_no_blank_stands_behind_a_line() -> None:
    """Neither wrapping nor columns leave blanks at the end of a line."""
    parts: list[RenderableType] = [
        grid(("a", "1", "word " * 40), ("bcd", "23", "")),
        Indented(one_line("word " * 40)),
        Indented(Text("a   ")),
    ]
    lines = shown(parts, Screen(44, 9)).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) <= 44


def test_marked_lines_keep_their_mark_apart() -> None:
    """Every line begins with the mark, what wraps stands under its line without one."""
    body = Marked(Text("one two three four five\n\nsix"), Text("| "))
    assert shown([body], Screen(22, 9)).splitlines() == ["| one two three four", "  five", "|", "| six"]


def test_a_page_is_folded_only_where_a_screen_is_too_short() -> None:
    """The whole page goes to a pipe and to a screen that has room for it and the prompt."""
    page = Fitting([Text("\n".join("whole"))], [Text("folded")])
    assert shown([page], Screen(40, 7)) == "w\nh\no\nl\ne\n"
    assert shown([page], Screen(40, 6)) == "folded\n"
    assert shown([page], PIPE) == "w\nh\no\nl\ne\n"


@given(st.lists(st.text("ab c'$\\-", min_size=1, max_size=30), min_size=1, max_size=8), st.integers(20, 120))
def test_a_broken_command_line_is_the_same_command_line(words: list[str], width: int) -> None:
    """A shell reads the same words however the line is broken, and no word is cut."""
    lines = broken([shlex.quote(word) for word in words], width)
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines[:-1]) + " " + lines[-1]) == words
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert all(len(line) <= width or len(line.strip(" \\").split(" ")) == 1 or "'" in line for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_shown_command_line_can_be_pasted(columns: int) -> None:
    """What a terminal shows, pasted into a shell, gives the program these arguments."""
    command = typed("deny", "billing-20260105-090000-7f3a", "port.editor.1.6.1.1234567890", "--why", "it's not $HOME's")
    text = shown([command], Screen(columns, 24))
    script = text.replace("mimo-orchestrate", "printf '%s\\n'", 1)
    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == list(command.words)
    assert str(command) == shown([command], PIPE).rstrip("\n")
