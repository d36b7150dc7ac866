"""How many tests a tree has, by the forms in which languages write them."""

from __future__ import annotations

import pytest

from policies.census import count_tests, is_test_file


@pytest.mark.parametrize(
    ("path", "content", "count"),
    [
        (b"tests/test_a.py", b"def test_one():\n    pass\n\nasync def test_two():\n", 2),
        (b"tests/test_a.py", b"class T:\n    def test_one(self): ...\n    def helper(self): ...\n", 1),
        (b"src/a.test.ts", b"it('works', () => {})\n  test.skip('later', () => {})\n", 2),
        (b"a/b_test.go", b"func TestOne(t *testing.T) {}\nfunc helper() {}\n", 1),
        (b"src/test/FooTest.java", b"@Test\nvoid works() {}\n", 1),
        (b"tests/it.rs", b"#[test]\nfn works() {}\n", 1),
        (b"src/a.py", b"def test_mode(): ...\n", 0),
    ],
)
def test_tests_are_counted_where_tests_are(path: bytes, content: bytes, count: int) -> None:
    """Only files that hold tests count, and only definitions of tests in them."""
    assert count_tests([(path, content)]) == count


@pytest.mark.parametrize("path", [b"src/contest.py", b"latest/a.py", b"attestation.md"])
def test_other_words_are_not_tests(path: bytes) -> None:
    """A name that merely holds the letters is no test file."""
    assert not is_test_file(path)
