"""What sandboxes are made of: Dockerfiles, a devcontainer.json, files taken along; and what `clean --cache` removes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

FILES = {"data/kept.txt": "kept\n", "data/left.txt": "left\n", ".dockerignore": "# not these\ndata/left*\n"}


def copies() -> str:
    """A Dockerfile that copies files, unlike that of any other test: images belong to who made them first."""
    return f"ARG BASE\nFROM ${{BASE}}\nARG WORD=none\nCOPY data /data\nENV WORD=$WORD UNIQUE={uuid4().hex}\n"


def written(program: Program, *, verify: list[str], **sandbox: object) -> Path:
    """A plan with one task, beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one."), verify=verify, sandbox=sandbox))
    return path


def prepared(program: Program) -> dict[str, Any]:
    """What the newest run's sandboxes began with, its base having passed its tests."""
    events = program.events()
    base = next(event for event in events if event["kind"] == "base verified")
    assert base["green"], base["why"]
    return next(event for event in events if event["kind"] == "sandbox prepared")


@pytest.mark.docker
@pytest.mark.usefixtures("_no_images_left")
def test_a_dockerfile_copies_what_is_committed(make: MakeProgram) -> None:
    """The context is the base commit without what .dockerignore leaves out, and nothing that is not committed."""
    program = make({**FILES, ".mimo/Dockerfile": copies()})
    (program.repository / "data" / "uncommitted.txt").write_text("mine\n")
    path = written(program, verify=['test "$(ls /data)" = kept.txt'], dockerfile=".mimo/Dockerfile")
    finished = program.run("run", "--hold", "--backend", "docker", path)
    told = prepared(program)
    assert told["image_from"] == "the plan"
    assert "building an image from .mimo/Dockerfile" in finished.stderr
    assert "Step 4/" in finished.stderr
    again = program.run("run", "--hold", "--backend", "docker", path)
    assert "building" not in again.stderr


@pytest.mark.docker
@pytest.mark.usefixtures("_no_images_left")
def test_a_devcontainer_serves_where_the_plan_names_nothing(make: MakeProgram) -> None:
    """Its Dockerfile, arguments, variables and command are used and journalled as its own; the rest is named."""
    container = {
        "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"WORD": "argument"}},
        "containerEnv": {"SAID": "by-it"},
        "postCreateCommand": "mkdir -p /opt/made && cp data/left.txt /opt/made",
        "privileged": True,
        "mounts": ["source=/,target=/host,type=bind"],
    }
    where = ".devcontainer/devcontainer.json"
    program = make({**FILES, ".devcontainer/Dockerfile": copies(), where: "// ours\n" + json.dumps(container)})
    tests = [
        "test -f /data/kept.txt",
        "test $WORD-$SAID = argument-by-it",
        "test -f /opt/made/left.txt",
        "! test -e /host",
    ]
    path = written(program, verify=tests)
    shown = program.run("check", path, "--backend", "docker").stdout
    assert f"an image built from .devcontainer/Dockerfile, from {where}" in shown
    assert f"{where}: not taken are mounts, privileged" in shown
    assert f"setup of {where}, once, then kept: mkdir -p /opt/made && cp" in shown
    program.run("run", "--hold", "--backend", "docker", path)
    told = prepared(program)
    assert (told["image_from"], told["setup_from"]) == (where, where)
    in_plan = written(program, verify=["true"], image="mimo-orchestrate-base:bookworm")
    assert "devcontainer" not in program.run("check", in_plan, "--backend", "docker").stdout


def test_a_devcontainer_is_for_docker(make: MakeProgram) -> None:
    """Its commands are meant for its image, so bubblewrap leaves it alone and says so; a broken one is an error."""
    program = make({".devcontainer.json": '{"image": "x", "postCreateCommand": "exit 3"}'})
    path = written(program, verify=["true"])
    finished = program.run("run", "--hold", "--backend", "bubblewrap", path)
    assert ".devcontainer.json is for Docker, so nothing of it is used" in finished.stderr
    assert next(event for event in program.events() if event["kind"] == "base verified")["green"]
    (program.repository / ".devcontainer.json").write_text("{")
    program.git("commit", "--quiet", "-am", "break it")
    broken = program.run("run", "--backend", "docker", path)
    assert broken.returncode == 2
    assert ".devcontainer.json: it is no JSON" in broken.stderr


