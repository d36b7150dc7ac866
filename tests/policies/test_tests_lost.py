"""Tests that a change deletes or weakens are counted, over all of it."""

from __future__ import annotations

from typing import Literal

import pytest

from policies.changed import Change
from policies.verdict import Verdict
from tests.policies.judging import policy_of

POLICY = policy_of("changes: [{tests: ask}]")
TWO = "def test_one():\n    assert one() == 1\n\ndef test_two():\n    assert two() == 2\n"


def _file(
    path: str, *, removed: str = "", added: str = "", status: Literal["added", "modified", "deleted"] = "modified"
) -> Change:
    return Change(
        path=path.encode(),
        status=status,
        old_mode=0 if status == "added" else 0o100644,
        new_mode=0 if status == "deleted" else 0o100644,
        added_lines=added.count("\n"),
        removed_lines=removed.count("\n"),
        binary=False,
        added_text=added,
        removed_text=removed,
    )


def _whys(*changes: Change) -> list[str]:
    decision = POLICY.judge_changes(changes, role="editor")
    return [part.why for part in decision.parts if part.verdict is Verdict.ASK]


@pytest.mark.parametrize(
    ("removed", "added", "why"),
    [
        (TWO, TWO.partition("\n\n")[0] + "\n", "1 test fewer, 1 assertion fewer"),
        (TWO, "", "2 tests fewer, 2 assertions fewer"),
        ("    assert a == 1\n", "    a\n", "1 assertion fewer"),
        ("def test_a():\n", "def check_a():\n", "1 test fewer"),
        ("def test_a():\n", "# def test_a():\n", "1 test fewer"),
        ("", "@pytest.mark.skip\n", "1 more skipped"),
        ("", "@pytest.mark.xfail(strict=True)\n@unittest.skipIf(x, 'y')\n", "2 more skipped"),
        ("", "    self.skipTest('later')\n", "1 more skipped"),
        ("it('works', f)\n", "it.skip('works', f)\n", "1 more skipped"),
        ("it('works', f)\n", "it.only('works', f)\n", "1 more skipped"),
        ("it('works', f)\n", "xit('works', f)\n", "1 test fewer, 1 more skipped"),
        ("    expect(a).toBe(1)\n", "", "1 assertion fewer"),
        ('\tt.Fatalf("no")\n', "\tt.Skip()\n", "1 assertion fewer, 1 more skipped"),
        ("@Test\n", "@Test\n@Disabled\n", "1 more skipped"),
        ("", "#[ignore]\n", "1 more skipped"),
    ],
)
def test_what_is_lost_is_counted(removed: str, added: str, why: str) -> None:
    """Fewer tests, fewer assertions and more that is skipped are each told with their number."""
    assert _whys(_file("tests/test_a.py", removed=removed, added=added)) == [why]


@pytest.mark.parametrize(
    ("removed", "added"),
    [
        ("", TWO),
        ("def test_a():\n    assert 1\n", "def test_b():\n    assert 2\n    assert 3\n"),
        ("@pytest.mark.skip\ndef test_a():\n", "def test_a():\n"),
        ("", "skip = 3\n"),
    ],
)
def test_more_tests_and_other_words_are_no_loss(removed: str, added: str) -> None:
    """A test that is renamed, one that runs again, and more of them are fine."""
    assert _whys(_file("tests/test_a.py", removed=removed, added=added)) == []


def test_a_test_that_was_moved_is_none_lost() -> None:
    """Counts are over the whole change, and a deleted file's tests may stand in another."""
    gone = _file("tests/test_a.py", removed=TWO, status="deleted")
    assert _whys(gone, _file("tests/unit/test_a.py", added=TWO, status="added")) == []


def test_a_deleted_file_of_tests_is_told_though_the_numbers_hold() -> None:
    """Other tests in place of the deleted ones make up for their number and not for them."""
    gone = _file("tests/test_a.py", removed=TWO, status="deleted")
    other = TWO.replace("one", "three").replace("two", "four")
    assert _whys(gone, _file("tests/test_b.py", added=other, status="added")) == [
        "the test file is deleted: 2 of its tests stand nowhere else"
    ]


def test_the_file_of_a_loss_is_named_with_the_sum() -> None:
    """Where one file gains and another loses, the one that loses is told, and what is lost in all."""
    lost = _file("tests/test_a.py", removed=TWO)
    gained = _file("tests/test_b.py", added="def test_three():\n    assert 3\n")
    decision = POLICY.judge_changes([gained, lost], role="editor")
    assert [(part.text, part.why) for part in decision.parts if part.verdict is Verdict.ASK] == [
        ("tests/test_a.py", "2 tests fewer (1 in all), 2 assertions fewer (1 in all)")
    ]


def test_code_that_is_no_test_does_not_count() -> None:
    """Assertions of the product and functions whose name begins with test are none."""
    assert _whys(_file("src/a.py", removed=TWO)) == []
