"""A program that opens a sandbox and is killed: `opener.py BACKEND WORKTREE OBJECTS RUN SCRIPT`."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from sandbox.backends import BACKENDS
from sandbox.sandbox import Command, SandboxSpec


async def main() -> None:
    """Say the sandbox's name, then run the script in it."""
    backend, worktree, objects, run, script = sys.argv[1:]
    spec = SandboxSpec(run=run, task="task", worktree=Path(worktree), base_objects=Path(objects))
    async with BACKENDS[backend]().open(spec) as sandbox:
        sys.stdout.write(f"{sandbox.name}\n")
        sys.stdout.flush()
        result = await sandbox.execute(Command(script=script))
        sys.stdout.write(result.stdout.text())


anyio.run(main)
