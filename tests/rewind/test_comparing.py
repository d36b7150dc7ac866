"""Two outcomes of one command are the same letter by letter, apart from a short list of what no command can keep."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.rewind.comparing import told as said
from orchestrator.rewind.comparing import unlike
from orchestrator.rewind.recording import Done
from tests.rewind import told


def done(stdout: str = "", *, allowed: bool = True, **more: Any) -> Done:
    """A command that ran, or was refused."""
    ended = told.ran("c", stdout, **more) if allowed else None
    return Done(proposed=told.proposed("c"), judged=told.judged("c", allowed=allowed), ran=ended)


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (done("one\n"), ()),
        (done("one\n", wall_seconds=9.0, peak_memory_bytes=5, sandbox="other"), ()),
        (done("two\n"), ("stdout",)),
        (done("one\n", stderr="x"), ("stderr",)),
        (done("one\n", exit_code=1), ("exit_code",)),
        (done("one\n", exit_code=None, signal=9, limit="memory"), ("exit_code", "signal", "limit")),
        (done("one\n", dropped_bytes=7), ("dropped_bytes",)),
        (done("one\n", cancelled=True), ("cancelled",)),
        (done(allowed=False), ("verdict", "allowed", "outcome")),
        (None, ("verdict", "allowed", "outcome")),
    ],
)
def test_every_part_of_an_outcome_counts(now: Done | None, what: tuple[str, ...]) -> None:
    """Verdict, ending and output; what it took does not, nor where it ran."""
    found = unlike(done("one\n"), now)
    assert (found.what[: len(what)] if found is not None else ()) == what


def test_what_did_not_run_is_told_as_that() -> None:
    """A verdict alone does not say whether something came of it."""
    found = unlike(done("one\n"), done(allowed=False))
    assert found is not None
    assert (found.expected["outcome"], found.got["outcome"]) == ("run", "not run")


def test_the_texts_are_shown_as_a_diff() -> None:
    """What was expected has a minus before it, what came a plus; what is the same in both is left out."""
    found = unlike(done("same\none\n"), done("same\ntwo\n"))
    assert found is not None
    assert found.diff.splitlines()[:2] == ["--- stdout of the journal", "+++ stdout this time"]
    assert found.diff.splitlines()[3:] == [" same", "-one", "+two"]
    assert (found.expected["stdout"], found.got["stdout"]) == ("same\none\n", "same\ntwo\n")
    assert "exit_code" not in found.expected


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("Ran 4 tests in 0.001s", "Ran 4 tests in 12.5s"),
        ("== 3 passed in 0.12s ==", "== 3 passed in 1.50s =="),
        ("real\t0m0.010s", "real\t2m10.5s"),
        ("took 15 ms", "took 2 ms"),
        ("at 2026-01-02T03:04:05Z", "at 2027-11-12 13:14:15.5 +02:00"),
        ("-rw-r--r-- 1 a a 5 Jan  2 03:04 x", "-rw-r--r-- 1 a a 5 Nov 12 13:14 x"),
        ("12:30:01 started", "07:00:59 started"),
        ("in /tmp/tmpabc_12xy/out", "in /tmp/tmpzz99zz99/out"),
        ("in /tmp/tmp.AbCdEf1234", "in /tmp/tmp.0000000000"),
        ("<object at 0x7f3c0a1b2c3d>", "<object at 0x55d0a1b2c3d0>"),
    ],
)
def test_what_no_command_can_keep_is_let_be(then: str, now: str) -> None:
    """Durations, dates and times, names of temporary files, addresses in memory."""
    assert unlike(done(then), done(now)) is None


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("Ran 4 tests in 0.001s", "Ran 5 tests in 0.001s"),
        ("version 1.2.3", "version 1.2.4"),
        ("/tmp/build/a", "/tmp/build/b"),
        ("commit 1f401e4", "commit 78cd243"),
        ("0x10", "0x11"),
        ("3 sections", "4 sections"),
        ("exit 1", "exit 2"),
    ],
)
def test_whatever_else_differs_is_a_difference(then: str, now: str) -> None:
    """Numbers, names, ids: all that may be a result."""
    assert unlike(done(then), done(now)) is not None


def test_a_command_is_told_as_it_was_typed() -> None:
    """With the mark of a shell."""
    assert said(told.proposed("c", "make test")) == "$ make test"
