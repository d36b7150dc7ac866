"""What is known of secrets is what the environment holds now, however seldom all of it is read."""

from __future__ import annotations

import os

import pytest

from orchestrator.telling.known import Known

SECRET = "sk-canary-0123456789"
LATER = "sk-canary-9876543210"


def test_a_secret_is_known_from_the_moment_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set, changed or taken away between two texts; asked for again where nothing changed, it is the same redactor."""
    known = Known()
    assert known.text(SECRET) == SECRET
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert known.text(SECRET) == "[redacted OPENAI_API_KEY]"
    assert known.kept is known.kept
    monkeypatch.setenv("OPENAI_API_KEY", LATER)
    assert known.text(LATER) == "[redacted OPENAI_API_KEY]"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert known.text(LATER) == LATER


def test_what_a_plan_names_is_known_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its name tells nothing and it was in the environment all the time; what an earlier plan named stays."""
    monkeypatch.setenv("INDEX", SECRET)
    monkeypatch.setenv("MIRROR", LATER)
    known = Known()
    assert known.text(SECRET) == SECRET
    known.also(["INDEX"])
    assert known.text(SECRET) == "[redacted INDEX]"
    known.also(["MIRROR"])
    assert known.text(f"{SECRET} {LATER}") == "[redacted INDEX] [redacted MIRROR]"


def test_an_environment_of_another_kind_is_read_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is only the mapping itself to compare."""
    monkeypatch.setattr(os, "environ", {"OPENAI_API_KEY": SECRET})
    known = Known()
    assert known.text(SECRET) == "[redacted OPENAI_API_KEY]"
    os.environ["OPENAI_API_KEY"] = LATER
    assert known.text(LATER) == "[redacted OPENAI_API_KEY]"
