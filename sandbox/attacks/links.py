"""Escapes by links: inside, and through the program, which reads and writes files of the worktree for the agent."""

from __future__ import annotations

from functools import partial

import anyio

from sandbox.attacks.escape import Escape, Group
from sandbox.attacks.scene import Scene
from sandbox.errors import CommandRefused, FileRefused, SnapshotTooLarge
from sandbox.sandbox import Command, CommandResult, Record, Sandbox

_Link = partial(Escape, group=Group.SYMLINKS)

SNAPSHOT_SECONDS = 60.0


async def _read(scene: Scene, sandbox: Sandbox, result: CommandResult, *, path: str = "stolen") -> str | None:
    try:
        await sandbox.read_file(path, max_bytes=1024**2)
    except FileRefused:
        return None
    return "the program read a file through a link"


async def _write(scene: Scene, sandbox: Sandbox, result: CommandResult) -> str | None:
    for path, create in (("out/written", True), ("stolen", False), ("out/passwd", False), (".git/config", True)):
        try:
            await sandbox.write_file(path, b"written\n", create=create)
        except FileRefused:
            continue
        return f"the program wrote through {path}"
    return None


async def _enter(scene: Scene, sandbox: Sandbox, result: CommandResult) -> str | None:
    try:
        await sandbox.execute(Command(script="true", cwd="/workspace/out"))
    except CommandRefused:
        return None
    return "a command was started outside of the worktree"


async def _snapshot(scene: Scene, sandbox: Sandbox, result: CommandResult) -> str | None:
    """No record may hold what is behind a link; several are taken, so that a race has its chance."""
    for _ in range(3):
        with anyio.move_on_after(SNAPSHOT_SECONDS) as scope:
            try:
                records = [record async for record in sandbox.snapshot()]
            except SnapshotTooLarge:
                return None
        if scope.cancelled_caught:
            return "the snapshot did not end"
        if any(_is_stolen(scene, record) for record in records):
            return "a snapshot holds what is behind a link"
    return None


def _is_stolen(scene: Scene, record: Record) -> bool:
    return scene.word.encode() in record.data or b"root:" in record.data


_PLANT = 'cd /workspace; ln -sfn "$BESIDE" host; ln -sfn /etc/passwd stolen; ln -sfn /etc out\n'

LINKS = (
    _Link(
        name="link-to-host-file",
        tries="follow a link to a file of the host's",
        script=_PLANT + 'leaks host; held "it leads nowhere"',
    ),
    _Link(
        name="hard-link-out",
        tries="make a hard link to a file outside of the worktree",
        script="""cd /workspace; for at in /etc/passwd "$OBJECT" /run/mimo/supervisor; do
[ -e "$at" ] && runs ln "$at" "hard-${at##*/}"; done; held "no link can be made across" """,
    ),
    _Link(
        name="read-through-link",
        tries="have the program read a file through a link",
        script=_PLANT + 'held "the program follows no link"',
        afterwards=_read,
    ),
    _Link(
        name="write-through-link",
        tries="have the program write through a link, or into .git",
        script=_PLANT + 'held "the program follows no link"',
        afterwards=_write,
    ),
    _Link(
        name="read-through-directory-link",
        tries="have the program read below a directory that is a link",
        script=_PLANT + 'held "the program follows no link"',
        afterwards=partial(_read, path="out/passwd"),
    ),
    _Link(
        name="start-outside",
        tries="have a command started in a directory that is a link out of the worktree",
        script=_PLANT + 'held "the command was refused"',
        afterwards=_enter,
    ),
    _Link(
        name="swap-during-snapshot",
        tries="swap a directory for a link while the program reads the worktree",
        script="""cd /workspace; mkdir -p swapped; echo mine > swapped/passwd; echo mine > swapped/group
(trap '' HUP TERM; while :; do mv swapped real; ln -s /etc swapped; rm swapped; mv real swapped; done) \
    > /dev/null 2>&1 &
held "no command runs while files are read" """,
        afterwards=_snapshot,
    ),
    _Link(
        name="pipe-in-the-way",
        tries="make the program wait for ever on a named pipe",
        script="need mkfifo; cd /workspace; mkfifo pipe deep.txt 2> /dev/null; held 'pipes are not opened'",
        afterwards=_snapshot,
    ),
)
