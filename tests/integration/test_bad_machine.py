"""The key, the provider, the disk or the engine fails in the middle: it is said, nothing is lost, `resume` finishes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.contracts.sandbox.processes import eventually
from tests.contracts.sandbox.relay import Relay
from tests.integration.aftermath import no_traceback, nothing_left, running
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

DONE = {"a.txt": "a", "one.txt": "1"}
KEY = "sk-secret-9f8e7d6c5b4a3210"


def one(*turns: Turn) -> Turn:
    """The conversation of the only task."""
    return talk("editor", "Write one.", *turns)


GOOD = one(shell("echo 1 > one.txt"), done())


def written(program: Program) -> Path:
    """A plan with one task, beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one.")))
    return path


def stopped(
    finished: subprocess.CompletedProcess[str], *, code: int, says: tuple[str, ...], page: bool = False
) -> None:
    """It ended with this code, says these words, and says once how to go on; and once more on a page of the run."""
    no_traceback(finished)
    assert finished.returncode == code, f"exit {finished.returncode}\n{finished.stderr}\n{finished.stdout}"
    said = finished.stdout + finished.stderr
    for words in says:
        assert words in said, said
    assert said.count("mimo-orchestrate resume") == 1 + page, said


def finishes(program: Program, *words: str) -> None:
    """`resume` does the rest, the journal is whole, and nothing is left behind."""
    assert program.json("resume", "last", *words)["status"] == "done"
    assert program.tree("main") == DONE
    assert program.run("audit", "verify", "last").returncode == 0
    nothing_left(program)


def test_a_bad_key_stops_the_run_and_is_never_shown(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit code 4 names the variable; the key is in no output and no file; with a good one `resume` finishes."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(one({**shell("echo 1 > one.txt"), "faults": ["401"]}, done()))
    keyless = replace(program, env={name: value for name, value in program.env.items() if name != "OPENAI_API_KEY"})
    stopped(keyless.run("--backend", "bubblewrap", written(program)), code=4, says=("OPENAI_API_KEY",))
    assert program.tree("main") == {"a.txt": "a"}

    refused = replace(program, env={**program.env, "OPENAI_API_KEY": KEY}).run("resume", "last", "-v")
    stopped(refused, code=4, says=("OPENAI_API_KEY", "refused the credentials"))
    assert KEY not in refused.stdout + refused.stderr
    files = [path for path in Path(program.env["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    finishes(program)


def test_a_provider_that_is_down_parks_the_task(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Patience ends: exit code 3 with the provider's words, the work so far is kept, and `resume` goes on with it."""
    program = make({"a.txt": "a\n"})
    # More patience than the program has is asked for, so that the test need not wait for its end.
    down = {**done(), "faults": [{"kind": "503", "retry_after": 3600}]}
    scripted_server.play(one(shell("echo 1 > one.txt"), down))
    finished = program.run("--backend", "bubblewrap", written(program))
    stopped(finished, code=3, says=("one waits: ", "overloaded"))
    assert any(event["kind"] == "checkpoint taken" for event in program.events())
    nothing_left(program)
    finishes(program)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=0755", "mimo-test", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(ballast: Path) -> None:
    """Write until there is room for nothing more."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_stops_the_run(small_disk: Path, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit code 4 says that there is no room; with more room `resume` finishes, and the journal is whole."""
    program = make({"a.txt": "a\n"})
    program = replace(program, env={**program.env, "XDG_STATE_HOME": str(small_disk)})
    flood = shell("echo 1 > one.txt; head -c 30000000 /dev/zero > zeros; echo written")
    scripted_server.play(one(flood, shell("rm -f zeros; cat one.txt"), done()))
    finished = program.run("--backend", "bubblewrap", written(program))
    stopped(finished, code=4, says=("full", "resume last"))
    assert program.tree("main") == {"a.txt": "a"}
    nothing_left(program)
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    finishes(program)


def test_a_journal_without_room_stops_the_run(
    small_disk: Path, make: MakeProgram, scripted_server: ScriptedServer, tmp_path: Path
) -> None:
    """What can't be written is not relied on: exit code 4 says what is full; with room again `resume` finishes."""
    program = make({"a.txt": "a\n"})
    program = replace(program, env={**program.env, "XDG_STATE_HOME": str(small_disk)})
    full, ballast = tmp_path / "it-is-full", small_disk / "ballast"
    scripted_server.play(one({**shell("echo 1 > one.txt"), "until": str(full)}, shell("cat one.txt"), done()))
    with running(program, "--backend", "bubblewrap", written(program)) as process:
        assert eventually(lambda: bool(scripted_server.requests()), seconds=120)
        fill(ballast)
        full.touch()
        stdout, stderr = process.communicate(timeout=120)
    finished = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    stopped(finished, code=4, says=("full", str(small_disk), "resume last"))
    nothing_left(program)
    ballast.unlink()
    finishes(program)


def test_a_hub_without_room_stops_the_run(
    small_disk: Path, make: MakeProgram, scripted_server: ScriptedServer, tmp_path: Path
) -> None:
    """The journal can be written, and the store of the work can't: the step that isn't kept is not gone on from."""
    program = make({"a.txt": "a\n"})
    full = tmp_path / "it-is-full"
    scripted_server.play(one({**shell("echo 1 > one.txt"), "until": str(full)}, shell("cat one.txt"), done()))
    with running(program, "--backend", "bubblewrap", written(program)) as process, contextlib.ExitStack() as mounted:
        assert eventually(lambda: bool(scripted_server.requests()), seconds=120)
        (hub,) = Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/hub.git")
        shutil.copytree(hub, small_disk, dirs_exist_ok=True)
        subprocess.run(["mount", "--bind", str(small_disk), str(hub)], check=True)
        mounted.callback(subprocess.run, ["umount", "--lazy", str(hub)], check=True)
        fill(small_disk / "ballast")
        full.touch()
        stdout, stderr = process.communicate(timeout=120)
    finished = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    stopped(finished, code=4, says=("full", "resume last"), page=True)
    assert program.events()[-1]["kind"] == "run ended"
    assert not any(event["kind"] == "checkpoint taken" for event in program.events())
    (small_disk / "ballast").unlink()
    shutil.copytree(small_disk, hub, dirs_exist_ok=True)
    finishes(program)


@pytest.mark.docker
def test_docker_goes_away_in_the_middle(relay: Relay, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit code 4 says so and what else there is; `resume --backend bubblewrap` finishes; no container is left."""
    program = make({"a.txt": "a\n"})
    program = replace(program, env={**program.env, "DOCKER_HOST": relay.url})
    scripted_server.play(one(shell("echo 1 > one.txt"), shell("sleep 57"), done()))
    with running(program, "--backend", "docker", written(program)) as process:
        assert process.stderr is not None
        assert any("sleep 57" in line for line in process.stderr)
        relay.cut()
        stdout, stderr = process.communicate(timeout=120)
    finished = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    stopped(finished, code=4, says=("engine", "--backend bubblewrap"))
    run = str(program.json("runs")[0]["run"])
    assert eventually(lambda: not Engine().left_over(run))
    nothing_left(program)

    scripted_server.play(GOOD)
    finishes(program, "--backend", "bubblewrap")
