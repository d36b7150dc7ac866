"""The demo, from an empty home to its last line: what it shows is what a run does, wherever it is started."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from orchestrator.demo.sample import RECORDING, sample_files
from sandbox.engine import Engine
from tests.contracts.sandbox.test_ordinary_user import TOP, USER, usable_python
from tests.integration.aftermath import no_traceback, nothing_left
from tests.integration.machine import WITHOUT_GIT, no_namespaces, nowhere, without_python
from tests.integration.program import SCRIPT, Program

pytestmark = pytest.mark.slow

HOSTILE = {
    "GIT_DIR": "/nowhere/.git",
    "GIT_WORK_TREE": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere/index",
    "GIT_AUTHOR_NAME": "Somebody Else",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.bare",
    "GIT_CONFIG_VALUE_0": "true",
    "GIT_TEMPLATE_DIR": "/nowhere",
    "GIT_DEFAULT_HASH": "sha256",
}
"""Variables under which an ordinary git would work elsewhere, or not at all."""

SETTINGS = "[core]\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n[init]\n\tdefaultBranch = trunk\n"
ATTRIBUTES = "* text eol=crlf filter=missing\n"


def user(home: Path, **more: str) -> Program:
    """A user with settings of git, but no name and no repository, who stands in their home."""
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "attributes").write_text(ATTRIBUTES)
    (home / ".gitconfig").write_text(SETTINGS)
    docker = {"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), **docker, **more}
    return Program(repository=home, env=env)


def recording() -> list[dict[str, Any]]:
    """Every recorded answer."""
    text = (TOP / "orchestrator" / "demo" / RECORDING).read_text()
    return [json.loads(line) for line in text.splitlines()]


def calls(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every recorded answer that calls this tool, with the arguments of the call."""
    for answer in recording():
        for call in answer["message"]["tool_calls"]:
            if call["name"] == name:
                yield answer, json.loads(call["arguments"])


def edited() -> dict[str, str]:
    """The sample's files after every edit of the recording."""
    files = {path: content.decode() for path, content in sample_files().items()}
    for answer, edit in calls("edit"):
        assert answer["agent"] == "editor.1"
        assert files[edit["path"]].count(edit["old"]) == 1
        files[edit["path"]] = files[edit["path"]].replace(edit["old"], edit["new"])
    return {path: text.rstrip("\n") for path, text in files.items()}


@pytest.fixture(scope="module", params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, str]:
    """The demo after its end, under hostile variables: the program in its repository, and what was said on stdout."""
    home = tmp_path_factory.mktemp("home")
    finished = user(home, **HOSTILE).run("demo", "place/it", "--backend", str(request.param))
    assert finished.returncode == 0, finished.stderr
    assert f"all else is real, in {request.param}" in finished.stderr
    after = user(home / "later", XDG_STATE_HOME=str(home / "state"))
    return replace(after, repository=home / "place" / "it"), finished.stdout


def test_what_landed_is_what_the_recording_says(played: tuple[Program, str]) -> None:
    """`main` holds the sample with every recorded edit in it, line ends as they were; the checkout follows."""
    program, _ = played
    assert program.tree("main") == edited()
    assert program.git("status", "--porcelain") == ""
    assert program.git("log", "--format=%an <%ae>", "main").splitlines() == ["Demo <demo@localhost>"] * 3
    assert {path: (program.repository / path).read_text().rstrip("\n") for path in edited()} == edited()


def test_every_recorded_answer_was_given(played: tuple[Program, str]) -> None:
    """Nothing of the recording is left over, and nothing else was asked."""
    program, _ = played
    given = [event for event in program.events() if event["kind"] == "model answered"]
    answered = Counter((event["task"] or "main", event["agent"]) for event in given)
    assert answered == Counter((answer["task"], answer["agent"]) for answer in recording())
    assert program.run("audit", "verify", "last").returncode == 0


def test_one_command_was_refused(played: tuple[Program, str]) -> None:
    """An editor's push was denied by the policy and never ran; everything else that agents proposed was allowed."""
    program, _ = played
    events = program.events()
    denied = [event for event in events if event["kind"] == "command judged" and not event["allowed"]]
    assert [event["verdict"] for event in denied] == ["deny"]
    (command,) = (event for event in events if event["kind"] == "command proposed" and event["id"] == denied[0]["id"])
    assert "git push" in command["arguments"]
    assert denied[0]["id"] not in {event["id"] for event in events if event["kind"] == "command run"}


def test_a_reviewer_sent_a_change_back_that_was_green(played: tuple[Program, str]) -> None:
    """Tests and tester had passed it; the editor mended it in a second round, and then it landed."""
    program, _ = played
    events = [event for event in program.events() if event["task"] == "expiry"]
    gates = [(event["kind"], event["gate"]) for event in events if event["kind"] in {"gate passed", "gate failed"}]
    once = [("gate passed", "policy"), ("gate passed", "verify"), ("gate passed", "tester")]
    assert gates == [*once, ("gate failed", "reviewer"), *once, ("gate passed", "reviewer")]
    rounds = [event["round"] for event in events if event["kind"] == "attempt started" and event["role"] == "editor"]
    assert rounds == [1, 2]


