"""Whether a commit can be relied upon after a crash or a power cut: itself, and every file that is new in it."""

from __future__ import annotations

import tempfile

from orchestrator.airlock.hub import Hub
from orchestrator.airlock.refs import require_oid

_CHUNK_BYTES = 1 << 20


def is_whole(hub: Hub, commit: str, *, base: str) -> bool:
    """Whether a commit and all that it has on top of `base` is there and can be read; raises GitUnusable."""
    new = ["rev-list", "--objects", "--no-object-names", require_oid(commit), f"^{require_oid(base)}"]
    listed = hub.git.attempt(new)
    if listed.code:  # one is missing
        return False
    checked = hub.git.attempt(["cat-file", "--batch-check", "--buffer"], stdin=listed.stdout)
    words = [line.rpartition(b" ")[2] for line in checked.stdout.splitlines()]
    if checked.code or b"missing" in words:  # one is empty, or no object
        return False
    # Git ends where an object is torn: what it writes is then too short.
    return _written(hub, listed.stdout) == len(checked.stdout) + sum(int(size) + 1 for size in words)


def _written(hub: Hub, names: bytes) -> int:
    """How much git writes of objects: for each the line that `--batch-check` has, its content, and a line's end."""
    total = 0
    with tempfile.TemporaryFile() as file:
        file.write(names)
        file.seek(0)
        with hub.git.output(["cat-file", "--batch", "--buffer"], stdin=file) as contents:
            while chunk := contents.read(_CHUNK_BYTES):
                total += len(chunk)
    return total
