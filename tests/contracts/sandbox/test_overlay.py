"""A worktree that is an overlay: the layer below stays as it is, and whatever hides a part of it is told as it is."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from orchestrator.airlock.removal import remove_worktree
from sandbox.docker import DockerBackend
from sandbox.identity import sandbox_uid
from sandbox.names import OWNER_LABEL, RUN_LABEL
from sandbox.sandbox import Backend, Command, RecordKind, Sandbox, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.overlaid import overlaid
from tests.contracts.sandbox.processes import canary
from tests.contracts.sandbox.test_snapshot import changes, run

DELETED, FILE, LINK = RecordKind.DELETED, RecordKind.FILE, RecordKind.LINK


@pytest.fixture
def spec(tmp_path: Path) -> SandboxSpec:
    """An overlay over two directories, one with a directory of its own, and two files."""
    made = make_spec(tmp_path)
    for path in ("d/one", "d/deep/two", "e/three"):
        (made.worktree / path).parent.mkdir(parents=True, exist_ok=True)
        (made.worktree / path).write_text(f"{path}\n")
    return overlaid(made)


async def told(sandbox: Sandbox) -> dict[bytes, RecordKind]:
    """A snapshot's paths and what is at them."""
    return {path: record.kind for path, record in (await changes(sandbox)).items()}


def content(top: Path) -> dict[str, str]:
    """Every file below a directory with its text."""
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}


async def test_a_removed_directory(fresh: Sandbox) -> None:
    """Every file below is told as deleted, once; made again, only what it has now is there."""
    await run(fresh, "rm -r d")
    assert await told(fresh) == {b"d/deep/two": DELETED, b"d/one": DELETED}
    assert await told(fresh) == {}
    await run(fresh, "mkdir -p d/deep; echo new > d/deep/new; echo again > d/one")
    assert await told(fresh) == {b"d/deep/new": FILE, b"d/one": FILE}


async def test_a_directory_made_again_between_two_snapshots(fresh: Sandbox) -> None:
    """What the old one had and the new one has not is told as deleted."""
    await run(fresh, "rm -r d; mkdir -p d/deep; echo new > d/deep/new")
    assert await told(fresh) == {b"d/deep/new": FILE, b"d/deep/two": DELETED, b"d/one": DELETED}
    await run(fresh, "rm -r d/deep")
    assert await told(fresh) == {b"d/deep/new": DELETED}


async def test_one_thing_in_the_place_of_another(fresh: Sandbox) -> None:
    """A file for a directory, a directory for a file, a link for either."""
    await run(fresh, "rm -r d e; echo file > d; ln -s d e; rm kept.txt; mkdir kept.txt; echo x > kept.txt/x")
    assert await told(fresh) == {
        b"d": FILE,
        b"d/deep/two": DELETED,
        b"d/one": DELETED,
        b"e": LINK,
        b"e/three": DELETED,
        b"kept.txt": DELETED,
        b"kept.txt/x": FILE,
    }
    await run(fresh, "rm -r kept.txt; echo back > kept.txt; rm e")
    assert await told(fresh) == {b"e": DELETED, b"kept.txt": FILE, b"kept.txt/x": DELETED}


async def test_moved_directories(fresh: Sandbox) -> None:
    """A directory under another name is told file by file, with its files gone from the old one."""
    await run(fresh, "mv d moved; mv e/three e/3")
    assert await told(fresh) == {
        b"d/deep/two": DELETED,
        b"d/one": DELETED,
        b"e/3": FILE,
        b"e/three": DELETED,
        b"moved/deep/two": FILE,
        b"moved/one": FILE,
    }


async def test_touched_is_told_with_what_it_has(fresh: Sandbox) -> None:
    """A file that was only copied up comes with its content, so that whoever compares finds nothing changed."""
    await run(fresh, "touch d/one; ln d/deep/two hard; chmod 600 e/three; chmod 644 e/three")
    found = await changes(fresh)
    assert {path: record.data for path, record in found.items()} == {
        b"d/deep/two": b"d/deep/two\n",
        b"d/one": b"d/one\n",
        b"e/three": b"e/three\n",
        b"hard": b"d/deep/two\n",
    }


async def test_marks_that_a_command_sets(fresh: Sandbox) -> None:
    """What a command writes in the file system's own words changes nothing of what is told."""
    await run(
        fresh,
        """python3 -c '
import os
for directory, name in (("d", "user.overlay.opaque"), ("e", "user.overlay.whiteout")):
    open(directory + "/new", "w").close()
    try:
        os.setxattr(directory, name, b"y")
    except OSError:
        pass
try:
    os.mknod("white", 0o020000, 0)
except PermissionError:
    pass'""",
    )
    assert await told(fresh) == {b"d/new": FILE, b"e/new": FILE}


