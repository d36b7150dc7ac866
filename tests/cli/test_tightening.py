"""`policy backtest` and `policy coverage`, from the words that a user types to what they see and the exit code."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from orchestrator.cli.past_runs import past_runs
from orchestrator.cli.state import HUB, JOURNAL
from orchestrator.journal.store import JournalStore
from tests.cli.conftest import Type
from tests.cli.display import plugged_in
from tests.cli.test_reading import OTHER, tampered
from tests.tightening.past import did, ended, started
from tests.views import story

TIGHT = """\
version: 1
extends: standard
commands:
  - deny: git status
    why: look at the files
changes:
  - deny: "*.py"
"""


@pytest.fixture
def tight(repository: Path) -> Path:
    """A policy in the working copy that nobody has committed."""
    path = repository / "tight.yaml"
    path.write_text(TIGHT)
    return path


def test_a_policy_that_permits_all_that_landed_ends_well(state: Path, type_in: Type) -> None:
    """Without RUN all runs are judged, and what they landed with them."""
    typed = type_in("policy", "backtest", "standard")
    assert (typed.code, typed.err) == (0, "")
    assert typed.out.endswith("1 run under standard: none of 2 landed tasks would have failed\n")
    told = json.loads(type_in("policy", "backtest", "standard", "--json").out)
    assert [(run["run"], run["acts"], run["diffs"]) for run in told["runs"]] == [(story.RUN, 3, 1)]


def test_a_policy_that_stops_what_landed_is_told_by_the_exit_code(state: Path, tight: Path, type_in: Type) -> None:
    """The file is read as it lies there; the command and the diff that it refuses are named with step and place."""
    typed = type_in("policy", "backtest", "tight.yaml", "last")
    assert typed.code == 1
    for expected in (
        f"{story.RUN}: would have been stopped: port would have failed\n",
        "    editor.1 step 1  allow -> deny  would have been refused\n      git status\n",
        "      deny: git status (tight.yaml:4): look at the files\n",
        "    diff  allow -> deny  would have been refused\n      a.py\n",
        "      changes deny: *.py (tight.yaml:7): a rule says so\n",
    ):
        assert expected in typed.out
    assert "would have failed" in typed.out.splitlines()[-1]
    told = type_in("policy", "backtest", "tight.yaml", "last", "--json")
    assert (told.code, json.loads(told.out)["stopped"]) == (1, [{"run": story.RUN, "task": "port"}])


def test_without_the_commits_commands_are_judged_alone(state: Path, tight: Path, type_in: Type) -> None:
    """The diff is said not to be judged; what can be judged still is."""
    shutil.rmtree(state / HUB)
    (run,) = json.loads(type_in("policy", "backtest", "tight.yaml", "--json").out)["runs"]
    assert (run["gone"], run["diffs"], run["stopped"]) == (["port"], 0, ["port"])
    assert "not judged, for the commits are gone: the diff of port\n" in type_in("policy", "backtest", "standard").out


def test_runs_are_named_as_everywhere(state: Path, tight: Path, type_in: Type) -> None:
    """Whole, by a unique beginning or as `last`; several at once, in that order, each once."""
    with JournalStore(state / JOURNAL) as store:
        store.append(OTHER, [*started("a"), *did("a", "ls"), *ended("a")])

    def judged(command: str, *words: str) -> list[str]:
        told = json.loads(type_in("policy", command, *words, "--json").out)
        return [run if isinstance(run, str) else run["run"] for run in told["runs"]]

    assert judged("backtest", "standard") == [OTHER, story.RUN]
    assert judged("backtest", "standard", "demo-20260101", "last", OTHER) == [story.RUN, OTHER]
    assert judged("coverage", "last") == [OTHER]
    wrong = type_in("policy", "backtest", "standard", "demo")
    assert (wrong.code, "may be any of 2 runs" in wrong.err) == (2, True)
    assert type_in("policy", "coverage", "nothing").code == 2


def test_the_uses_of_the_policy_in_force_are_counted(state: Path, tight: Path, type_in: Type) -> None:
    """It is that of the repository, else the preset, unless another one is named."""
    assert type_in("policy", "coverage").out.startswith("standard: ")
    named = type_in("policy", "coverage", "--policy", "tight.yaml")
    assert (named.code, named.err) == (0, "")
    assert named.out.startswith("tight.yaml: 2 rules, none of which never decided\n")
    (tight.parent / ".mimo").mkdir()
    tight.rename(tight.parent / ".mimo" / "policy.yaml")
    layers = json.loads(type_in("policy", "coverage", "--json").out)["layers"]
    assert [(rule["text"], rule["parts"]) for rule in layers[0]["rules"]] == [("git status", 1), ("*.py", 1)]


@pytest.mark.parametrize("words", [("backtest", "standard"), ("coverage",)])
def test_without_runs_there_is_nothing_to_learn_from(repository: Path, type_in: Type, words: tuple[str, ...]) -> None:
    """That is a mistake, with what to do instead."""
    typed = type_in("policy", *words)
    assert (typed.code, typed.out) == (2, "")
    assert "this repository has no runs\n  start one: mimo-orchestrate PLAN.yaml" in typed.err


def test_a_policy_that_can_not_be_read_is_shown_with_its_place(state: Path, repository: Path, type_in: Type) -> None:
    """As everywhere: file, line, column, the line itself; and one that is missing with what there is."""
    (repository / "wrong.yaml").write_text("version: 1\ncomands: []\n")
    typed = type_in("policy", "backtest", "wrong.yaml")
    assert (typed.code, typed.out) == (2, "")
    assert "wrong.yaml:2:1: unknown key 'comands'" in typed.err
    assert "did you mean 'standard'?" in type_in("policy", "backtest", "standart").err
    assert type_in("policy", "backtest").code == 2


def test_a_journal_that_no_longer_reads_points_to_the_audit(state: Path, type_in: Type) -> None:
    """Nothing is concluded from what somebody changed."""
    tampered(state / JOURNAL, "UPDATE events SET payload = '{}' WHERE seq = 3")
    for words in (("backtest", "standard"), ("coverage",)):
        typed = type_in("policy", *words)
        assert typed.code == 4
        assert f"mimo-orchestrate audit verify {story.RUN}" in typed.err


def test_what_takes_long_is_told_at_a_terminal(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, of which nothing is left; nothing at all while it is quick, nor where no terminal is."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert [run.run for run in past_runs((), patience_seconds=0.0)] == [story.RUN]
    assert capsys.readouterr() == ("", "")
    with plugged_in() as pty, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", pty.stream)
        patch.setattr(sys, "stdout", pty.stream)
        quick = past_runs(())
        assert (next(quick).run, pty.look(), list(quick)) == (story.RUN, "", [])
        slow = past_runs((), patience_seconds=0.0)
        assert (next(slow).run, pty.look()) == (story.RUN, f"judging run 1 of 1: {story.RUN}")
        assert (list(slow), pty.look()) == ([], "")