def test_the_coordinator_made_the_tasks(played: tuple[Program, str]) -> None:
    """The plan has a goal and no tasks; those of the run are the recorded ones, made after looking."""
    program, _ = played
    events = program.events()
    assert [event["plan"]["tasks"] for event in events if event["kind"] == "run started"] == [[]]
    (made,) = [event for event in events if event["kind"] == "plan made" and event["source"] == "coordinator"]
    ((_, proposed),) = [pair for pair in calls("finish") if pair[0]["agent"] == "coordinator.1"]
    assert [task["id"] for task in made["tasks"]] == [task["id"] for task in proposed["tasks"]]
    looked = [event["seq"] for event in events if event["kind"] == "command run" and event["agent"] == "coordinator.1"]
    assert looked
    assert max(looked) < made["seq"]


def test_two_editors_worked_at_once_on_what_was_found(played: tuple[Program, str]) -> None:
    """Both began before either had landed, and both were told what the investigator found."""
    program, _ = played
    events = program.events()
    begun = [event["seq"] for event in events if event["kind"] == "task started" and event["task"] != "survey"]
    landed = [event["seq"] for event in events if event["kind"] == "change merged"]
    assert len(begun) == len(landed) == 2
    assert max(begun) < min(landed)
    ((_, found),) = ((answer, call) for answer, call in calls("finish") if answer["task"] == "survey")
    first_asked = {event["task"]: event for event in reversed(events) if event["kind"] == "model asked"}
    for task in ("expiry", "report"):
        assert found["findings"] in "\n".join(message["content"] for message in first_asked[task]["added"])


def test_nothing_is_left_running(played: tuple[Program, str]) -> None:
    """No process, no worktree, no container."""
    program, _ = played
    nothing_left(replace(program, repository=program.repository / "below"))
    run = str(program.json("runs")[0]["run"])
    if program.json("status", run)["backend"] == "docker":
        assert Engine().left_over(run) == []


def test_what_it_says_to_type_can_be_typed(played: tuple[Program, str]) -> None:
    """The lines of the last page, pasted into a shell one after another, all work there."""
    program, said = played
    look = said.partition("Look at it")[2].partition("Then")[0]
    lines = [line.strip() for line in look.splitlines() if line.startswith("    ")]
    assert lines[0] == f"cd {program.repository}"
    words = ["sh", "-ec", "\n".join(lines)]
    typed = subprocess.run(words, cwd="/", env=program.env, capture_output=True, text=True, check=False, timeout=60)
    assert (typed.returncode, typed.stderr) == (0, "")
    for expected in ("shortlinks/expiry.py | ", "reviewer.1", "deny   git push"):
        assert expected in typed.stdout
    commits = program.git("log", "--format=%h %s", "-2", "--abbrev=10").replace(" ", "  ", 1)
    assert commits.splitlines()[0] in said


def test_it_fits_a_terminal_of_80_columns(played: tuple[Program, str]) -> None:
    """Only commands are longer: a line that was broken could not be pasted."""
    _, said = played
    page = said.partition("What landed")[2]
    assert [line for line in page.splitlines() if len(line) > 80 and not line.startswith("    ")] == []


def ends_well(finished: subprocess.CompletedProcess[str]) -> str:
    """The demo was played to its end; gives the repository that it names."""
    no_traceback(finished)
    assert finished.returncode == 0, finished.stderr
    (place,) = [line for line in finished.stdout.splitlines() if line.startswith("    cd ")]
    assert "landed" in finished.stdout
    return shlex.split(place)[1]


