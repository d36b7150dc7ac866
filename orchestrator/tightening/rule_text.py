"""A rule on commands as a human would write it into a policy file: its lines, none of them long."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.verdict import Verdict

COLUMNS = 96
"""As wide as a line becomes, where a word lets it."""

_PLAIN = re.compile(r"(?:[A-Za-z_/]|\./)[A-Za-z0-9_./ =+~|$@%^-]*(?<! )")
_SENTENCE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./ =+~|$@%^,;'()-]|:(?! |$))*(?<! )")
_TWO = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What a rule holds; `comment` are lines before it, and each pattern has a note, or an empty one, behind it."""

    verdict: Verdict
    patterns: Sequence[tuple[str, str]]
    comment: Sequence[str] = ()
    unless: Sequence[str] = ()
    roles: Sequence[str] = ()
    why: str = ""
    accepts: Sequence[str] = ()
    rejects: Sequence[str] = ()


def scalar(text: str) -> str:
    """A text in YAML, read back as it is in a block or a list on one line; never more than ASCII."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return _TWO.sub(_as_one, json.dumps(text))


def _as_one(found: re.Match[str]) -> str:
    """A character beyond the first 65536, which JSON writes as two, and YAML reads as those."""
    character: str = json.loads('"' + found[0] + '"')
    return f"\\U{ord(character):08x}"


def _prose(text: str) -> str:
    """A text where a line is its own, so that commas and the like need no quotes."""
    return text if _SENTENCE.fullmatch(text) and text.lower() not in _WORDS_OF_YAML else scalar(text)


def lines_of(rule: RuleText) -> Iterator[str]:
    """The lines of a rule, as they stand in a list that begins at the first column."""
    yield from (f"# {line}" for line in rule.comment)
    yield from _patterns(rule)
    yield from _list("unless", rule.unless)
    yield from ([f"  roles: [{', '.join(rule.roles)}]"] if rule.roles else [])
    yield from ([f"  why: {_prose(rule.why)}"] if rule.why else [])
    yield from _list("accepts", rule.accepts)
    yield from _list("rejects", rule.rejects)


def _patterns(rule: RuleText) -> Iterator[str]:
    if len(rule.patterns) == 1:
        ((pattern, _),) = rule.patterns
        yield f"- {rule.verdict}: {scalar(pattern)}"
        return
    yield f"- {rule.verdict}:"
    written = [(scalar(pattern), note) for pattern, note in rule.patterns]
    width = max((len(pattern) for pattern, note in written if _beside(pattern, note)), default=0)
    for pattern, note in written:
        beside = _beside(f"{pattern:<{width}}", note)
        yield from ([f"    # {note}"] if note and not beside else [])
        yield f"    - {pattern:<{width}}  # {note}" if beside else f"    - {pattern}"


def _beside(pattern: str, note: str) -> bool:
    return bool(note) and len(pattern) + len(note) + 12 <= COLUMNS


def _list(key: str, texts: Sequence[str]) -> Iterator[str]:
    if not texts:
        return
    line = f"  {key}: [{', '.join(map(scalar, texts))}]"
    if len(line) <= COLUMNS:
        yield line
        return
    yield f"  {key}:"
    yield from (f"    - {scalar(text)}" for text in texts)
