"""Every plan that the documents and the examples show is one that the program takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestrator.plan.loader import read_plan
from orchestrator.plan.schema import plan_schema
from policies.document import read_document

TOP = Path(__file__).parents[2]


def shown_plans() -> Iterator[tuple[str, str]]:
    """Names and texts of the plans in README, docs and examples."""
    for page in [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]:
        text = page.read_text() if page.exists() else ""
        for number, block in enumerate(re.findall(r"^```ya?ml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)):
            if re.search(r"^tasks:", block, re.MULTILINE):
                yield f"{page.name}:{number}", block
    for path in sorted((TOP / "examples").rglob("*.yaml")):
        text = path.read_text()
        if re.search(r"^tasks:", text, re.MULTILINE):
            yield str(path.relative_to(TOP)), text


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in shown_plans()])
def test_a_shown_plan_is_valid(text: str) -> None:
    """The schema takes it, and so does the program."""
    Draft202012Validator(plan_schema()).validate(read_document(text, file="plan.yaml").data)
    read_plan(text, file="plan.yaml")
