"""Whether worktrees can be overlays here: one is made, used as a task would, and removed."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.identity import sandbox_uid
from sandbox.overlay import UPPER_NAME, make_layers
from sandbox.sandbox import Backend, Command, Probe, SandboxSpec

PROMISE = "cheap worktrees"
_SCRIPT = """set -e; test "$(cat changed)" = below; test ! -e hidden; test -e own
echo more >> changed; rm -r removed own; mkdir removed; test ! -e removed/file"""


async def overlay_probe(backend: Backend, place: Path | None = None, *, image: str | None = None) -> Probe:
    """How worktrees in `place` (default: among the temporary files) are made; kept either way, raises nothing."""
    why = await _why_not(backend, place, image)
    if why is None:
        return Probe(promise=PROMISE, kept=True, detail="overlay")
    return Probe(promise=PROMISE, kept=True, detail=f"plain checkouts, because {why}")


def works(probe: Probe) -> bool:
    """Whether a probe found that worktrees can be overlays."""
    return probe.detail == "overlay"


async def _why_not(backend: Backend, place: Path | None, image: str | None) -> str | None:
    if backend.name == "docker" and os.getuid() != 0:
        return "only root could remove what the engine's overlay leaves"
    try:
        with tempfile.TemporaryDirectory(prefix="mimo-probe-", dir=place, ignore_cleanup_errors=True) as directory:
            return await _try(backend, _laid_out(Path(directory), image))
    except (SandboxError, OSError, ValueError) as error:
        return " ".join(str(error).split())[:200]


def _laid_out(top: Path, image: str | None) -> SandboxSpec:
    """An overlay with a file of its own and one that it hides."""
    worktree, lower = top / "worktree", top / "lower"
    worktree.mkdir()
    make_layers(worktree, sandbox_uid())
    (lower / "removed").mkdir(parents=True)
    for name in ("changed", "hidden", "removed/file"):
        (lower / name).write_text("below\n")
    (worktree / UPPER_NAME / "own").write_text("own\n")
    os.mknod(worktree / UPPER_NAME / "hidden", stat.S_IFCHR, os.makedev(0, 0))
    if os.getuid() == 0:
        for path in top.rglob("*"):
            os.chown(path, sandbox_uid(), sandbox_uid())
    return SandboxSpec(run="probe", task="probe", worktree=worktree, base_objects=lower, lower=lower, image=image)


async def _try(backend: Backend, spec: SandboxSpec) -> str | None:
    async with backend.open(spec) as sandbox:
        result = await sandbox.execute(Command(script=_SCRIPT, timeout_seconds=60))
        told = sorted([(record.path, record.data) async for record in sandbox.snapshot()]) if result.ok else []
    if told == [(b"changed", b"below\nmore\n"), (b"own", b""), (b"removed/file", b"")]:
        return None
    return f"one that was tried did not do what it should ({result.stderr.text().strip() or told})"[:200]
