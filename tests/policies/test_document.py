"""Files that users write are read with places, and what is wrong is shown where it stands."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from policies.document import DocumentError, read_document, render
from policies.problems import Problem
from policies.validation import validate


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    steps: int = 1
    mode: Literal["auto", "hold"] = "auto"


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    limits: _Inner | None = None
    tasks: list[_Inner] = []
    names: str | list[str] = ""


def _problems(source: str | bytes) -> list[Problem]:
    with pytest.raises(DocumentError) as caught:
        validate(read_document(source, file="plan.yaml"), _Outer)
    return list(caught.value.problems)


def test_plain_data_comes_back_with_places() -> None:
    """Values have the types of YAML 1.2, and each key and value its line and column."""
    document = read_document("a: 1\nb: [x, 'true', true, 1.5, null]\nc:\n  d: 10m\n", file="f")
    assert document.data == {"a": 1, "b": ["x", "true", True, 1.5, None], "c": {"d": "10m"}}
    assert document.key_place(("c", "d")) == (4, 3)
    assert document.value_place(("c", "d")) == (4, 6)
    assert document.value_place(("b", 2)) == (2, 16)
    assert document.value_place(("nowhere", "at all")) == (1, 1)


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        ("a: 1\na: 2\n", (2, 1), "duplicate key 'a'"),
        ("a: &x 1\nb: 2\n", (1, 4), "anchors and aliases are not read here"),
        ("a: *x\n", (1, 4), "anchors and aliases are not read here"),
        ("a: !!python/object:os.system x\n", (1, 4), "tags are not read here"),
        ("a: 1\n---\nb: 2\n", (2, 1), "one file holds one document"),
        ("a: [1\nb: 2\n", (2, 2), ""),
        ("? [a]\n: 1\n", (1, 3), "a key must be a word"),
        ("a: \x00\n", (1, 1), "not YAML"),
        (b"a: 1\nb: \xff\n", (2, 4), "not UTF-8"),
        ("a: \ud800\n", (1, 1), "not UTF-8"),
        ("x" * (1 << 20) + "y", (1, 1), "larger than"),
        ("[" * 200 + "]" * 200, (1, 42), "nested more than 40 deep"),
    ],
)
def test_what_is_not_read_is_refused_with_its_place(source: str | bytes, place: tuple[int, int], message: str) -> None:
    """Duplicate keys, bombs, tags, several documents, bad encodings and oversize are named where they stand."""
    with pytest.raises(DocumentError) as caught:
        read_document(source, file="f")
    problem = caught.value.problems[0]
    assert (problem.line, problem.col) == place
    assert message in problem.message


def test_all_duplicate_keys_are_reported_in_one_go() -> None:
    """A file with two mistakes shows both."""
    with pytest.raises(DocumentError) as caught:
        read_document("a: 1\na: 2\nb: {c: 1, c: 2}\n", file="f")
    assert [(problem.line, problem.col) for problem in caught.value.problems] == [(2, 1), (3, 11)]


def test_every_error_of_a_model_has_its_place() -> None:
    """Unknown keys point at the key, wrong values at the value, missing keys at the mapping that lacks them."""
    problems = _problems("limits:\n  step: 3\n  mode: hodl\ntasks:\n  - steps: many\nnames: 3\n")
    shown = [(problem.line, problem.col, problem.message, problem.hint) for problem in problems]
    assert shown[0] == (1, 1, "'name' is missing", None)
    assert shown[1] == (2, 3, "unknown key 'step'", "did you mean 'steps'?")
    assert shown[2] == (3, 9, "must be 'auto' or 'hold', not 'hodl'", "did you mean 'hold'?")
    assert shown[3][:2] == (5, 12)
    assert shown[4][:2] == (6, 8)
    assert "; or " in shown[4][2]


def test_a_missing_key_points_at_the_mapping_inside() -> None:
    """Within a list the mapping lacking a key is the place, not the file."""

    class Item(BaseModel):
        id: str

    class Items(BaseModel):
        items: list[Item]

    with pytest.raises(DocumentError) as caught:
        validate(read_document("items:\n  - {x: 1}\n", file="f"), Items)
    problem = caught.value.problems[0]
    assert (problem.line, problem.col, problem.message) == (2, 5, "'id' is missing")


@pytest.mark.parametrize("source", ["", "# nothing\n", "- a\n", "word\n"])
def test_a_file_that_is_no_mapping_is_an_error_of_the_whole_file(source: str) -> None:
    """An empty file, a list or a word is reported at 1:1."""
    assert [(problem.line, problem.col) for problem in _problems(source)] == [(1, 1)]


def test_rendering_shows_line_caret_and_hint() -> None:
    """A problem is shown as FILE:LINE:COL, its source line, a caret below the place, and the hint."""
    text = "name: x\nlimits: {step: 3}\n"
    assert render(_problems(text), text) == (
        "plan.yaml:2:10: unknown key 'step'\n  limits: {step: 3}\n           ^\n  did you mean 'steps'?"
    )


def test_a_file_that_is_not_there_has_no_line_to_show() -> None:
    """Nor has an empty line: no caret stands below nothing."""
    problem = Problem(file="gone.yaml", line=1, col=1, message="not there", hint="where is it?")
    assert render([problem], "") == "gone.yaml:1:1: not there\n  where is it?"


def test_a_hostile_file_cannot_reach_the_terminal() -> None:
    """Escape sequences and bidi characters of the file are shown escaped, with the caret still in its place."""
    text = 'name: x\n"\\e]0;owned\u202e": 1\n'
    shown = render(_problems(text), text)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    line = Problem(file="f", line=1, col=3, message="\x1b[2J")
    assert render([line], "\x9b\u202ex") == "f:1:3: \\x1b[2J\n  \\x9b\\u202ex\n            ^"
