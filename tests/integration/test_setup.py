"""A setup prepares sandboxes once, unjudged and journalled, and what it made is there for every sandbox."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.airlock.locks import locked
from sandbox.search import found_in
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


CANARY = "canary-5f0e9c1b7a"
"""The value of a secret, to be found nowhere."""


def written(program: Program, setup: list[str], **sandbox: object) -> Path:
    """A plan whose task needs what its setup made."""
    path = program.repository.parent / "plan.yaml"
    task = editor("one", "Write one.", verify=["/opt/tool"])
    path.write_text(plan(task, verify=["/opt/tool"], sandbox={"setup": setup, **sandbox}))
    return path


def sources(program: Program) -> list[tuple[str, str]]:
    """What ran in the newest run: who wanted it, and the command."""
    return [(event["source"], event["command"]) for event in program.events() if event["kind"] == "command run"]


@pytest.mark.usefixtures("_no_images_left")
def test_setup_runs_once_and_serves_every_sandbox(
    make: MakeProgram, scripted_server: ScriptedServer, backend: str
) -> None:
    """The first run prepares, the second finds it; agents can use and not change what was prepared."""
    program = make({"tool.sh": "#!/bin/sh\necho tool\n"})
    scripted_server.play(
        talk("editor", "Write one.", shell("ls -l /opt; rm -f /opt/tool"), shell("echo 1 > one.txt"), done())
    )
    # Something of its own, so that no image of another time serves.
    setup = [f"install -m 755 tool.sh /opt/tool # {uuid4().hex}"]
    first = program.json("run", "--hold", "--backend", backend, written(program, setup))
    assert first["status"] == "done"
    assert sources(program)[0] == ("setup", setup[0])
    assert [source for source, _ in sources(program)].count("setup") == 1
    assert ("verify", "/opt/tool") in sources(program)
    program.json("run", "--hold", "--backend", backend, written(program, setup))
    assert "setup" not in [source for source, _ in sources(program)]


def test_a_setup_under_bubblewrap_fills_the_home(make: MakeProgram) -> None:
    """Programs in ~/.local/bin are found by their names; what the setup left can't be changed, and the rest can."""
    program = make({"tool.sh": "#!/bin/sh\necho tool\n"})
    path = program.repository.parent / "plan.yaml"
    setup = [
        "install -D -m 755 tool.sh ~/.local/bin/tool; mkdir -p ~/.kept ~/.local/share; ln -s /etc/passwd ~/.link",
        "echo made > ~/.kept/file; install -D -m 644 tool.sh ~/.local/lib/of-tool/file; cp tool.sh /opt; touch ~/plain",
    ]
    verify = [
        "tool",
        "grep made ~/.kept/file && test -f ~/plain && test -f /opt/tool.sh && test -f ~/.local/lib/of-tool/file",
        "! touch ~/.local/bin/tool && ! touch ~/.kept/new && ! touch /opt/new && ! rm -f ~/.local/bin/tool",
        "touch ~/new && mkdir -p ~/.local/new ~/.local/share/new ~/.cache/new",
        "grep agent ~/.link",
        "! ls tool.txt",
    ]
    path.write_text(plan(editor("one", "Write one."), verify=verify, sandbox={"setup": [*setup, "touch tool.txt"]}))
    program.run("run", "--backend", "bubblewrap", path)
    verified = [event for event in program.events() if event["kind"] == "base verified"]
    assert verified[0]["green"], verified[0]["why"]


def test_a_setup_that_fails_stops_before_a_token_is_spent(
    make: MakeProgram, scripted_server: ScriptedServer, backend: str
) -> None:
    """Exit 4 with the command's output; no model was asked, and `resume` is there for when it is mended."""
    program = make({"a.txt": "a\n"})
    finished = program.run("run", "--backend", backend, written(program, ["echo no such wheel >&2; exit 7"]))
    assert finished.returncode == 4
    assert "no such wheel" in finished.stderr
    assert ("--backend docker" in finished.stderr) == (backend == "bubblewrap")
    assert scripted_server.requests() == []


