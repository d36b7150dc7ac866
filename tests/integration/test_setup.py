"""The plan's setup prepares the image once, unjudged and journalled, and what it did is there for every sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow


@pytest.fixture
def _no_images_left() -> Iterator[None]:
    """Images that setup made in a test are gone after it."""
    import docker

    client = docker.from_env()
    before = {image.id for image in client.images.list("mimo-orchestrate-setup")}
    yield
    for image in client.images.list("mimo-orchestrate-setup"):
        if image.id not in before:
            client.images.remove(str(image.id), force=True)
    client.close()


def written(program: Program, setup: list[str]) -> Path:
    """A plan whose task needs what its setup made."""
    path = program.repository.parent / "plan.yaml"
    task = editor("one", "Write one.", verify=["/opt/tool"])
    path.write_text(plan(task, verify=["/opt/tool"], sandbox={"setup": setup}))
    return path


@pytest.mark.docker
@pytest.mark.usefixtures("_no_images_left")
def test_setup_runs_once_and_serves_every_sandbox(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The first run prepares the image, the second finds it; agents can use and not change what was prepared."""
    program = make({"tool.sh": "#!/bin/sh\necho tool\n"})
    scripted_server.play(
        talk("editor", "Write one.", shell("ls -l /opt; rm -f /opt/tool"), shell("echo 1 > one.txt"), done())
    )
    # Something of its own, so that no image of another time serves.
    setup = [f"install -m 755 tool.sh /opt/tool # {uuid4().hex}"]
    first = program.json("run", "--hold", "--backend", "docker", written(program, setup))
    assert first["status"] == "done"
    ran = [(event["source"], event["command"]) for event in program.events() if event["kind"] == "command run"]
    assert ran[0] == ("setup", setup[0])
    assert [source for source, _ in ran].count("setup") == 1
    assert ("verify", "/opt/tool") in ran
    program.json("run", "--hold", "--backend", "docker", written(program, setup))
    assert not [event for event in program.events() if event.get("source") == "setup"]


@pytest.mark.docker
def test_a_setup_that_fails_stops_before_a_token_is_spent(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit 4 with the command's output; no model was asked, and `resume` is there for when it is mended."""
    program = make({"a.txt": "a\n"})
    finished = program.run("run", "--backend", "docker", written(program, ["echo no such wheel >&2; exit 7"]))
    assert finished.returncode == 4
    assert "no such wheel" in finished.stderr
    assert scripted_server.requests() == []


def test_bubblewrap_says_that_it_has_no_setup(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A setup that can't be done is an error with what to do, never passed over."""
    program = make({"a.txt": "a\n"})
    finished = program.run("run", "--backend", "bubblewrap", written(program, ["true"]))
    assert finished.returncode == 4
    assert "--backend docker" in finished.stderr
    assert scripted_server.requests() == []
