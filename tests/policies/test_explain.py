"""Decisions and policies as data and on the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.cli.policy import app
from policies.document import DocumentError
from policies.explain import decision_json
from tests.policies.judging import judged

RUNNER = CliRunner()


def test_a_decision_is_data_of_the_documented_shape() -> None:
    """Each part has its text, verdict, rule, file, line, why and instead, and its place among the parts."""
    data = json.loads(json.dumps(decision_json(judged("ls && touch /x"))))
    assert data["verdict"] == "deny"
    assert [part["text"] for part in data["parts"]] == ["ls", "touch /x"]
    assert [part["verdict"] for part in data["parts"]] == ["allow", "deny"]
    judged_by = {"text", "verdict", "rule", "file", "line", "why", "instead"}
    assert set(data["parts"][1]) == judged_by | {"within", "under", "piped"}
    assert data["parts"][1]["instead"] == "write below /workspace or /tmp"


def test_what_decided_stands_with_its_file_and_line() -> None:
    """A rule's part names its preset and the line of the pattern."""
    part = judged("git push").deciding
    assert part.file == "standard"
    assert part.line > 1
    assert part.rule.startswith("deny: git push|pull")


def test_control_characters_are_escaped() -> None:
    """A hostile command can't steer the terminal that explains it."""
    shown = json.dumps(decision_json(judged("ls '\x1b]0;x\x07' \u202e")), ensure_ascii=False)
    assert not any(char in shown for char in "\x1b\x07\u202e")
    shown = RUNNER.invoke(app, ["check", "echo '\x1b[2J'", "--policy", "standard"]).stdout
    assert "\x1b" not in shown


def test_check_prints_a_tree_or_json() -> None:
    """`policy check` shows each part with its rule; `--json` the same as data; both end with 0."""
    tree = RUNNER.invoke(app, ["check", "ls; curl x", "--policy", "standard"])
    assert tree.exit_code == 0
    assert "deny   curl x" in tree.stdout
    assert "it reaches the network" in tree.stdout
    data = RUNNER.invoke(app, ["check", "ls; curl x", "--policy", "standard", "--json", "--role", "tester"])
    assert json.loads(data.stdout)["verdict"] == "deny"


def test_a_script_may_come_from_standard_input() -> None:
    """`-` reads it, for what is too long for an argument; bytes that are no text are judged as well."""
    data = json.loads(RUNNER.invoke(app, ["check", "-", "--policy", "standard", "--json"], input="ls\nid\n").stdout)
    assert [part["text"] for part in data["parts"]] == ["ls", "id"]
    refused = RUNNER.invoke(app, ["check", "-", "--policy", "standard", "--json"], input=b"ls \xff")
    assert json.loads(refused.stdout)["verdict"] == "deny"


def test_check_finds_the_repositorys_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--policy`, the file of the repository around the current directory is used, else `standard`."""
    (tmp_path / ".mimo").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / ".mimo/policy.yaml").write_text("version: 1\nextends: standard\ncommands: [{deny: ls}]\n")
    monkeypatch.chdir(tmp_path / "src")
    assert json.loads(RUNNER.invoke(app, ["check", "ls", "--json"]).stdout)["verdict"] == "deny"
    (tmp_path / "src/.git").mkdir()
    assert json.loads(RUNNER.invoke(app, ["check", "ls", "--json"]).stdout)["verdict"] == "allow"


def test_test_counts_and_names_what_failed(tmp_path: Path) -> None:
    """`policy test` ends with 1 if a case failed and says by which rule; with 0 if none did."""
    cases = tmp_path / "cases.jsonl"
    cases.write_text(
        '{"id": "a", "command": "ls", "expect": "allow"}\n{"id": "b", "command": "ls", "expect": "deny"}\n'
    )
    result = RUNNER.invoke(app, ["test", "standard", "--cases", str(cases), "--json"])
    outcome = json.loads(result.stdout)
    assert result.exit_code == 1
    assert outcome["passed"] > 1
    [failure] = outcome["failed"]
    assert failure.items() >= {"id": "b", "command": "ls", "expect": "deny", "got": "allow", "case_line": 2}.items()
    assert failure["rule"].startswith("allow: ls|")
    assert RUNNER.invoke(app, ["test", "standard"]).exit_code == 0
    more = tmp_path / "more.yaml"
    more.write_text("allow: [ls]\n")
    both = RUNNER.invoke(app, ["test", "standard", "--cases", str(more), "--cases", str(cases), "--json"])
    assert json.loads(both.stdout)["passed"] == outcome["passed"] + 1


@pytest.mark.parametrize("line", ["{", '{"id": "a", "command": "ls", "expect": "maybe"}', '{"id": "a"}'])
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str) -> None:
    """A broken file of cases is an error with its line, not a failed case."""
    cases = tmp_path / "cases.jsonl"
    cases.write_text(f'{{"id": "a", "command": "ls", "expect": "allow"}}\n\n{line}\n')
    result = RUNNER.invoke(app, ["test", "standard", "--cases", str(cases)])
    assert isinstance(result.exception, DocumentError)
    assert [problem.line for problem in result.exception.problems] == [3]


def test_show_lists_every_rule_with_its_place() -> None:
    """`policy show` gives all layers, nearest first, with lines; `--role` leaves others' rules out."""
    data = json.loads(RUNNER.invoke(app, ["show", "--policy", "strict", "--json"]).stdout)
    assert [layer["name"] for layer in data["layers"]] == ["strict", "standard"]
    assert data["default"] == "deny"
    assert all(rule["line"] > 0 for layer in data["layers"] for rule in layer["commands"])
    shown = RUNNER.invoke(app, ["show", "--policy", "strict", "--role", "editor"]).stdout
    assert "deny  sudo|su|doas" in shown
    assert "more than 60 files or 3000 lines" in shown
