"""Numbers and hostile text as people read them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from orchestrator.views.indent import Indented
from orchestrator.views.words import age, block, count, dollars, duration, listed, one_line, plural, size
from policies.printable import is_unsafe


@given(st.text())
@settings(deadline=None)
def test_no_text_reaches_a_terminal_with_what_could_steer_it(text: str) -> None:
    """Whatever the text, one line is one line, a block has only its own line ends, and nothing else is left to obey."""
    assert not any(is_unsafe(char) for char in one_line(text).plain)
    assert not any(is_unsafe(char) for char in block(text).plain if char != "\n")


def test_a_long_line_is_cut_and_a_long_block_keeps_its_end() -> None:
    """Cuts are marked, and of output the end is kept: that is where the failure stands."""
    assert one_line("x" * 50, limit=10).plain == "x" * 9 + "…"
    assert block("a\nb\nc\n", last=2).plain == "[... 1 line before ...]\nb\nc"
    assert block("a\nb", last=1, hint="see c").plain == "[... 1 line before, see c ...]\nb"
    assert block("xxxxx\nyy", columns=3).plain == "xx…\nyy"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (duration(1.25), "1.2s"),
        (duration(61), "1m01s"),
        (duration(3 * 3600 + 61), "3h01m"),
        (age(-1), "0s"),
        (age(59), "59s"),
        (age(3599), "59m"),
        (age(86399), "23h"),
        (age(40 * 86400), "40d"),
        (plural(1, "branch", "branches"), "1 branch"),
        (plural(2, "branch", "branches"), "2 branches"),
        (listed(["a", "b", "c"]), "a, b, c"),
        (listed(["a", "b", "c"], 2), "a, b and 1 more"),
        (dollars(0), "$0.00"),
        (dollars(0.0123), "$0.0123"),
        (dollars(12.345), "$12.35"),
        (dollars(1, unpriced_tokens=3), "$1.00+"),
        (count(9999), "9999"),
        (count(123_456), "123k"),
        (count(5_000_000), "5.0M"),
        (size(512), "512 B"),
        (size(3 * 1024**2), "3 MB"),
        (size(5000 * 1024**3), "5000 GB"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    """Figures are short, and a plus sign says that some of the cost is unknown."""
    assert shown == expected


def test_indented_text_wraps_under_itself_without_padding() -> None:
    """Wrapped lines keep their margin, and nothing is written behind the text."""
    console = Console(file=io.StringIO(), width=24)
    console.print(Indented(one_line("one two three four five six"), 4, one_line("1.")))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.rstrip() for line in lines] == ["1.  one two three four", "    five six"]
    assert max(map(len, lines)) < 24
