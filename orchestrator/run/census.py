"""How many tests a tree has: a count by the usual forms of their definitions, for a reviewer's eye."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TEST_FILE = re.compile(rb"(^|/)(tests?|spec|__tests__)/|(^|/)test_|[._](test|spec)\.|Test\.(java|kt|cs)$")
_TEST = re.compile(
    rb"^\s*(?:async\s+)?def test|^\s*(?:it|test|specify)\s*(?:\.\w+)*\(|@Test\b|^func Test|#\[(?:tokio::)?test\]",
    re.MULTILINE,
)


def is_test_file(path: bytes) -> bool:
    """Whether a path looks like one that holds tests."""
    return _TEST_FILE.search(path) is not None


def count_tests(files: Iterable[tuple[bytes, bytes]]) -> int:
    """The tests defined in (path, content) pairs of test files, as far as their form tells."""
    return sum(len(_TEST.findall(content)) for path, content in files if is_test_file(path))
