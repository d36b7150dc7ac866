"""What a setup leaves under bubblewrap: filled once, then there for every sandbox and changed by none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.bubblewrap import BubblewrapBackend
from sandbox.errors import SandboxUnavailable
from sandbox.prepared import MAX_ENTRIES, make_prepared, secrets_left
from sandbox.sandbox import Command, SandboxSpec
from tests.contracts.sandbox.test_ordinary_user import USER, as_user, usable_python

FILL = (
    "mkdir -p ~/.local/bin ~/.local/share/man ~/.kept /opt/venv; printf '#!/bin/sh\\necho ran\\n' > ~/.local/bin/tool"
    "; chmod 755 ~/.local/bin/tool; echo inside > /opt/venv/file; ln -s /opt/venv ~/venv; ln -s /etc/hostname ~/host"
    "; mkfifo ~/pipe; echo shown > ~/.kept/file; echo gone > /tmp/file"
)
USE = (
    "tool; cat ~/venv/file ~/.kept/file; for path in ~/.local/bin/new ~/.kept/new /opt/new /opt/venv/file"
    '; do (echo x > "$path") 2> /dev/null && echo "$path"; done'
    "; touch ~/new ~/.local/new ~/.local/share/new && echo open; ls ~/host 2> /dev/null; cat ~/host 2> /dev/null"
    "; ls ~/pipe /tmp/file 2> /dev/null; id -u"
)
USED = ["ran", "inside", "shown", "open", "/home/agent/host"]


@pytest.fixture
async def prepared(spec: SandboxSpec, tmp_path: Path) -> Path:
    """A directory that a setup has filled."""
    directory = tmp_path / "prepared"
    async with BubblewrapBackend().open_setup(spec, prepared=directory) as sandbox:
        assert (await sandbox.execute(Command(script=FILL))).ok
    return directory


async def test_it_is_there_and_stays_as_it_is(spec: SandboxSpec, prepared: Path) -> None:
    """Programs are found and files read at their paths; none can be changed, and nothing of the host is shown.

    A link that the setup made leads where the sandbox has that path, not where this machine has it.
    """
    later = replace(spec, prepared=prepared)
    for _ in range(2):
        async with BubblewrapBackend().open(later) as sandbox:
            used = await sandbox.execute(Command(script=USE))
            assert used.stdout.text().splitlines()[:-1] == USED
    assert sorted(path.name for path in (prepared / "home").iterdir()) == [".kept", ".local", "host", "pipe", "venv"]


async def test_the_home_stays_bounded(spec: SandboxSpec, prepared: Path) -> None:
    """What a sandbox writes beside it is limited as ever."""
    limits = replace(spec.limits, tmp_bytes=4 * 1024**2)
    async with BubblewrapBackend().open(replace(spec, prepared=prepared, limits=limits)) as sandbox:
        filled = await sandbox.execute(
            Command(script="for i in 1 2 3; do head -c 2m /dev/zero > ~/$i; done 2>&1; true")
        )
        assert "No space left on device" in filled.stdout.text()


async def test_a_link_in_the_way_shows_nothing_of_this_machine(spec: SandboxSpec, tmp_path: Path) -> None:
    """A setup that makes `.local` a link gets a link inside, whatever it names."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("canary")
    directory = tmp_path / "prepared"
    make_prepared(directory)
    (directory / "home" / ".local").symlink_to(secret)
    (directory / "home" / "key").symlink_to(secret / "key")
    async with BubblewrapBackend().open(replace(spec, prepared=directory)) as sandbox:
        told = await sandbox.execute(Command(script="cat ~/key ~/.local/key; readlink ~/key; true"))
    assert told.stdout.text() == f"{secret}/key\n"


async def test_more_entries_than_can_be_laid_in(spec: SandboxSpec, tmp_path: Path) -> None:
    """It is said with what to do, and does not hang or overflow."""
    directory = tmp_path / "prepared"
    make_prepared(directory)
    for number in range(MAX_ENTRIES + 1):
        (directory / "home" / str(number)).touch()
    with pytest.raises(SandboxUnavailable, match="/opt"):
        async with BubblewrapBackend().open(replace(spec, prepared=directory)):
            pass


def test_secrets_are_found_wherever_they_are(tmp_path: Path) -> None:
    """In any file of any depth, across the pieces in which it is read, and behind no link."""
    make_prepared(tmp_path / "prepared")
    deep = tmp_path / "prepared/home/a/b"
    deep.mkdir(parents=True)
    (deep / "cut").write_bytes(b"x" * (1024**2 - 3) + b"canary" + b"x")
    (deep / "link").symlink_to(deep / "cut")
    (tmp_path / "prepared/opt/clean").write_bytes(b"canar")
    found = secrets_left(tmp_path / "prepared", {"ONE": [b"other", b"canary"], "TWO": [b"absent"]})
    assert found == ["ONE in /home/agent/a/b/cut"]


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_as_an_ordinary_user(tmp_path: Path) -> None:
    """Started by an ordinary user it is the same, and the files are that user's."""
    python = usable_python()
    for name in ("worktree", "objects"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, USER, USER)
    os.chown(tmp_path, USER, USER)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent != Path("/tmp"):
            parent.chmod(0o755)
    ran: subprocess.CompletedProcess[str] = as_user(python, str(Path(__file__)), str(tmp_path), FILL, USE)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [*USED, str(USER)]
    assert (tmp_path / "prepared/home/.local/bin/tool").stat().st_uid == USER


async def _fill_and_use(place: Path, scripts: Sequence[str]) -> None:
    spec = SandboxSpec(run="r", task="t", worktree=place / "worktree", base_objects=place / "objects")
    backend, directory = BubblewrapBackend(), place / "prepared"
    async with backend.open_setup(spec, prepared=directory) as sandbox:
        await sandbox.execute(Command(script=scripts[0]))
    async with backend.open(replace(spec, prepared=directory)) as sandbox:
        used = await sandbox.execute(Command(script=scripts[1]))
    sys.stdout.write(used.stdout.text() + used.stderr.text())


if __name__ == "__main__":
    import anyio

    anyio.run(_fill_and_use, Path(sys.argv[1]), sys.argv[2:])
