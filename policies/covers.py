"""Whether one rule is about everything that another is about; never a false yes, while a no may be one.

Whatever is open in the narrow rule is replaced by a character that no text has: the wide rule can match that only by
something that matches anything as well.
"""

from __future__ import annotations

import math
import re
import shlex
from functools import lru_cache
from itertools import product

from policies.layer import Rule
from policies.paths import anchored, glob_regex
from policies.pattern import alternatives, word_matcher
from policies.verdict import Verdict

_ANY = "\U0010fffd"
_ONE = "\U0010fffc"
_MOST_PATHS = 400
_STARS = re.compile(r"\*+")


@lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a pattern, without the `$` that closes it."""
    words = shlex.split(text)
    return tuple(words[:-1] if words[-1] == "$" else words)


def word_covers(wide: str, narrow: str) -> bool:
    """Whether a word of a pattern matches all that another matches."""
    matcher = word_matcher(wide)
    return all(matcher.fullmatch(text.replace("*", _ANY)) for text in alternatives(narrow))


def rule_covers(wide: Rule, narrow: Rule, name: str) -> bool:
    """Whether a rule matches each command that another matches by an alternative of its first word."""
    named = wide.pattern.first.fullmatch(name.replace("*", _ANY)) is not None
    return named and _roles_cover(wide, narrow) and _unless_covers(wide, narrow) and _arguments_cover(wide, narrow)


def _roles_cover(wide: Rule, narrow: Rule) -> bool:
    return wide.roles is None or (narrow.roles is not None and narrow.roles <= wide.roles)


def _unless_covers(wide: Rule, narrow: Rule) -> bool:
    """Whether what voids the wide rule voids the narrow one too; what voids an allow is read more broadly."""
    broader = wide.verdict is Verdict.ALLOW and narrow.verdict is not Verdict.ALLOW
    return not wide.unless or (set(wide.unless) <= set(narrow.unless) and not broader)


def _arguments_cover(wide: Rule, narrow: Rule) -> bool:
    outer, inner = words_of(wide.pattern.text)[1:], words_of(narrow.pattern.text)[1:]
    if wide.pattern.closed and not (narrow.pattern.closed and len(outer) == len(inner)):
        return False
    if len(outer) > len(inner) or not all(map(word_covers, outer, inner)):
        return False
    if narrow.verdict is Verdict.ALLOW or narrow.pattern.closed:
        return True
    # A rule that restricts also matches its options anywhere, and its operands between others.
    if wide.verdict is Verdict.ALLOW:
        return not outer
    return all(one == other for one, other in zip(outer, inner, strict=False) if "-" in (one[:1], other[:1]))


@lru_cache(maxsize=16384)
def glob_covers(wide: str, narrow: str, *, verdicts: tuple[Verdict, Verdict]) -> bool:
    """Whether a glob of paths matches each path that another matches, as globs of their verdicts match."""
    lenient = [verdict is Verdict.ALLOW for verdict in verdicts]
    if lenient[0] and not lenient[1]:
        # What restricts holds in any case of letters, and for a directory itself.
        return False
    if "?" in wide:
        # It matches one character, and would match the one that stands for any number.
        return wide == narrow
    flags = 0 if lenient[0] else re.IGNORECASE
    matcher = re.compile(glob_regex([wide], with_directory=not lenient[0]).pattern, flags)
    # Among more unknown segments than the wide glob has stars, one is matched by `**`, which any number would be.
    texts = _paths(anchored(narrow), deepest=len(_STARS.findall(wide)) + 2, with_directory=not lenient[1])
    return texts is not None and all(matcher.fullmatch(text) for text in texts)


def _paths(glob: str, *, deepest: int, with_directory: bool) -> list[str] | None:
    """Paths that stand for all that a glob matches; None where they are too many."""
    glob = glob if glob.startswith("/") else f"/{glob}"
    pieces = re.split(r"(\*\*/|/\*\*$)", glob)
    depths = range(deepest + 1)
    choices = []
    for piece in pieces:
        if piece == "**/":
            choices.append([f"{_ANY}/" * depth for depth in depths])
        elif piece == "/**":
            choices.append([f"/{_ANY}" * depth for depth in depths if depth or with_directory])
        else:
            choices.append([piece.replace("*", _ANY).replace("?", _ONE)])
    if math.prod(map(len, choices)) > _MOST_PATHS:
        return None
    return ["".join(chosen) for chosen in product(*choices)]
