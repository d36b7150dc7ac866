"""The tables of keys in the documents hold every key that a file may have, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrator.plan.models import Limits, Plan, SandboxSettings, Task
from policies.document import read_document
from policies.file import ChangeRule, CommandRule, PolicyFile
from policies.loader import PRESETS
from tests.docs.pages import section, words_of_code

PLAN, POLICY = Path("docs/reference/plan.md"), Path("docs/reference/policy.md")


def keys(model: type[BaseModel]) -> set[str]:
    """The keys of a mapping, as they are written."""
    return {field.alias or name for name, field in model.model_fields.items()}


def first_cells(table: str) -> set[str]:
    """What stands in backticks in the first column."""
    return {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize(
    ("page", "heading", "expected"),
    [
        (PLAN, "Plan files", keys(Plan)),
        (PLAN, "Tasks", keys(Task)),
        (PLAN, "Limits", keys(Limits)),
        (POLICY, "Policy files", keys(PolicyFile)),
        (POLICY, "Rules on commands", keys(CommandRule)),
        (POLICY, "Rules on changes", keys(ChangeRule)),
    ],
    ids=["plan", "task", "limits", "policy", "commands", "changes"],
)
def test_a_table_has_every_key(page: Path, heading: str, expected: set[str]) -> None:
    """Whoever reads the page knows all keys."""
    assert first_cells(section(page, heading)) == expected


def test_every_key_of_the_sandbox_is_named() -> None:
    """In the table, or below it among those that are part of the format and refused."""
    told = section(PLAN, "Sandbox")
    assert first_cells(told) <= keys(SandboxSettings)
    assert keys(SandboxSettings) <= set(re.findall(r"`(\w+)`", told))


def test_every_preset_is_told() -> None:
    """The table of presets has each, and no other."""
    assert first_cells(section(POLICY, "Presets")) == set(PRESETS)


def test_the_default_limits_are_those_of_the_page() -> None:
    """The line of defaults on the page is what a plan without `limits` gets."""
    (line,) = [words for words in words_of_code(PLAN) if words.startswith("{parallel:")]
    written = read_document(line, file=str(PLAN)).data
    assert Limits.model_validate(written) == Limits()
    assert set(written) == set(Limits().model_dump(by_alias=True, exclude_none=True))