def test_it_stays_out_of_the_users_repository(tmp_path: Path) -> None:
    """Started inside a repository, with nothing said about where: that one stays as it was, a temporary one is made."""
    program = user(tmp_path, TMPDIR=str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    program.git("init", "--quiet")
    (tmp_path / "mine.txt").write_text("mine\n")
    before = program.git("status", "--porcelain", "mine.txt"), (tmp_path / ".git" / "config").read_bytes()
    place = ends_well(program.run("demo", "--backend", "bubblewrap"))
    assert Path(place).parent == tmp_path / "tmp"
    assert before == (program.git("status", "--porcelain", "mine.txt"), (tmp_path / ".git" / "config").read_bytes())
    assert program.git("for-each-ref") == ""


def test_it_works_where_the_home_can_not_be_written(tmp_path: Path) -> None:
    """The state is beside the demo then, and the last page says so, so that what it says to type works all the same."""
    (tmp_path / "home").touch()
    program = Program(repository=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")})
    finished = program.run("demo", "there", "--backend", "bubblewrap")
    ends_well(finished)
    assert f"export XDG_STATE_HOME={tmp_path}/there/.state" in finished.stdout
    inside = replace(program, repository=tmp_path / "there", env={**program.env, "XDG_STATE_HOME": ".state"})
    assert inside.git("status", "--porcelain") == ""
    absolute = {**program.env, "XDG_STATE_HOME": str(tmp_path / "there" / ".state")}
    assert replace(inside, env=absolute).json("status")["status"] == "done"


def test_it_works_where_the_directory_is_gone(tmp_path: Path) -> None:
    """The shell may stand anywhere."""
    gone = tmp_path / "gone"
    gone.mkdir()
    program = user(tmp_path / "home", TMPDIR=str(tmp_path))
    words = ["sh", "-c", 'rmdir "$0" && exec "$1" demo --backend bubblewrap', str(gone), str(SCRIPT)]
    run = subprocess.run(words, cwd=gone, env=program.env, capture_output=True, text=True, check=False, timeout=120)
    ends_well(run)


def test_it_can_be_stopped_and_gone_on_with(tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit code 130 and where it stands; `resume` there plays the rest."""
    program = Program(repository=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    with program.start("demo", "it", "--backend", "bubblewrap") as process:
        assert process.stderr is not None
        assert any("editor.1" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"the demo stands in {tmp_path / 'it'}" in said
    inside = replace(program, repository=tmp_path / "it")
    assert inside.json("resume", "last")["status"] == "done"
    assert inside.tree("main") == edited()


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A directory of an ordinary user's, not below those of pytest, which are closed to others."""
    if os.getuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    with tempfile.TemporaryDirectory(prefix="mimo-test-") as directory:
        os.chown(directory, USER, USER)
        yield Path(directory)


def as_user(place: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program as an ordinary user with temporary files in `place`, and no variable but these."""
    packages = Path(anyio.__file__).parents[1]
    mine = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{TOP}:{packages}", "TMPDIR": str(place)}
    return subprocess.run(
        [usable_python(), "-B", str(SCRIPT), *words],
        user=USER,
        group=USER,
        extra_groups=[],
        cwd="/",
        env={**mine, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_works_for_an_ordinary_user(theirs: Path) -> None:
    """With a home and no rights."""
    place = ends_well(as_user(theirs, {"HOME": str(theirs)}, "demo", "--backend", "bubblewrap"))
    assert Path(place).stat().st_uid == USER
    assert (theirs / ".local" / "state" / "mimo-orchestrate").is_dir()


@pytest.mark.parametrize("home", [{"HOME": ""}, {}], ids=["empty", "unset"])
def test_it_works_for_a_user_without_a_home(theirs: Path, home: dict[str, str]) -> None:
    """A user whom the system does not know, as in many a container, with HOME empty or not set at all."""
    finished = as_user(theirs, home, "demo", "--backend", "bubblewrap")
    assert f"export XDG_STATE_HOME={ends_well(finished)}/.state" in finished.stdout


@pytest.mark.parametrize("name", ["full", "file", "file/below"])
def test_a_directory_that_is_taken(tmp_path: Path, name: str) -> None:
    """Exit code 2, and what is there stays as it is."""
    program = user(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").touch()
    (tmp_path / "file").touch()
    finished = program.run("demo", name, "--backend", "bubblewrap")
    assert finished.returncode == 2
    assert "does not exist yet" in finished.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["kept.txt"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else(tmp_path: Path) -> None:
    """Git would not trust a repository there: exit code 2 before one is made."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", USER, USER)
    finished = user(tmp_path).run("demo", "theirs", "--backend", "bubblewrap")
    assert finished.returncode == 2
    assert "belongs to another user" in finished.stderr


def test_an_unknown_backend(tmp_path: Path) -> None:
    """Exit code 2, and which there are."""
    finished = user(tmp_path).run("demo", "--backend", "podman")
    assert finished.returncode == 2
    assert "auto, docker, bubblewrap" in finished.stderr


def refuses(program: Program, place: Path, *says: str, before: tuple[str, ...] = ()) -> None:
    """The demo can't be played here: exit code 4 and these words, and nothing is made."""
    words = [*before, str(SCRIPT), "demo", str(place)]
    finished = subprocess.run(words, env=program.env, capture_output=True, text=True, check=False, timeout=120)
    no_traceback(finished)
    assert finished.returncode == 4, finished.stderr
    for said in says:
        assert said in finished.stderr
    assert not place.exists()


def test_without_git(tmp_path: Path) -> None:
    """Exit code 4 says which git is needed."""
    refuses(user(tmp_path, PATH=WITHOUT_GIT), tmp_path / "it", "install git 2.38 or newer")


def test_without_any_sandbox(tmp_path: Path) -> None:
    """Exit code 4 says what each backend lacks, each with what to do."""
    program = user(tmp_path, DOCKER_HOST=nowhere(tmp_path))
    says = ("no sandbox can be had", "no Docker engine answers", "systemctl start docker", "bubblewrap: ")
    refuses(program, tmp_path / "it", *says, before=no_namespaces())


def test_without_python_in_the_sandbox(tmp_path: Path) -> None:
    """Where the machine's /usr has no Python, that is said, not a red test of the sample's."""
    program = user(tmp_path, DOCKER_HOST=nowhere(tmp_path))
    refuses(program, tmp_path / "it", "no python3 in the sandbox", before=without_python())