@pytest.fixture
def begun(spec: SandboxSpec) -> SandboxSpec:
    """The overlay with a file of its own, one over the lower one's, and one that is gone."""
    upper = spec.worktree / "upper"
    (upper / "own").write_text("own\n")
    (upper / "kept.txt").write_text("other\n")
    os.mknod(upper / "gone.txt", 0o020000, os.makedev(0, 0))
    for path in upper.iterdir():
        os.chown(path, sandbox_uid(), sandbox_uid())
    return spec


async def test_changes_on_a_layer_that_was_begun(begun: SandboxSpec, fresh: Sandbox) -> None:
    """What was laid out is there, is not told, and changes as anything does."""
    await run(fresh, "test ! -e gone.txt && grep -qx own own && grep -qx other kept.txt")
    assert await told(fresh) == {}
    await run(fresh, "rm own; echo back > gone.txt; echo more >> kept.txt")
    assert await told(fresh) == {b"gone.txt": FILE, b"kept.txt": FILE, b"own": DELETED}


async def test_the_layers_can_not_be_written(spec: SandboxSpec, fresh: Sandbox) -> None:
    """Whatever a command does, the shared layer stays as it was, and its own is written through the worktree alone."""
    assert spec.lower is not None
    before = content(spec.lower)
    await run(
        fresh,
        """for layer in /run/mimo/lower /run/mimo/upper; do
            (echo x > $layer/kept.txt) 2> /dev/null && exit 1; rm $layer/gone.txt 2> /dev/null && exit 1
            touch $layer/new 2> /dev/null && exit 1; chmod 777 $layer 2> /dev/null && exit 1
        done; echo changed > kept.txt; rm -r gone.txt d""",
    )
    assert content(spec.lower) == before


NAMES = ("d", "d/one", "d/deep", "d/deep/two", "d/deep/more/three", "e", "e/three", "e/new/four", "kept.txt", "f")
STEPS = (
    "rm -rf {}",
    "mkdir -p $(dirname {0}) && echo {2} > {0}",
    "mkdir -p {}",
    "mv -T {0} {1}",
    "ln {0} {1}",
    "ln -sfn {1} {0}",
    "touch {}",
    "test -f {0} && chmod 755 {0}",
    "cp -r {0} {1}",
)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done(fresh: Sandbox, seed: int) -> None:
    """After any mixture of changes, all that was told together is what the worktree is."""
    drawn = random.Random(seed)
    tree = {b"gone.txt": b"gone\n", b"kept.txt": b"kept\n"} | {
        name: name + b"\n" for name in (b"d/one", b"d/deep/two", b"e/three")
    }
    for number in range(25):
        script = "; ".join(
            drawn.choice(STEPS).format(drawn.choice(NAMES), drawn.choice(NAMES), number)
            for _ in range(drawn.randint(1, 5))
        )
        await run(fresh, f"({script}) 2> /dev/null; true")
        async for record in fresh.snapshot():
            if record.kind is DELETED:
                tree.pop(record.path, None)
            else:
                tree[record.path] = record.data
        assert tree == await everything(fresh), script


async def everything(sandbox: Sandbox) -> dict[bytes, bytes]:
    """Every file and link of the worktree, with its content or text, as a command sees them."""
    script = """python3 -c '
import os, sys
for top, names, files in os.walk("."):
    for path in (os.path.join(top, name)[2:] for name in names + files):
        if os.path.islink(path):
            print(path, os.readlink(path), "", sep="\\0", end="\\0")
        elif os.path.isfile(path):
            print(path, open(path).read(), "", sep="\\0", end="\\0")'"""
    result = await sandbox.execute(Command(script=script, timeout_seconds=60))
    assert result.ok, result
    words = result.stdout.head.split(b"\0")
    return dict(zip(words[0:-1:3], words[1::3], strict=True))


def mounts(place: Path) -> list[str]:
    """What is mounted on this machine that comes from a place."""
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(place) in line]


async def test_nothing_is_left_of_it(backend: Backend, spec: SandboxSpec) -> None:
    """After its end nothing is mounted and no volume is left, whatever was written in it."""
    spec = replace(spec, run=canary())
    async with backend.open(spec) as sandbox:
        await run(sandbox, "rm -r d; echo x > new")
    assert mounts(spec.worktree.parent) == []
    if backend.name == "docker":
        assert volumes(spec.run) == []
    remove_worktree(spec.worktree)
    assert not spec.worktree.exists()


def volumes(run: str) -> list[str]:
    """The volumes that bear a run's label."""
    words = ["docker", "volume", "ls", "--quiet", "--filter", f"label={RUN_LABEL}={run}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.docker
async def test_a_volume_without_its_container_is_swept() -> None:
    """What an engine that was killed left is removed by a sweep, and the second one finds nothing."""
    run_id = canary()
    await anyio.run_process(
        [
            *("docker", "volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs"),
            *("--label", f"{RUN_LABEL}={run_id}", "--label", f"{OWNER_LABEL}={uuid4()} pid:[1] 1 1"),
        ]
    )
    await DockerBackend().sweep()
    assert volumes(run_id) == []
    await DockerBackend().sweep(run_id)
