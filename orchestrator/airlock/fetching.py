"""Copies objects between two repositories of this machine: what is asked for by id, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.airlock.git import Git

_OPTIONS = (
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--no-write-commit-graph",
    "--no-prune",
)
# Version 2 lets objects be asked for by id; a bundle would come from somewhere else.
# What is copied is about to be relied upon, so it has to outlast a power cut.
_CONFIG = ("protocol.version=2", "fetch.bundleURI=", "core.fsync=objects,reference", "core.fsyncMethod=batch")


def copy_objects(
    into: Git,
    source: Path,
    wanted: Sequence[str],
    *,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> None:
    """Fetch object ids (or `ID:REF`, which also makes the ref) with all they reach from `source`.

    Raises GitFailed, DiskFull; no ref has moved then.
    """
    settings = [word for setting in (*_CONFIG, *config) for word in ("-c", setting)]
    into.run([*settings, "fetch", *_OPTIONS, str(source), *wanted], env=env)
