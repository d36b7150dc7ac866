"""A sandbox without a process: commands are looked up, files are a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sandbox.errors import FileRefused
from sandbox.sandbox import Command, CommandResult, Output, Record


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


class FakeSandbox:
    """Runs nothing; `results` maps scripts to how they end, an exception is raised; others print themselves."""

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

    async def execute(self, command: Command) -> CommandResult:
        """Look the script up."""
        self.commands.append(command)
        ended = self.results.get(command.script, result(stdout=command.script))
        if isinstance(ended, Exception):
            raise ended
        return ended

    async def snapshot(self) -> AsyncIterator[Record]:
        """Nothing ever changes."""
        return
        yield

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """A file of the dictionary."""
        if path in self.refused:
            raise FileRefused(path, self.refused[path])
        if path not in self.files:
            raise FileRefused(path, "no such file")
        if len(self.files[path]) > max_bytes:
            raise FileRefused(path, f"larger than {max_bytes} bytes")
        return self.files[path]

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """Put a file into the dictionary."""
        if create == (path in self.files):
            raise FileRefused(path, "exists" if create else "no such file")
        self.files[path] = data
