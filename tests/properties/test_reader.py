"""The reader of scripts against scripts that are made by the grammar, and against what is left of them when broken."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from policies.shell.refusal import Unreadable
from policies.shell.walk import MAX_ITEMS
from policies.verdict import Verdict
from tests.properties.scripts import Writer, agree
from tests.properties.vocabulary import commands, decision, verdict, words_of

LONG = 800
"""Scripts of the long form, some ten seconds."""

seeds = st.integers(0, 2**32).map(random.Random)


def _misread(rng: random.Random, depth: int) -> str | None:
    """A script of which other commands were found than were written; None if all is well, or it was not read at all."""
    writer = Writer(rng.randrange)
    script = writer.script(depth)
    try:
        return None if agree(words_of(script), writer.commands) else script
    except Unreadable:
        return None


def _hidden(rng: random.Random, depth: int) -> str | None:
    """A script in which one command is a denied one, and that is not denied."""
    state = rng.getstate()
    writer = Writer(rng.randrange)
    writer.script(depth)
    rng.setstate(state)
    if not writer.commands:
        return None
    place = len(writer.commands) // 2
    script = Writer(rng.randrange, planted=(place, "curl")).script(depth)
    return None if verdict(script) is Verdict.DENY else script


def _broken(rng: random.Random) -> str:
    """A script with pieces of others put in, taken out or doubled."""
    text = rng.choice(commands()) if rng.randrange(2) else Writer(rng.randrange).script(2)
    for _ in range(1 + rng.randrange(4)):
        at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        other = rng.choice(commands())
        piece = rng.choice(
            [
                "",
                text[at:end],
                other,
                rng.choice("\\'\"`$(){}[]<>|&;#\n\t!~*?=\x00\r\ud800\u202e0"),
                "<<E\n",
                "$(",
                "${",
                "esac",
            ]
        )
        text = text[:at] + piece + text[rng.choice([at, end]) :]
    return text


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(0, 2))
def test_exactly_what_was_written_is_found(rng: random.Random, depth: int) -> None:
    """No command is missed, invented or read with other arguments, however deep it stands and however it is quoted."""
    misread = _misread(rng, depth)
    note(misread or "")
    assert misread is None


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(0, 2))
def test_a_denied_command_is_denied_at_every_place(rng: random.Random, depth: int) -> None:
    """A denied command in the place of any other makes the whole script denied."""
    hidden = _hidden(rng, depth)
    note(hidden or "")
    assert hidden is None


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_no_broken_script_makes_it_fail(rng: random.Random) -> None:
    """What is left of a script when pieces are taken out or put in gets a verdict, and never by a failure."""
    text = _broken(rng)
    note(repr(text))
    parts = decision(text).parts
    assert parts
    assert len(parts) <= MAX_ITEMS
    assert not [part for part in parts if part.rule == "internal" or not part.why]


def test_most_of_what_is_written_is_read() -> None:
    """Of all that the grammar makes nearly everything is read: refusing it is no way to be right."""
    scripts = [Writer(random.Random(seed).randrange).script(2) for seed in range(60)]
    assert sum(decision(script).deciding.rule != "unparsable" for script in scripts) > 50


@pytest.mark.slow
def test_the_reader_holds_against_many_scripts() -> None:
    """The same for a thousand scripts and more, other ones with every release of Python's generator."""
    for seed in range(LONG):
        rng = random.Random(seed)
        assert _misread(rng, 1 + seed % 3) is None, seed
        assert _hidden(rng, 1 + seed % 2) is None, seed
        text = _broken(rng)
        assert all(part.rule != "internal" for part in decision(text).parts), repr(text)
