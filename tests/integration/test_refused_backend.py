"""No command opens a sandbox in a backend that can't keep a promise: exit code 4 names the promise and a remedy."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.aftermath import no_traceback, refused
from tests.integration.conftest import MakeProgram
from tests.integration.machine import no_namespaces
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.integration.weak_engine import weak_engine
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

LACKS = {"SecurityOptions": [], "PidsLimit": False}
SAYS = (
    "docker can't keep the promise \"the engine's seccomp profile is on\": the engine filters no system calls",
    'nor "the number of processes is limited": the engine can\'t limit the number of processes',
    "use an engine built with seccomp",
    "enable the kernel's cgroup controller for the number of processes",
)
DOCKER = ("--backend", "docker")


@pytest.fixture
def weak(make: MakeProgram, tmp_path: Path) -> Iterator[tuple[Program, list[str]]]:
    """A program whose engine filters nothing and counts no processes, and what that engine was asked."""
    with weak_engine(tmp_path, **LACKS) as (url, asked):
        program = make({"a.txt": "a\n"})
        yield replace(program, env={**program.env, "DOCKER_HOST": url}), asked


def written(program: Program) -> Path:
    """A plan with one task, beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one.")))
    return path


def test_run_draft_demo_and_attack(weak: tuple[Program, list[str]]) -> None:
    """A new run, a draft, the demo and the attack are refused before anything is made, all broken promises named."""
    program, asked = weak
    refused(program, "run", written(program), *DOCKER, code=4, says=(*SAYS, "or use `--backend bubblewrap`"))
    refused(program, "draft", "Port it.", "--model", "openai/x", *DOCKER, code=4, says=SAYS)
    refused(program, "demo", *DOCKER, code=4, says=SAYS)
    refused(program, "doctor", "--attack", *DOCKER, code=4, says=SAYS)
    assert {path.rpartition("/")[2] for path in asked} <= {"version", "info", "json"}  # nothing was created


def test_resume_and_merge(weak: tuple[Program, list[str]], scripted_server: ScriptedServer) -> None:
    """A run that exists is not gone on with there, and what it held is not landed there."""
    program, _ = weak
    conversation = talk("editor", "Write one.", shell("echo 1 > one.txt"), done())
    scripted_server.play(conversation)
    stopped = program.run(written(program), "--backend", "bubblewrap", "--limit", "steps=1")
    assert stopped.returncode == 3, stopped.stderr
    refused(program, "resume", "last", *DOCKER, "--limit", "steps=9", code=4, says=SAYS)
    scripted_server.play(conversation)
    held = program.run("resume", "last", "--backend", "bubblewrap", "--limit", "steps=9", "--hold")
    assert held.returncode == 0, held.stderr
    refused(program, "merge", "last", *DOCKER, code=4, says=SAYS)
    assert program.tree("main") == {"a.txt": "a"}


def test_auto_takes_one_that_keeps_them(weak: tuple[Program, list[str]]) -> None:
    """`auto` passes a backend by that breaks a promise, and `check` says why one that was named won't do."""
    program, _ = weak
    path = written(program)
    assert program.json("check", path)["sandbox"]["backend"] == "bubblewrap"
    sandbox = program.json("check", path, *DOCKER)["sandbox"]
    assert sandbox["backend"] is None
    assert SAYS[0] in sandbox["why_not"]


def test_neither_can(weak: tuple[Program, list[str]]) -> None:
    """Where namespaces are forbidden as well, both are named with what each lacks."""
    program, _ = weak
    before = no_namespaces()
    line = [*before, "mimo-orchestrate", "run", str(written(program))]
    ran = subprocess.run(line, cwd=program.repository, env=program.env, capture_output=True, text=True, check=False)
    no_traceback(ran)
    assert ran.returncode == 4, ran.stderr
    for said in (*SAYS, "no sandbox can be had here", "\n  bubblewrap: "):
        assert said in ran.stderr, ran.stderr
