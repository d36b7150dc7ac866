"""What an agent is told of the memory: most important first, within a budget, and what it may add to it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agents.assignment import Note
from agents.remembered import LEAST_CHARS, MEMORY_CHARS, remembered
from agents.results import MOST_LEARNT, Findings
from agents.roles import ROLES
from agents.toolbox import tool_schemas
from tests.agents.bench import assignment


def told(*notes: tuple[str, str], instructions: str = "") -> list[str]:
    """The sections for an assignment with these notes."""
    memory = tuple(Note(source=source, text=text) for source, text in notes)
    return list(remembered(assignment(instructions=instructions, memory=memory)))


def test_instructions_come_first_and_notes_in_their_order() -> None:
    """Each as data under its own name; without any there is nothing to tell."""
    sections = told(("b.md", "words"), ("a.md", "style"), instructions="Run the tests.")
    assert [section.splitlines()[1] for section in sections] == ["Run the tests.", "words", "style"]
    assert sections[1].startswith("[Memory of the repository: b.md ")
    assert told() == []


def test_what_does_not_fit_is_cut_or_named() -> None:
    """With the way to the rest: `recall` and the name; AGENTS.md has a budget of its own."""
    sections = told(
        ("first.md", "1" * (MEMORY_CHARS - 2 * LEAST_CHARS)),
        ("second.md", "2" * MEMORY_CHARS),
        ("third.md", "3" * MEMORY_CHARS),
        ("fourth.md", "4" * MEMORY_CHARS),
        instructions="x" * 100_000,
    )
    assert len(sections[0]) < 33_000
    assert "recall `second.md` shows more" in sections[2]
    assert sections[3].splitlines()[1:-1] == ["third.md", "fourth.md"]
    assert sum(map(len, sections[1:])) < MEMORY_CHARS + 1000


def test_a_small_note_fits_behind_a_large_one() -> None:
    """One file that is too long does not shut out those after it that are short."""
    sections = told(("long.md", "1" * (MEMORY_CHARS - 100)), ("longer.md", "2" * 5000), ("short.md", "3" * 50))
    assert [section.splitlines()[1][:3] for section in sections] == ["111", "333", "lon"]


@pytest.mark.parametrize("role", ["investigator", "editor", "tester", "reviewer"])
def test_who_works_may_propose_facts(role: str) -> None:
    """`learnt` is said once and in few words, and may be left out; a coordinator makes plans and learns nothing."""
    finish = {schema.name: schema for schema in tool_schemas(ROLES[role])}["finish"]  # type: ignore[index]
    assert finish.description.count("`learnt`") == 1
    assert "learnt" in finish.parameters["properties"]
    assert "learnt" not in finish.parameters["required"]
    plan = {schema.name: schema for schema in tool_schemas(ROLES["coordinator"])}["finish"]
    assert "learnt" not in str(plan)


@pytest.mark.parametrize("learnt", [["x"] * (MOST_LEARNT + 1), ["x" * 1001], [""], "x", [{"text": "x", "run": "y"}]])
def test_what_is_proposed_has_bounds(learnt: object) -> None:
    """A few lines, and nothing that says whose they are."""
    with pytest.raises(ValidationError):
        Findings.model_validate({"findings": "f", "learnt": learnt})
