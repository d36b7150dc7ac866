"""`doctor` on machines that have everything, and on some that lack something: what is said, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor.credentials import ENDPOINTS, KEYS
from tests.integration.aftermath import no_traceback
from tests.integration.machine import WITHOUT_GIT, no_namespaces, nowhere
from tests.integration.program import SCRIPT, Program, make_program

pytestmark = pytest.mark.slow

SECRET = "canary-1f2e3d4c5b6a"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A repository in an empty home, on a machine without a Docker engine."""
    found = make_program(tmp_path, None, {"a.txt": "a\n"})
    return replace(found, env={**found.env, "DOCKER_HOST": nowhere(tmp_path)})


def findings(program: Program, *words: str, code: int, before: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """What `doctor --json` found, by name; its exit code and its word of whether a run can start agree."""
    line = [*before, str(SCRIPT), "doctor", "--json", *words]
    finished = subprocess.run(
        line, cwd=program.repository, env=program.env, capture_output=True, text=True, check=False, timeout=120
    )
    no_traceback(finished)
    assert SECRET not in finished.stdout + finished.stderr
    assert finished.returncode == code, finished.stdout + finished.stderr
    told = json.loads(finished.stdout)
    assert told["can_start"] == (code == 0)
    found: dict[str, list[dict[str, Any]]] = {"chosen": [{"backend": told["backend"]}]}
    for finding in told["findings"]:
        assert set(finding) == {"name", "condition", "found", "remedy"}
        assert finding["condition"] in {"ok", "missing", "note"}
        found.setdefault(finding["name"], []).append(finding)
    return found


def conditions(found: dict[str, list[dict[str, Any]]], name: str) -> set[str]:
    """How everything of one name was found."""
    return {finding["condition"] for finding in found[name]}


def remedies(found: dict[str, list[dict[str, Any]]], name: str) -> str:
    """What to do about everything of one name."""
    return "\n".join(finding["remedy"] or "" for finding in found[name])


def test_without_docker_bubblewrap_does(program: Program) -> None:
    """Exit code 0: all that a run needs is there, and the engine that is not is worth a note with what to do."""
    found = findings(program, code=0)
    for name in ("program", "packages", "git", "state", "bubblewrap", "backend"):
        assert conditions(found, name) == {"ok"}, found[name]
    assert found["chosen"] == [{"backend": "bubblewrap"}]
    assert conditions(found, "docker") == {"note"}
    assert "systemctl start docker" in remedies(found, "docker")
    assert found["repository"][0]["found"] == f"{program.repository}, branch main"


@pytest.mark.docker
def test_with_docker(program: Program) -> None:
    """Exit code 0: each promise of the engine is looked at, and the default image, which may have to be built first."""
    env = {name: value for name, value in program.env.items() if name != "DOCKER_HOST"}
    there = {"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}
    found = findings(replace(program, env={**env, **there}), code=0)
    said = "\n".join(finding["found"] for finding in found["docker"])
    for promise in ("engine answers: version", "seccomp", "memory", "number of processes", "CPU time", "own their"):
        assert promise in said
    assert conditions(found, "docker") == {"ok"}
    assert "built" in found["image"][0]["found"]


def test_without_git(program: Program) -> None:
    """Exit code 4; the rest is looked at all the same."""
    found = findings(replace(program, env={**program.env, "PATH": WITHOUT_GIT}), code=4)
    assert conditions(found, "git") == {"missing"}
    assert "2.38" in found["git"][0]["found"]
    assert conditions(found, "bubblewrap") == {"ok"}
    assert "repository" not in found


def test_with_a_git_that_is_too_old(program: Program, tmp_path: Path) -> None:
    """Exit code 4 names the version that is there and the one that is needed."""
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / "git"
    old.write_text("#!/bin/sh\necho git version 2.30.2\n")
    old.chmod(0o755)
    path = f"{tmp_path}/old:{program.env['PATH']}"
    (git,) = findings(replace(program, env={**program.env, "PATH": path}), code=4)["git"]
    assert git["condition"] == "missing"
    assert "2.30.2" in git["found"]
    assert "2.38" in git["found"]
    assert "install git" in git["remedy"]


def test_without_any_sandbox(program: Program) -> None:
    """Exit code 4: both backends are missing, each with what to do."""
    found = findings(program, code=4, before=no_namespaces())
    assert found["chosen"] == [{"backend": None}]
    for name in ("docker", "bubblewrap", "backend"):
        assert conditions(found, name) == {"missing"}
        assert all(finding["remedy"] for finding in found[name])


def test_where_the_state_can_not_be_written(program: Program) -> None:
    """Exit code 4, and which variable to set."""
    env = {**program.env, "XDG_STATE_HOME": str(program.repository / "a.txt")}
    found = findings(replace(program, env=env), code=4)
    assert conditions(found, "state") == {"missing"}
    assert "XDG_STATE_HOME" in remedies(found, "state")


def test_it_makes_nothing(program: Program) -> None:
    """Not even the state directory."""
    findings(program, code=0)
    assert not Path(program.env["XDG_STATE_HOME"]).exists()
    assert program.git("status", "--porcelain") == ""


def nowhere_near(program: Program) -> None:
    """There is no repository."""
    (program.repository / ".git").rename(program.repository.parent / "away")


def detached(program: Program) -> None:
    """No branch is checked out."""
    program.git("checkout", "--quiet", "--detach")


def shallow(program: Program) -> None:
    """Its history was cut."""
    (program.repository / ".git" / "shallow").write_text(program.git("rev-parse", "HEAD") + "\n")


def unborn(program: Program) -> None:
    """Its branch has no commit."""
    program.git("checkout", "--quiet", "--orphan", "fresh")


@pytest.mark.parametrize(
    ("made", "condition", "code"),
    [(nowhere_near, "note", 0), (detached, "note", 0), (shallow, "missing", 4), (unborn, "missing", 4)],
)
def test_the_repository_around(program: Program, made: Callable[[Program], None], condition: str, code: int) -> None:
    """None at all is no fault; one that no run can start in is, with what to do."""
    made(program)
    (repository,) = findings(program, code=code)["repository"]
    assert repository["condition"] == condition
    assert repository["remedy"]


def test_another_package_of_our_name(program: Program, tmp_path: Path) -> None:
    """A distribution that provides a package named as one of ours is named, with the way out."""
    info = tmp_path / "site" / "other_agents-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-agents\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("agents\n")
    found = findings(replace(program, env={**program.env, "PYTHONPATH": str(tmp_path / "site")}), code=0)
    (packages,) = found["packages"]
    assert packages["condition"] == "note"
    assert "other-agents provides agents" in packages["found"]
    assert "uv tool install" in packages["remedy"]


def test_credentials_are_seen_and_not_shown(program: Program) -> None:
    """Whatever variable holds a secret, its value is nowhere in what is said, in words or as JSON."""
    there = replace(program, env={**program.env, **dict.fromkeys((*KEYS, *ENDPOINTS), SECRET)})
    (credentials,) = findings(there, code=0)["credentials"]
    assert credentials["condition"] == "ok"
    assert "OPENAI_API_KEY" in credentials["found"]
    said = there.run("doctor")
    assert SECRET not in said.stdout + said.stderr


def test_without_credentials_a_run_could_start(program: Program) -> None:
    """They are told to be missing; the exit code stays 0, for there are models that need none."""
    (credentials,) = findings(program, code=0)["credentials"]
    assert credentials["condition"] == "missing"
    assert "export OPENAI_API_KEY=..." in credentials["remedy"]


@pytest.mark.parametrize(
    ("model", "env", "condition", "code", "says"),
    [
        ("openai/gpt-5.2", {}, "missing", 4, "export OPENAI_API_KEY=..."),
        ("openai/gpt-5.2", {"OPENAI_API_KEY": ""}, "missing", 4, "export OPENAI_API_KEY=..."),
        ("openai/gpt-5.2", {"OPENAI_API_KEY": SECRET}, "ok", 0, "set"),
        ("openai/gpt-5.2", {"OPENAI_API_BASE": f"http://{SECRET}@localhost/v1"}, "missing", 4, "any word"),
        ("ollama/llama3", {}, "note", 0, "OLLAMA_API_BASE"),
        ("no-such-provider/model", {}, "missing", 4, "PROVIDER/NAME"),
    ],
)
def test_what_a_model_needs(
    program: Program, model: str, env: dict[str, str], condition: str, code: int, says: str
) -> None:
    """With `--model`, a variable that it lacks is the difference between exit code 0 and 4; an empty one is none."""
    (found,) = findings(replace(program, env={**program.env, **env}), "--model", model, code=code)["model"]
    assert found["condition"] == condition
    assert says in f"{found['found']} {found['remedy']}"


def test_a_recording_needs_no_credentials(program: Program) -> None:
    """What has to be there is its file."""
    assert conditions(findings(program, "--model", "recorded/a.txt", code=0), "model") == {"ok"}
    assert conditions(findings(program, "--model", "recorded/b.txt", code=4), "model") == {"missing"}


def test_the_page_is_for_80_columns_and_no_colour(program: Program) -> None:
    """Each line begins with how something was found; what to do is marked as such; nothing is wider."""
    said = replace(program, env={**program.env, "COLUMNS": "80"}).run("doctor")
    assert said.returncode == 0
    assert max(len(line) for line in said.stdout.splitlines()) <= 80
    assert "\x1b" not in said.stdout
    begins = {line.split()[0] for line in said.stdout.splitlines() if line[:1].strip()}
    assert begins == {"ok", "note", "missing", "a"}
    assert "                      -> " in said.stdout
    assert said.stdout.splitlines()[-1] == "a run can start here, in bubblewrap; missing: credentials"
