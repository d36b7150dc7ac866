"""Every plan and policy that the documents and examples show is one that the program takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.plan.loader import read_plan
from orchestrator.plan.schema import plan_schema
from policies.document import read_document
from policies.file import policy_schema
from policies.loader import load_policy
from tests.docs.pages import blocks, pages
from tests.tree import TOP, below

DEFAULT_NAME = ".mimo/policy.yaml"
SMALLEST_PLAN = {
    "version": 1,
    "name": "smallest",
    "goal": "Make it better.",
    "model": "openai/gpt-5.2",
    "tasks": [{"id": "one", "role": "editor", "goal": "Make it better."}],
}
"""What a part of a plan, as pages show it, is laid over."""


def shown() -> list[tuple[str, str]]:
    """Places and texts of all YAML in documents, examples and the demo."""
    in_pages = [(str(block), block.text) for page in pages() for block in blocks(page) if block.language == "yaml"]
    files = below("examples", "orchestrator", suffixes=(".yaml", ".yml"))
    examples = [(str(path), (TOP / path).read_text()) for path in files]
    return [*in_pages, *examples]


def data(place: str, text: str) -> dict[str, Any]:
    """A text as YAML."""
    found = read_document(text, file=place).data
    assert isinstance(found, dict)
    return found


PLANS = [(place, text) for place, text in shown() if {"version", "goal"} <= set(data(place, text))]
PARTS = [(place, text) for place, text in shown() if "version" not in data(place, text)]
POLICIES = [(place, text) for place, text in shown() if (place, text) not in [*PLANS, *PARTS]]


@pytest.mark.parametrize(("place", "text"), [pytest.param(*one, id=one[0]) for one in PLANS])
def test_a_shown_plan_is_valid(place: str, text: str) -> None:
    """The schema takes it, and so does the program."""
    Draft202012Validator(plan_schema()).validate(data(place, text))
    read_plan(text, file=place)


@pytest.mark.parametrize(("place", "text"), [pytest.param(*one, id=one[0]) for one in PARTS])
def test_a_shown_part_of_a_plan_fits_into_one(place: str, text: str) -> None:
    """With the rest of a plan around it, the program takes it."""
    read_plan(json.dumps({**SMALLEST_PLAN, **data(place, text)}), file=place)


@pytest.mark.parametrize(("place", "text"), [pytest.param(*one, id=one[0]) for one in POLICIES])
def test_a_shown_policy_is_valid(place: str, text: str) -> None:
    """The schema takes it, and it loads: what it extends is there, and its examples come out as it says."""
    Draft202012Validator(policy_schema()).validate(data(place, text))
    load_policy(DEFAULT_NAME, reader=lambda path: text.encode())


def test_the_page_on_policies_shows_the_examples_own() -> None:
    """Whoever compares the two finds no difference."""
    page = Path("docs/how-to/tighten-the-policy.md")
    block = next(block for block in blocks(page) if block.language == "yaml")
    example = (TOP / "examples/monorepo-tightened/repository" / DEFAULT_NAME).read_text()
    assert block.text == f"# {DEFAULT_NAME}\n{example}"


def test_there_are_all_to_see() -> None:
    """A page that shows a file in another way would not be tested."""
    assert {Path(place.partition(":")[0]).name for place, _ in PLANS} >= {"README.md", "first-run.md", "plan.yaml"}
    assert {Path(place.partition(":")[0]).name for place, _ in POLICIES} >= {"policy.md", "policy.yaml"}
    assert {Path(place.partition(":")[0]).name for place, _ in PARTS} >= {"write-a-plan.md"}


def test_shown_json_is_json() -> None:
    """Whoever copies it can parse it."""
    for page in pages():
        for block in blocks(page):
            if block.language == "json":
                json.loads(block.text)
