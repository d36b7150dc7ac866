"""The presets judge their files of cases as they promise: `standard` as its specification, the others beside it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.loader import preset as loaded
from policies.verdict import Decision, Verdict
from tests.policies.judging import judged

HERE = Path(__file__).parent


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text().split("\n") if line]


preset = cache(loaded)


@cache
def decided(command: str, name: str = "standard") -> Decision:
    """The decision of a preset on a command, made once."""
    return judged(command, policy=preset(name) if name != "standard" else None)


CORPUS = _lines("corpus.jsonl")
CASES = _lines("cases.jsonl")


def _misjudged(cases: list[dict[str, Any]], name: str = "standard") -> list[tuple[str, str, str]]:
    # One test for a whole file: a test for each of a thousand cases would cost more than the judging.
    return [
        (case["id"], case["command"], str(decision.deciding))
        for case in cases
        if (decision := decided(case["command"], name)).verdict != case["expect"]
    ]


def test_the_specified_corpus_is_judged_as_specified() -> None:
    """Each core case of the specification's corpus gets exactly its verdict."""
    assert not _misjudged([case for case in CORPUS if case["tier"] == "core"])


def test_a_debatable_case_never_runs_unasked_against_its_specification() -> None:
    """Where the corpus calls a verdict debatable, at least nothing is allowed that it does not allow."""
    refused = [case for case in CORPUS if case["tier"] != "core" and case["expect"] != "allow"]
    assert not [case["id"] for case in refused if decided(case["command"]).verdict is Verdict.ALLOW]


def test_everyday_work_and_known_attacks_keep_their_verdicts() -> None:
    """Commands of everyday work (`work-*`) run; attempts to talk around the policy (`attack-*`) do not."""
    assert not _misjudged(CASES)


@pytest.mark.parametrize("name", ["strict", "open"])
def test_the_other_presets_keep_their_verdicts(name: str) -> None:
    """`strict` refuses what no rule allows, `open` lets builds and scripts run, and the hard denials stand in both."""
    assert not _misjudged(_lines(f"cases-{name}.jsonl"), name)


def test_every_part_says_what_decided_it() -> None:
    """No verdict without a rule, a file and a reason, and none that is a failure of the judge."""
    parts = [part for case in CORPUS + CASES for part in decided(case["command"]).parts]
    assert not [part for part in parts if not (part.rule and part.file and part.why) or part.rule == "internal"]
