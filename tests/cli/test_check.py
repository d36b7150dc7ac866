"""`check` and `--dry-run` on a real repository: what they find, and that nothing is run or made."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.errors import SandboxUnavailable
from tests.cli.conftest import Type, commit, git

PLAN = """\
version: 1
name: demo
goal: Make it better.
model: openai/a
tasks:
  - {id: one, role: editor, goal: g, paths: [src]}
  - {id: two, role: editor, goal: g, needs: [one]}
"""


@pytest.fixture
def plan(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan outside of what is committed, on a machine where no sandbox works."""

    async def nothing_works(name: str) -> None:
        raise SandboxUnavailable(f"nothing works for {name}", "get something that does")

    monkeypatch.setattr("sandbox.backends.choose", nothing_works)
    path = repository / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_check_shows_the_plan_here(plan: Path, type_in: Type) -> None:
    """The order, the repository's state and the preset are there even where no sandbox is."""
    typed = type_in("check", "plan.yaml")
    assert (typed.code, typed.err) == (0, "")
    for expected in ("1.  one  editor", "2.  two  editor", "it can't run here: nothing works for auto", "standard: "):
        assert expected in typed.out
    assert "uncommitted files (1 new)" in typed.out


def test_dry_run_is_check_under_the_options_of_the_run(plan: Path, type_in: Type) -> None:
    """What the command line says over the plan is in force, in words and as JSON."""
    typed = type_in("plan.yaml", "--dry-run", "--json", "--backend", "docker", "--limit", "steps=3", "--model", "x/y")
    told = json.loads(typed.out)
    assert typed.code == 0
    assert told["limits"]["steps"] == 3
    assert told["models"] == {"editor": ["x/y"], "tester": ["x/y"], "reviewer": ["x/y"]}
    assert told["sandbox"]["why_not"] == "nothing works for docker; get something that does"


def test_the_sandbox_is_the_one_that_a_run_would_use(
    plan: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option goes before its variable, and that before the plan, as they do when the plan is run."""
    monkeypatch.setenv("MIMO_BACKEND", "docker")
    assert "nothing works for docker" in type_in("check", "plan.yaml").out
    assert "nothing works for bubblewrap" in type_in("check", "plan.yaml", "--backend", "bubblewrap").out


def test_check_says_how_to_run_what_it_checked(plan: Path, type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to type next is shown where it is whole: options that were typed would be lacking in it."""

    async def works(_: str) -> SimpleNamespace:
        return SimpleNamespace(name="bubblewrap")

    monkeypatch.setattr("sandbox.backends.choose", works)
    assert type_in("check", "plan.yaml").out.endswith("nothing was run\nnext: mimo-orchestrate run plan.yaml\n")
    assert type_in("plan.yaml", "--dry-run", "--hold").out.endswith("nothing was run\n")
    assert type_in("check", "plan.yaml", "--backend", "bubblewrap").out.endswith("nothing was run\n")
    monkeypatch.setenv("MIMO_BACKEND", "bubblewrap")
    assert type_in("check", "plan.yaml").out.endswith("next: mimo-orchestrate run plan.yaml\n")


def test_checking_makes_nothing(plan: Path, type_in: Type, tmp_path: Path) -> None:
    """No state, no refs, no change of the checkout."""
    before = git(plan.parent, "status", "--porcelain"), git(plan.parent, "for-each-ref")
    type_in("check", "plan.yaml")
    assert (git(plan.parent, "status", "--porcelain"), git(plan.parent, "for-each-ref")) == before
    assert not (tmp_path / "state").exists()


def test_the_repositorys_own_policy_is_the_one_shown(plan: Path, type_in: Type) -> None:
    """A committed policy is in force; an uncommitted change to it is not."""
    (plan.parent / ".mimo").mkdir()
    commit(plan.parent, ".mimo/policy.yaml", "version: 1\nextends: strict\ndefault: deny\n", "Policy.")
    (plan.parent / ".mimo" / "policy.yaml").write_text("version: 1\nextends: open\n")
    told = json.loads(type_in("check", "plan.yaml", "--json").out)
    assert [layer["name"] for layer in told["policy"]["layers"]][:2] == [".mimo/policy.yaml", "strict"]
    assert told["policy"]["default"] == "deny"


def test_a_directory_in_paths_is_pointed_out(plan: Path, type_in: Type) -> None:
    """A directory's name covers nothing in it, and the plan's author learns that before the run."""
    (plan.parent / "src").mkdir()
    commit(plan.parent, "src/a.py", "x = 1\n", "Sources.")
    warnings = json.loads(type_in("check", "plan.yaml", "--json").out)["warnings"]
    assert warnings == [
        "one: src is a directory; write src/** for what is in it",
        "no price is known for openai/a: the cost limit does not count it; add it to `prices` in the plan, or set a "
        "limit on tokens",
    ]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (PLAN.replace("needs: [one]", "needs: [oen]"), 2, "plan.yaml:7:46: needs 'oen', but no task has this id"),
        (PLAN + "base: nowhere\n", 4, "there is no local branch 'nowhere'"),
        (PLAN + "policy: missing.yaml\n", 2, "missing.yaml"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(plan: Path, type_in: Type, text: str, code: int, said: str) -> None:
    """A wrong plan and a missing policy are mistakes of usage, a missing base is one of the repository."""
    plan.write_text(text)
    typed = type_in("check", "plan.yaml")
    assert (typed.code, typed.out) == (code, "")
    assert said in typed.err


def test_a_plan_that_is_not_there_is_a_mistake_of_usage(repository: Path, type_in: Type) -> None:
    """Both ways to name a plan say so."""
    for words in (["check", "none.yaml"], ["none.yaml"]):
        typed = type_in(*words)
        assert typed.code == 2
        assert "none.yaml: No such file or directory" in typed.err