@pytest.mark.usefixtures("_no_images_left")
def test_a_secret_is_there_for_the_setup_alone(make: MakeProgram, backend: str, tmp_path: Path) -> None:
    """A command of the setup has it; no later sandbox, image, cache, journal, log or message does."""
    program = make({"a.txt": "a\n"})
    program.env["CANARY_OF_MINE"] = CANARY
    setup = [
        f"test ${{#CANARY_OF_MINE}} = {len(CANARY)} && echo the secret is $CANARY_OF_MINE # {uuid4().hex}",
        "printf '#!/bin/sh\\ntrue\\n' > /opt/tool; chmod 755 /opt/tool; echo $CANARY_OF_MINE > /tmp/noted",
    ]
    path = written(program, setup, secrets=["CANARY_OF_MINE"])
    path.write_text(
        path.read_text().replace('["/opt/tool"]', '["/opt/tool && ! env | grep CANARY && ! ls /tmp/noted"]')
    )
    finished = program.run("run", "--backend", backend, "-v", path)
    events = program.events()
    assert [event["exit_code"] for event in events if event.get("source") == "setup" and "exit_code" in event] == [0, 0]
    assert next(event for event in events if event["kind"] == "base verified")["green"]
    assert CANARY not in finished.stdout + finished.stderr + json.dumps(events)
    for kept in (file for file in (tmp_path / "state").rglob("*") if file.is_file()):
        assert CANARY.encode() not in kept.read_bytes(), kept
    if backend == "docker":
        tag = next(event["kept_as"] for event in events if event["kind"] == "sandbox prepared")
        for words in (["history", "--no-trunc", tag], ["image", "inspect", tag]):
            assert CANARY not in subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout
        assert not holds(tag, CANARY)
        assert holds(tag, "opt/tool")


def holds(image: str, value: str) -> bool:
    """Whether any layer of an image, or its configuration, holds a value."""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        found = found_in(saving.stdout, {"value": [value.encode()]})
    assert saving.returncode == 0
    return bool(found)


@pytest.mark.usefixtures("_no_images_left")
def test_a_secret_that_would_be_kept_is_refused(make: MakeProgram, backend: str) -> None:
    """A setup that writes its secret where later sandboxes would read it is not kept; the file is named."""
    program = make({"a.txt": "a\n"})
    program.env["CANARY_OF_MINE"] = CANARY
    path = written(program, [f"echo $CANARY_OF_MINE > /opt/noted # {uuid4().hex}"], secrets=["CANARY_OF_MINE"])
    finished = program.run("run", "--backend", backend, path)
    assert finished.returncode == 4
    assert "CANARY_OF_MINE in /opt/noted" in finished.stderr
    assert CANARY not in finished.stderr


def test_a_missing_secret_is_named(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """It is an error before anything runs, and `check` warns of it."""
    program = make({"a.txt": "a\n"})
    path = written(program, ["true"], secrets=["CANARY_OF_MINE"])
    assert "CANARY_OF_MINE, which is not in the environment" in program.run("check", path).stdout
    finished = program.run("run", "--backend", "bubblewrap", path)
    assert finished.returncode == 4
    assert "CANARY_OF_MINE" in finished.stderr
    assert scripted_server.requests() == []


def test_two_programs_make_a_setup_once(make: MakeProgram, tmp_path: Path) -> None:
    """Whoever comes while it is being made waits, says so, and finds it made; one of those who waited makes it."""
    program = make({"a.txt": "a\n"})
    path = written(program, ["echo made > /opt/made"])
    path.write_text(path.read_text().replace("/opt/tool", "cat /opt/made"))
    program.run("run", "--backend", "bubblewrap", path)
    (key,) = (event["kept_as"] for event in program.events() if event["kind"] == "sandbox prepared")
    caches = tmp_path / "state/mimo-orchestrate/caches"
    shutil.rmtree(caches / "setup" / key)
    with ExitStack() as ended:
        with locked(caches / "locks" / f"setup-{key}"):
            for _ in range(2):
                process = ended.enter_context(program.start("run", "--backend", "bubblewrap", path))
                assert process.stderr is not None
                assert any("waiting for another run, which is making the same setup" in line for line in process.stderr)
                ended.callback(process.communicate, timeout=240)
    told = [
        event["reused"]
        for run in json.loads(program.run("runs", "--json").stdout)
        for event in program.events(run["run"])
        if event["kind"] == "sandbox prepared"
    ]
    assert sorted(told) == [False, False, True]
