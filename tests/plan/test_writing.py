"""What the program writes into a plan file is read back as it was, and what stood there stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.plan.loader import read_plan
from orchestrator.plan.writing import plan_beginning, with_tasks
from policies.document import read_document

WRITTEN = """# what we want
version: 1
name: demo      # a name
goal: |
  Make it better.
limits: {steps: 5, wall: 10m}
"""
FLOW = '{"version": 1, "name": "demo", "goal": "Make it better."}'

TEXTS = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=60) | st.text(
    alphabet="ab \n#:-'\"|*&!%@`{}[],01.e~\t", min_size=1, max_size=30
)


@given(TEXTS, st.sampled_from([WRITTEN, FLOW]))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_back(text: str, source: str) -> None:
    """Nothing that a model says is taken for YAML, folded or trimmed."""
    task = {"id": "a", "role": "editor", "goal": text, "paths": [text], "verify": [text, text], "needs": []}
    document = read_document(with_tasks(source, [task, task]), file="plan.yaml").data
    assert document["tasks"] == [{key: value for key, value in task.items() if value}] * 2
    assert document["goal"] == read_document(source, file="plan.yaml").data["goal"]


def test_what_the_user_wrote_stays() -> None:
    """Comments, order and styles are kept; tasks read as if written by hand."""
    tasks: list[dict[str, object]] = [
        {"id": "survey", "role": "investigator", "goal": "List the uses."},
        {"id": "port", "role": "editor", "goal": "Port it.\nAll of it: now", "needs": ["survey"], "paths": ["src/**"]},
    ]
    assert with_tasks(WRITTEN, tasks) == WRITTEN + (
        "tasks:\n"
        "  - id: survey\n"
        "    role: investigator\n"
        "    goal: List the uses.\n"
        "  - id: port\n"
        "    role: editor\n"
        "    goal: |-\n"
        "      Port it.\n"
        "      All of it: now\n"
        "    needs: [survey]\n"
        '    paths: ["src/**"]\n'
    )


@pytest.mark.parametrize("goal", ["Port it.", "true", "a: b # c", 'say "x"\nand y', "\u202e", "- x"])
def test_the_beginning_of_a_plan_is_a_plan(goal: str) -> None:
    """A draft can be read by the program that wrote it, whatever its goal."""
    plan = read_plan(plan_beginning(name="x", goal=goal, model="openai/x", comment="One.\nTwo."), file="plan.yaml")
    assert (plan.goal, plan.model, plan.verify, plan.tasks) == (goal, "openai/x", (), ())
