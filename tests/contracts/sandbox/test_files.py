"""File requests: regular files of the worktree, no link followed, `.git` left alone."""

from __future__ import annotations

from hashlib import sha256

import pytest

from agents.absence import ABSENT
from agents.binding import scripts_bound
from sandbox.errors import FileRefused
from sandbox.sandbox import Command, Sandbox

SETUP = """mkdir -p dir .git/hooks sub/.git; echo inside > dir/file; ln -sfn /etc/passwd link; ln -sfn dir dirlink
ln -sfn /etc etclink; [ -p pipe ] || mkfifo pipe; echo hook > .git/config; echo config > sub/.git/config"""

REFUSED = [
    "link",
    "dirlink/file",
    "etclink/passwd",
    "pipe",
    "dir",
    ".",
    "dir/",
    ".git/config",
    ".GIT/config",
    "sub/.git/config",
    "../etc/passwd",
    "dir/../../etc/passwd",
    "/etc/passwd",
    "/workspace/../etc/passwd",
    "",
    "nul\0byte",
    "x" * 300,
    "kept.txt/below",
]


@pytest.fixture(scope="module")
async def files(shared: Sandbox) -> Sandbox:
    """The shared sandbox with something of every kind in it."""
    assert (await shared.execute(Command(script=SETUP))).ok
    return shared


async def test_reading(files: Sandbox) -> None:
    """A regular file is read whole, by its path in the worktree or the absolute one."""
    assert await files.read_file("dir/file", max_bytes=100) == b"inside\n"
    assert await files.read_file("/workspace/dir/./file", max_bytes=7) == b"inside\n"


@pytest.mark.parametrize("path", [*REFUSED, "missing"])
async def test_refused_to_read(files: Sandbox, path: str) -> None:
    """Whatever is no plain regular file of the worktree is refused, with a reason."""
    with pytest.raises(FileRefused) as refusal:
        await files.read_file(path, max_bytes=10_000)
    assert refusal.value.why


async def test_what_is_bound_to_a_yes(files: Sandbox) -> None:
    """A script is bound by its content, one that is missing by that, and what can't be read to the one call."""
    paths = ["dir/file", "missing", "nowhere/below", "link", "dirlink/file", "dir"]
    bound = await scripts_bound(files, [f"/workspace/{path}" for path in paths], call="this call")
    told = {path: bound[f"/workspace/{path}"] for path in paths}
    assert told["dir/file"] == sha256(b"inside\n").hexdigest()
    assert [path for path in paths if told[path] == ABSENT] == ["missing", "nowhere/below"]
    assert all(told[path].startswith("for this call alone: ") for path in ("link", "dirlink/file", "dir"))


async def test_too_large_to_read(files: Sandbox) -> None:
    """A file larger than was asked for is refused, not cut."""
    with pytest.raises(FileRefused, match="larger than 6 bytes"):
        await files.read_file("dir/file", max_bytes=6)


async def test_writing_keeps_the_mode(files: Sandbox) -> None:
    """A file's content is replaced, its mode is not."""
    await files.execute(Command(script="echo old > script; chmod 750 script"))
    await files.write_file("script", b"new\0bytes", create=False)
    told = await files.execute(Command(script="stat -c %a script; cat script"))
    assert told.stdout.head == b"750\nnew\0bytes"


async def test_creating_makes_directories(files: Sandbox) -> None:
    """A new file comes with the directories it needs, owned by the agent's user."""
    await files.write_file("new/deeper/file", b"made\n", create=True)
    told = await files.execute(Command(script="cat new/deeper/file && echo more >> new/deeper/file; rm -r new"))
    assert told.stdout.text() == "made\n"
    assert told.ok


async def test_an_empty_and_a_large_file(files: Sandbox) -> None:
    """Contents from none to many megabytes go both ways."""
    for data in (b"", bytes(range(256)) * 40_000):
        await files.write_file("sized", data, create=True)
        assert await files.read_file("sized", max_bytes=len(data)) == data
        await files.execute(Command(script="rm sized"))


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("path", REFUSED)
async def test_refused_to_write(files: Sandbox, path: str, create: bool) -> None:
    """Nothing is written through a link, over anything but a regular file, or into a `.git`."""
    before = await files.execute(Command(script="find . /tmp | sort; cat dir/file .git/config sub/.git/config"))
    with pytest.raises(FileRefused):
        await files.write_file(path, b"attack", create=create)
    after = await files.execute(Command(script="find . /tmp | sort; cat dir/file .git/config sub/.git/config"))
    assert after.stdout == before.stdout


async def test_create_and_replace_are_not_confused(files: Sandbox) -> None:
    """Creating over a file and replacing a missing one are both refused."""
    with pytest.raises(FileRefused, match="exists"):
        await files.write_file("dir/file", b"x", create=True)
    with pytest.raises(FileRefused):
        await files.write_file("dir/missing", b"x", create=False)
    assert await files.read_file("dir/file", max_bytes=100) == b"inside\n"


async def test_replacing_breaks_a_hard_link(files: Sandbox) -> None:
    """Replacing a file leaves another name of it as it was."""
    await files.execute(Command(script="echo one > first; ln -f first second"))
    await files.write_file("second", b"two\n", create=False)
    assert await files.read_file("first", max_bytes=100) == b"one\n"
