"""A sandbox without a process: commands are looked up, files are a dictionary.

What it says of files and snapshots, and what it refuses, is what the real ones say:
`tests/contracts/sandbox/test_seam.py` runs over it as over them.
"""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterator

from sandbox.errors import CommandRefused, FileRefused
from sandbox.protocol import MAX_FILE_BYTES
from sandbox.requests import check_command, relative
from sandbox.sandbox import WORKSPACE, Command, CommandResult, Output, Record, RecordKind


def result(exit_code: int | None = 0, stdout: str = "", stderr: str = "") -> CommandResult:
    """How a command ended."""
    return CommandResult(
        exit_code=exit_code,
        signal=None,
        stdout=Output(head=stdout.encode()),
        stderr=Output(head=stderr.encode()),
        wall_seconds=0.01,
        cpu_seconds=0.01,
        peak_memory_bytes=1024,
    )


def _below(path: str, *tops: str) -> bool:
    return any(f"{path}/".startswith(f"{top}/") for top in tops)


class FakeSandbox:
    """Runs nothing; `results` maps scripts to how they end, an exception is raised; others print themselves.

    `refused` are files that are not what they should be, with the reason.
    """

    def __init__(
        self,
        results: dict[str, CommandResult | Exception] | None = None,
        files: dict[str, bytes] | None = None,
        refused: dict[str, str] | None = None,
    ) -> None:
        self.name = "fake-1"
        self.results = results or {}
        self.files = files or {}
        self.refused = refused or {}
        self.commands: list[Command] = []
        self._told = dict(self.files)

    async def execute(self, command: Command) -> CommandResult:
        """Look the script up."""
        check_command(command)
        if not _below(posixpath.normpath(command.cwd), WORKSPACE, "/tmp"):
            raise CommandRefused(f"{command.cwd}: outside of /workspace and /tmp")
        self.commands.append(command)
        ended = self.results.get(command.script, result(stdout=command.script))
        if isinstance(ended, Exception):
            raise ended
        return ended

    async def snapshot(self) -> AsyncIterator[Record]:
        """Which files of the dictionary are others than in the last snapshot."""
        for path in sorted({*self._told, *self.files}):
            if path not in self.files:
                yield Record(path=path.encode(), kind=RecordKind.DELETED)
            elif self.files[path] != self._told.get(path):
                yield Record(path=path.encode(), kind=RecordKind.FILE, mode=0o100644, data=self.files[path])
        self._told = dict(self.files)

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """A file of the dictionary."""
        place = self._place(path)
        if place not in self.files:
            raise FileRefused(path, "No such file or directory")
        if len(self.files[place]) > max_bytes:
            raise FileRefused(path, f"larger than {max_bytes} bytes")
        return self.files[place]

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """Put a file into the dictionary."""
        if len(data) > MAX_FILE_BYTES:
            raise FileRefused(path, f"larger than {MAX_FILE_BYTES} bytes")
        place = self._place(path)
        if create and place in self.files:
            raise FileRefused(path, "exists already")
        if not create and place not in self.files:
            raise FileRefused(path, "No such file or directory")
        self.files[place] = data

    def _place(self, path: str) -> str:
        """Where a path is in the dictionary; raises FileRefused for what can be no file of the worktree."""
        place = relative(path)
        parts = place.split("/")
        if any(part.lower() == ".git" for part in parts):
            raise FileRefused(path, ".git is not to be touched")
        if place in self.refused:
            raise FileRefused(path, self.refused[place])
        if any(len(part) > 255 for part in parts):
            raise FileRefused(path, "not a relative path without empty parts")
        if any("/".join(parts[:count]) in self.files for count in range(1, len(parts))):
            raise FileRefused(path, "a directory of the path is a link or no directory")
        if any(name.startswith(f"{place}/") for name in self.files):
            raise FileRefused(path, "not a regular file")
        return place
