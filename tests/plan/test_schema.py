"""The JSON Schema of a plan: it takes what the loader takes and refuses what the loader refuses for its shape."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from orchestrator.plan.models import Plan
from orchestrator.plan.references import reference_problems
from orchestrator.plan.schema import plan_schema
from policies.document import Document, read_document

DOCUMENTED = """\
version: 1
name: requests-to-httpx
goal: Replace requests by httpx in the client package, public API unchanged.
base: main
model: openai/gpt-5.2
models:
  reviewer: [anthropic/claude-opus-5, openai/gpt-5.2]
  coordinator: openai/gpt-5.2
prices: {openai/our-own: {input: 0.4, output: 1.6, cached: 0.1}}
sandbox:
  backend: auto
  image: python:3.12-slim
  setup: [python -m pip install -r requirements.txt]
  setup_network: []
  secrets: [INDEX_TOKEN]
  disk: 4g
  network: [packages.example.com:443, "*.example.org"]
  cpus: 2
  memory: 2g
  pids: 256
  timeout: 10m
  env: {PYTHONDONTWRITEBYTECODE: "1"}
policy: .mimo/policy.yaml
verify: [python -m pytest -q]
limits: {parallel: 4, steps: 200, tokens: 5000000, cost: 10.00, wall: 2h, attempts: 2, rounds: 4, context: 200000}
merge: {mode: auto, style: squash}
tasks:
  - id: survey
    role: investigator
    goal: List every use of requests and what each relies on.
  - id: port-client
    role: editor
    needs: [survey]
    goal: |
      Port src/client to httpx.
    paths: [src/client/**, pyproject.toml]
    verify: [python -m pytest -q tests/client]
    gates: [tester, reviewer]
    limits: {steps: 80}
"""


def data(text: str) -> Any:
    """A YAML text as the loader reads it."""
    return read_document(text, file="plan.yaml").data


def test_the_schema_is_a_schema() -> None:
    """Editors refuse a schema that is not one."""
    Draft202012Validator.check_schema(plan_schema())


def test_the_documented_plan_is_accepted_by_schema_and_models() -> None:
    """Everything that the documentation shows in a plan is known."""
    Draft202012Validator(plan_schema()).validate(data(DOCUMENTED))
    assert Plan.model_validate(data(DOCUMENTED)).sandbox.network == ("packages.example.com:443", "*.example.org")


def test_a_plan_as_the_journal_keeps_it_is_accepted() -> None:
    """What the program writes as a plan is a plan for editors, too."""
    Draft202012Validator(plan_schema()).validate(Plan.model_validate(data(DOCUMENTED)).dumped())


def test_defaults_in_the_schema_are_written_as_in_a_file() -> None:
    """An editor that fills in a default writes a valid plan: units, no nulls."""
    settings = plan_schema()["$defs"]["SandboxSettings"]["properties"]
    assert (settings["timeout"]["default"], settings["memory"]["default"]) == ("10m", "2g")
    assert "null" not in str(plan_schema())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version: 1", "version: 2"),
        ("name: requests-to-httpx", "name: Requests"),
        ("base: main", "base: -x"),
        ("base: main", "base:"),
        ("base: main", "bse: main"),
        ("model: openai/gpt-5.2\n", "model: [a, b]\n"),
        ("[anthropic/claude-opus-5, openai/gpt-5.2]", "[]"),
        ("input: 0.4", "input: free"),
        ("backend: auto", "backend: podman"),
        ("  image: python:3.12-slim", "  image: a\n  dockerfile: b"),
        ("disk: 4g", "disk: 4"),
        ("cpus: 2", "cpus: 0"),
        ("memory: 2g", "memory: lots"),
        ("timeout: 10m", "timeout: 600"),
        ('"1"}', "1}"),
        ("PYTHONDONTWRITEBYTECODE", '"A B"'),
        ('"*.example.org"', '"https://example.org"'),
        ("verify: [python -m pytest -q]\n", "verify: python -m pytest -q\n"),
        ("steps: 200", "steps: -1"),
        ("steps: 200", "steps: '200'"),
        ("wall: 2h", "wall: 2 hours"),
        ("mode: auto", "mode: never"),
        ("id: survey", "id: main"),
        ("role: editor", "role: coordinator"),
        ("needs: [survey]", "needs: [survey, survey]"),
        ("gates: [tester, reviewer]", "gates: [tester, tester]"),
        ("[src/client/**, pyproject.toml]", "[../x]"),
        ("[src/client/**, pyproject.toml]", "[]"),
        ("limits: {steps: 80}", "limits: {parallel: 2}"),
    ],
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses(right: str, wrong: str) -> None:
    """An editor marks the mistakes that the program would refuse."""
    assert right in DOCUMENTED
    broken = data(DOCUMENTED.replace(right, wrong, 1))
    assert not Draft202012Validator(plan_schema()).is_valid(broken)


GOOD = data(DOCUMENTED)
VALIDATOR = Draft202012Validator(plan_schema())

JUNK = [
    None,
    True,
    -1,
    0,
    1.5,
    10**15,
    "",
    " ",
    "x",
    "X y",
    "main",
    "10m",
    "2g",
    "a\nb",
    "../x",
    "-x",
    [],
    {},
    ["x"],
    {"x": 1},
]
"""Values that are right in some places and wrong in most."""

CROSSING = ("no task has this id", "duplicate id", "a cycle", "that a gate could look at")
"""What only the whole plan can tell, and no schema of a value."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoiled(path: tuple[str | int, ...], junk: Any) -> Any:
    """The documented plan with one value replaced."""
    document = copy.deepcopy(GOOD)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = junk
    return document


def refused(value: Any) -> bool:
    """Whether the program refuses a plan for what single values tell."""
    document = Document(file="plan.yaml", text="", data=value, keys={}, values={})
    problems = [each for each in reference_problems(document) if not any(word in each.message for word in CROSSING)]
    try:
        Plan.model_validate(value)
    except ValidationError:
        return True
    return bool(problems) or "None" in str(value)


@given(st.sampled_from(list(places(GOOD))), st.sampled_from(JUNK))
@settings(max_examples=300, deadline=None)
def test_schema_and_loader_agree_on_every_value(path: tuple[str | int, ...], junk: Any) -> None:
    """Whatever stands in whatever place, an editor and the program say the same of it."""
    document = spoiled(path, junk)
    assert refused(document) != VALIDATOR.is_valid(document)
