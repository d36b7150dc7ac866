"""Which run a user means: never guessed, and always found by any unique beginning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.selection import choose_run, choose_runs
from orchestrator.errors import UsageProblem

ids = st.lists(st.text("ab-1", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@given(ids, st.text("ab-1", max_size=6))
@settings(deadline=None)
def test_a_beginning_names_a_run_only_if_it_is_the_only_one(runs: list[str], wanted: str) -> None:
    """The chosen run is the one of that very name, or else the only one that begins so."""
    matching = [run for run in runs if run.startswith(wanted)] if wanted else []
    try:
        chosen = choose_run(runs, wanted)
    except UsageProblem:
        assert wanted not in runs
        assert len(matching) != 1
    else:
        assert chosen == wanted or matching == [chosen]


@given(ids)
@settings(deadline=None)
def test_last_is_the_newest(runs: list[str]) -> None:
    """Runs come newest first, and `last` is the first of them."""
    assert choose_run(runs, "last") == runs[0]


def test_an_unknown_run_is_answered_with_a_few_that_there_are() -> None:
    """The message stays short however many runs there are."""
    with pytest.raises(UsageProblem, match="there is r0, r1, r2, r3, r4 and 95 more"):
        choose_run([f"r{n}" for n in range(100)], "zzz")


def test_several_runs_are_taken_once_each_and_none_means_all() -> None:
    """In the order in which they were named, however often; all of them come newest first."""
    runs = ["c", "b", "a"]
    assert choose_runs(runs, ["a", "last", "c", "a"]) == ["a", "c"]
    assert choose_runs(runs, []) == runs
    with pytest.raises(UsageProblem, match="there is no run 'd'"):
        choose_runs(runs, ["a", "d"])
    with pytest.raises(UsageProblem, match="this repository has no runs"):
        choose_runs([], [])
