"""How many tests some text has, what they assert and which are skipped: counts by the usual forms of many languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_TEST_FILE = re.compile(rb"(^|/)(tests?|spec|__tests__)/|(^|/)test_|[._](test|spec)\.|Test\.(java|kt|cs)$")
_TEST = re.compile(
    rb"^\s*(?:async\s+)?def test|^\s*(?:it|test|specify)\s*(?:\.\w+)*\(|@Test\b|^func Test|#\[(?:tokio::)?test\]",
    re.MULTILINE,
)
_ASSERTION = re.compile(
    rb"\bassert\w*|\bexpect(?:_\w+)?!?\s*\(|\bpytest\.(?:raises|warns|fail)\b|\bt\.(?:Error|Fatal|Fail)\w*\("
)
_SKIP = re.compile(
    rb"[.@](?:skip|xfail)(?:if|unless|test|now)?\b|\bimportorskip\b|\b(?:it|test|describe)\.(?:todo|only)\b"
    rb"|^\s*[xf](?:it|test|describe)\s*\("
    rb"|@(?:Disabled|Ignore)\b|#\[ignore",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What some tests come to, as far as their form tells."""

    tests: int = 0
    assertions: int = 0
    skips: int = 0

    def __add__(self, other: Census) -> Census:
        """Both together."""
        return Census(
            tests=self.tests + other.tests,
            assertions=self.assertions + other.assertions,
            skips=self.skips + other.skips,
        )

    def __sub__(self, other: Census) -> Census:
        """What this has more than the other."""
        return self + Census(tests=-other.tests, assertions=-other.assertions, skips=-other.skips)


def is_test_file(path: bytes) -> bool:
    """Whether a path looks like one that holds tests."""
    return _TEST_FILE.search(path) is not None


def count_tests(files: Iterable[tuple[bytes, bytes]]) -> int:
    """The tests defined in (path, content) pairs of test files, as far as their form tells."""
    return sum(len(_TEST.findall(content)) for path, content in files if is_test_file(path))


def census(content: bytes) -> Census:
    """The counts of a test file, or of some lines of one."""
    return Census(
        tests=len(_TEST.findall(content)),
        assertions=len(_ASSERTION.findall(content)),
        skips=len(_SKIP.findall(content)),
    )


def test_lines(content: bytes) -> Counter[bytes]:
    """The lines that define a test: the same ones where a test was only moved."""
    return Counter(line.strip() for line in content.split(b"\n") if _TEST.search(line))
