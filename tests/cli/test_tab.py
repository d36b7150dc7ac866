"""Tab, pressed in a real shell at a terminal: what stands on the command line afterwards, as the shell would run it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from orchestrator.cli.completion.shells import SHELLS, script
from tests.integration.program import SCRIPT
from tests.views import story

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("state")]

START = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "--no-rcs", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
TO_THE_BEGINNING = "\x01"
LIMIT_SECONDS = 30.0

KEPT = {
    "bash": "kept() { printf '%s\\n' \"$@\" > ../kept.new; mv ../kept.new ../kept; }",
    "zsh": "bindkey -e; kept() { printf '%s\\n' \"$@\" > ../kept.new; mv ../kept.new ../kept; }",
    "fish": "function kept; printf '%s\\n' $argv > ../kept.new; mv ../kept.new ../kept; end",
}
"""A command of the shell's own that keeps the words that it is given."""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell, where it is installed; what they are told is tested in any case."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this machine")
    return str(request.param)


def pressed(shell: str, read: str, keys: str, repository: Path) -> list[str]:
    """The words on the command line after these keys, as a shell passes them on that has the completion from `read`."""
    ours, theirs = pty.openpty()
    env = {
        **os.environ,
        "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}",
        "TERM": "xterm",
        "HOME": str(repository.parent),
    }
    process = subprocess.Popen(
        START[shell],
        cwd=repository,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # Its own controlling terminal, as a shell of a user has.
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )
    os.close(theirs)
    # A terminal that nobody reads from stops whoever writes to it.
    reader = threading.Thread(target=drained, args=(ours,))
    reader.start()
    kept = repository.parent / "kept"
    try:
        for line in (read, KEPT[shell], f"{keys}{TO_THE_BEGINNING}kept "):
            os.write(ours, f"{line}\r".encode())
        deadline = time.monotonic() + LIMIT_SECONDS
        while not kept.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return kept.read_text().splitlines()
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(ours)


def drained(terminal: int) -> None:
    """Read until the other end is closed, which Linux tells by an error."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("stat\t", ["status"]),
        ("port\t", ["port.yaml"]),
        ("port\t--ba\td\t", ["port.yaml", "--backend", "docker"]),
        ("port\t--limit ste\t5", ["port.yaml", "--limit", "steps=5"]),
        ("run port.yaml --ask=w\t", ["run", "port.yaml", "--ask=wait"]),
        ("log demo\tpo\t", ["log", story.RUN, "port"]),
        ("plans/d\t", ["plans/deep plan.yml"]),
        ("check 'plans/d\t", ["check", "plans/deep plan.yml"]),
        ("check evil\t", ["check", "evil$(touch done)`touch done`;touch done.yaml"]),
        ('check "evil\t', ["check", "evil$(touch done)`touch done`;touch done.yaml"]),
        ("nothing-like-it\t", ["nothing-like-it"]),
    ],
)
def test_tab_completes(shell: str, keys: str, words: list[str], repository: Path) -> None:
    """What was begun is gone on with as one word, even where a file is called like a command."""
    for name in ("port.yaml", "plans/deep plan.yml", "evil$(touch done)`touch done`;touch done.yaml"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).touch()
    (repository.parent / "script").write_text(script(shell))
    assert pressed(shell, "source ../script", f"mimo-orchestrate {keys}", repository) == ["mimo-orchestrate", *words]
    assert not (repository / "done").exists()


READ_AT_START = {
    "bash": "source ~/.bashrc",
    "zsh": "source ~/.zshrc",
    "fish": "set --prepend fish_complete_path ~/.config/fish/completions",
}
"""What a shell does when it starts as it is; here it starts without anything of this machine's."""


def test_what_was_installed_completes(shell: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new shell reads what `--install-completion` wrote."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    env = {**os.environ, "HOME": str(repository.parent), "SHELL": f"/usr/bin/{shell}"}
    subprocess.run([SCRIPT, "--install-completion"], env=env, check=True, capture_output=True)
    assert pressed(shell, READ_AT_START[shell], "mimo-orchestrate stat\t", repository) == ["mimo-orchestrate", "status"]


def test_zsh_finds_it_on_its_path(repository: Path) -> None:
    """The script is a completion function as packages install them, too."""
    if shutil.which("zsh") is None:
        pytest.skip("no zsh on this machine")
    (repository.parent / "functions").mkdir()
    (repository.parent / "functions" / "_mimo-orchestrate").write_text(script("zsh"))
    read = "fpath=($PWD/../functions $fpath); autoload -Uz compinit; compinit -u -D"
    assert pressed("zsh", read, "mimo-orchestrate stat\t", repository) == ["mimo-orchestrate", "status"]
