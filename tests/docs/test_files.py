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


PLANS = [(place, text) for place, text in shown() if "goal" in data(place, text)]
POLICIES = [(place, text) for place, text in shown() if "goal" not in data(place, text)]


@pytest.mark.parametrize(("place", "text"), [pytest.param(*one, id=one[0]) for one in PLANS])
def test_a_shown_plan_is_valid(place: str, text: str) -> None:
    """The schema takes it, and so does the program."""
    Draft202012Validator(plan_schema()).validate(data(place, text))
    read_plan(text, file=place)


@pytest.mark.parametrize(("place", "text"), [pytest.param(*one, id=one[0]) for one in POLICIES])
def test_a_shown_policy_is_valid(place: str, text: str) -> None:
    """The schema takes it, and it loads: what it extends is there, and its examples come out as it says."""
    Draft202012Validator(policy_schema()).validate(data(place, text))
    load_policy(DEFAULT_NAME, reader=lambda path: text.encode())


def test_there_are_both_to_see() -> None:
    """A page that shows a file in another way would not be tested."""
    assert {Path(place.partition(":")[0]).name for place, _ in PLANS} >= {"README.md", "tutorial.md", "plan.yaml"}
    assert {Path(place.partition(":")[0]).name for place, _ in POLICIES} >= {"policy.md"}
    assert {block.language for page in pages() for block in blocks(page)} <= {"", "yaml", "sh", "json", "text"}


def test_shown_json_is_json() -> None:
    """Whoever copies it can parse it."""
    for page in pages():
        for block in blocks(page):
            if block.language == "json":
                json.loads(block.text)
