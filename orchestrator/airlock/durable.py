"""What the journal calls landed outlasts a power cut: git does not force loose objects to the disk by itself."""

from __future__ import annotations

import os

from orchestrator.airlock.hub import Hub
from orchestrator.airlock.refs import require_oid


def make_durable(hub: Hub, commit: str, *, base: str) -> None:
    """Force all that a commit has on top of `base` to the disk; raises GitFailed, OSError."""
    objects = hub.directory / "objects"
    words = ["rev-list", "--objects", "--no-object-names", require_oid(commit), f"^{require_oid(base)}"]
    directories = {objects}
    for oid in hub.git.run(words).decode().split():
        loose = objects / oid[:2] / oid[2:]
        if loose.exists():  # else it is in a pack, which git forces to the disk
            _force(loose)
            directories.add(loose.parent)
    for directory in directories:
        _force(directory)


def _force(path: os.PathLike[str]) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
