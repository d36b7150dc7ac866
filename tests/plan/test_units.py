"""Durations and sizes: what is read, what is refused, and that writing them back loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.plan.units import UnitError, format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("250ms", 0.25),
        ("1d", 86400),
    ],
)
def test_durations_are_read_in_seconds(text: str, seconds: float) -> None:
    """Every unit of a duration counts as people expect."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "-1m", "10 m", "1h 30m", "10M", "2:30", "0s", "0.1ms", "1e3s", "10m\n", "9999d", "1" * 50 + "s"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A text that might mean several durations, or none, is never guessed at."""
    with pytest.raises(UnitError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("1b", 1),
        ("1k", 1024),
        ("512m", 512 * 1024**2),
        ("2g", 2 * 1024**3),
        ("2G", 2 * 1024**3),
        ("1.5g", 3 * 512 * 1024**2),
        ("2gb", 2 * 1024**3),
        ("2GiB", 2 * 1024**3),
        ("1t", 1024**4),
    ],
)
def test_sizes_are_read_in_bytes(text: str, size_bytes: int) -> None:
    """Units of sizes are powers of 1024, however they are spelled."""
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "2", "g", "-2g", "2 g", "0b", "0.1b", "2x", "2p", "2g\n", "9999999t", "2bb"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A text that might mean several sizes, or none, is never guessed at."""
    with pytest.raises(UnitError, match="size"):
        parse_size(text)


@given(st.integers(min_value=1, max_value=366 * 86400 * 1000))
@settings(deadline=None)
def test_a_written_duration_reads_back_the_same(milliseconds: int) -> None:
    """The journal keeps durations as text and loses nothing."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(min_value=1, max_value=1024**5))
@settings(deadline=None)
def test_a_written_size_reads_back_the_same(size_bytes: int) -> None:
    """The journal keeps sizes as text and loses nothing."""
    assert parse_size(format_size(size_bytes)) == size_bytes
