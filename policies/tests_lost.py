"""Tests that a change takes away or weakens: counted over all of it, so that a test that was moved is none lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from policies.census import Census, census, is_test_file, test_lines
from policies.changed import Change


def tests_lost(changes: Sequence[Change]) -> Iterator[tuple[Change, str]]:
    """Each file that a loss is in, with what is lost: tests, assertions, tests that run, or the file of some tests."""
    files = [(change, *_both(change)) for change in changes if is_test_file(change.path)]
    gains = {change.path: census(added) - census(removed) for change, removed, added in files}
    total = sum(gains.values(), Census())
    there = sum((test_lines(added) for _, _, added in files), Counter[bytes]())
    for change, removed, _ in files:
        lost = list(_losses(gains[change.path], total))
        gone = test_lines(removed) - there if change.status == "deleted" else Counter[bytes]()
        if gone and not lost:
            lost = [f"{gone.total()} of its tests stand nowhere else"]
        if lost:
            deleted = "the test file is deleted: " if change.status == "deleted" else ""
            yield change, f"{deleted}{', '.join(lost)}"


def _both(change: Change) -> tuple[bytes, bytes]:
    return change.removed_text.encode(), change.added_text.encode()


def _losses(gain: Census, total: Census) -> Iterator[str]:
    """What a file has lost, of that which the whole change has lost."""
    for mine, whole, one, many in (
        (-gain.tests, -total.tests, "test fewer", "tests fewer"),
        (-gain.assertions, -total.assertions, "assertion fewer", "assertions fewer"),
        (gain.skips, total.skips, "more skipped", "more skipped"),
    ):
        if whole > 0 and mine > 0:
            yield f"{mine} {one if mine == 1 else many}" + (f" ({whole} in all)" if whole != mine else "")