@pytest.mark.docker
def test_an_image_that_is_nowhere(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """It is exit 4 with its name, before a token is spent."""
    program = make({"a.txt": "a\n"})
    path = written(program, verify=["true"], image="localhost:1/nobody/has-this:1")
    finished = program.run("run", "--backend", "docker", path)
    assert finished.returncode == 4
    assert "the image localhost:1/nobody/has-this:1 is not on this machine and could not be pulled" in finished.stderr
    assert scripted_server.requests() == []


def test_files_are_taken_along(make: MakeProgram, scripted_server: ScriptedServer, backend: str) -> None:
    """What .worktreeinclude names is in every worktree, policy permitting, and never in what a task hands in."""
    program = make({".worktreeinclude": "/.env*\ngenerated/\n*.link\n", ".gitignore": ".env*\n", "a.txt": "a\n"})
    for name, text in {".env.test": "TEST=1\n", ".env": "REAL=1\n", "generated/api.py": "x = 1\n"}.items():
        (program.repository / name).parent.mkdir(exist_ok=True)
        (program.repository / name).write_text(text)
    (program.repository / "out.link").symlink_to("/etc/passwd")
    changes = "echo more >> generated/api.py; echo 2 > .env.test; rm -f generated/gone; echo 1 > one.txt; git status -s"
    scripted_server.play(talk("editor", "Write one.", shell("cat .env.test generated/api.py"), shell(changes), done()))
    path = written(program, verify=["grep -x TEST=1 .env.test && grep -x 'x = 1' generated/api.py", "! test -e .env"])
    finished = program.run("run", "--backend", backend, path)
    assert finished.returncode == 0, finished.stderr
    assert program.tree("main").keys() == {".worktreeinclude", ".gitignore", "a.txt", "one.txt"}
    told = prepared(program)
    assert told["included"] == [".env.test", "generated/api.py"]
    assert [line.partition(":")[0] for line in told["left_out"]] == [".env", "out.link"]
    assert "by the policy it may not be read" in told["left_out"][0]
    assert (program.repository / ".env.test").read_text() == "TEST=1\n"
    shown = program.run("check", path).stdout
    assert "every worktree has .env.test, generated/api.py" in shown
    assert ".worktreeinclude: out.link is left out: it is a link" in shown


def test_caches_go_when_nobody_needs_them(make: MakeProgram) -> None:
    """`clean` leaves them; `clean --cache` removes them but for those of a run to resume, and says what it freed."""
    program = make({"a.txt": "a\n"})
    path = written(program, verify=["test -f /opt/big"], setup=["head -c 3000000 /dev/zero > /opt/big"])
    stopped = program.run("run", "--backend", "bubblewrap", path, "--limit", "steps=0")
    assert stopped.returncode == 3, stopped.stderr
    assert program.json("clean") == {"removed": []}
    kept = program.json("clean", "--cache")
    assert (kept["removed"], kept["freed_bytes"]) == ([], 0)
    assert ["resume" in why for name, why in kept["kept"].items() if name.startswith("setup ")] == [True]
    program.run("cancel", "last")
    said = program.run("clean", "--cache").stderr
    assert "removed setup " in said
    assert "3 MB freed" in said
    assert program.run("clean", "--cache").stderr == "nothing to clean\n"


@pytest.mark.docker
@pytest.mark.usefixtures("_no_images_left")
def test_only_images_that_it_made_are_removed(make: MakeProgram) -> None:
    """An image of a run goes; one that was made of it by hand, and those of other state directories, stay."""
    program = make({**FILES, ".mimo/Dockerfile": copies()})
    path = written(program, verify=["true"], dockerfile=".mimo/Dockerfile")
    program.run("run", "--backend", "docker", path)
    image = prepared(program)["image"]
    client, somebodys = docker.from_env(), f"of-somebody-{uuid4().hex}"
    client.images.get(image).tag(somebodys, "1")
    program.run("cancel", "last")
    removed = program.json("clean", "--cache")
    assert [what for what in removed["removed"] if what.startswith("image ")] == [f"image {image}"]
    assert not client.images.list(image)
    client.images.remove(f"{somebodys}:1")
    client.close()
