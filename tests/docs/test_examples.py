"""The examples are of real shape: each is run by the installed program, and lands what its folder says."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.plan.loader import load_plan
from tests.docs.plays import monorepo, port, rename, split
from tests.integration.program import Program, make_program
from tests.server.fixture import ScriptedServer
from tests.tree import TOP, below, files

EXAMPLES = TOP / "examples"
PLAYS = {
    "rename-across-packages": rename.play,
    "dependency-port": port.play,
    "monorepo-tightened": monorepo.play,
    "goal-only": split.play,
}


def test_every_example_is_tested() -> None:
    """Each has a plan that loads, a few lines on what to look at, and what lands."""
    names = {path.parts[1] for path in below("examples", suffixes=(".yaml", ".md", ".py", ".diff"))}
    assert names == set(PLAYS)
    for name in names:
        load_plan(EXAMPLES / name / "plan.yaml")
        assert "(landed.diff)" in (EXAMPLES / name / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYS)
def test_an_example_lands(name: str, tmp_path: Path, scripted_server: ScriptedServer) -> None:
    """Every task ends well, and main has exactly the tree that the example's diff makes."""
    program = make_program(tmp_path, scripted_server, files_of(EXAMPLES / name / "repository"))
    program.env["HOSTED_VLLM_API_BASE"] = scripted_server.base_url
    scripted_server.play(*PLAYS[name]())
    wanted = landed(program, name)

    ran = program.run("run", "--backend", "bubblewrap", EXAMPLES / name / "plan.yaml")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    if load_plan(EXAMPLES / name / "plan.yaml").merge.mode == "hold":
        assert program.git("rev-list", "--count", "main") == "1"
        merged = program.run("merge", "last", "--backend", "bubblewrap")
        assert merged.returncode == 0, merged.stderr + merged.stdout

    assert program.git("diff", wanted, "main^{tree}") == ""
    assert program.git("status", "--porcelain") == ""


def files_of(directory: Path) -> dict[str, str]:
    """The files below a directory that git holds, or would hold, by their paths in it."""
    inside = directory.relative_to(TOP)
    found = [path for path in files() if path.is_relative_to(inside)]
    return {str(path.relative_to(inside)): (TOP / path).read_text() for path in found}


def landed(program: Program, name: str) -> str:
    """The tree that the example's diff makes of its repository; neither its index nor its files are touched."""
    apart = Program(
        repository=program.repository,
        env={**program.env, "GIT_INDEX_FILE": str(program.repository.parent / "index")},
    )
    apart.git("read-tree", "main")
    apart.git("apply", "--cached", str(EXAMPLES / name / "landed.diff"))
    return apart.git("write-tree")
