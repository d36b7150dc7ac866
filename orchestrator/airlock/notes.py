"""What the user should know about the repository before a run, none of which stops it."""

from __future__ import annotations

from collections import Counter

from orchestrator.airlock.git import Git
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.trees import GITLINK, list_tree
from orchestrator.airlock.user_config import filter_drivers, no_filters

_GIT_ATTRIBUTES = b".gitattributes"


def notes(repository: UserRepository, commit: str) -> tuple[str, ...]:
    """A sentence for each: uncommitted work, submodules, LFS or other filters. Nothing of the user's runs.

    Raises GitFailed.
    """
    found = [_uncommitted(repository), *_of_tree(repository.git, commit)]
    return tuple(note for note in found if note is not None)


def _uncommitted(repository: UserRepository) -> str | None:
    git = Git(
        git_dir=repository.git_dir,
        work_tree=repository.top,
        config=no_filters(filter_drivers(repository.git)),
    )
    listing = git.run(["status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all"])
    kinds = Counter("new" if entry.startswith(b"??") else "changed" for entry in listing.split(b"\0") if entry)
    if not kinds:
        return None
    parts = " and ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"uncommitted files ({parts}) are no part of the run; they stay as they are"


def _of_tree(git: Git, commit: str) -> list[str | None]:
    entries = list_tree(git, commit)
    modules = [entry.path for entry in entries if entry.mode == GITLINK]
    filtered = [
        entry.oid for entry in entries if entry.path == _GIT_ATTRIBUTES or entry.path.endswith(b"/" + _GIT_ATTRIBUTES)
    ]
    drivers = sorted({word for oid in filtered for word in _filters(git.run(["cat-file", "blob", oid]))})
    return [
        f"submodules are empty for agents and stay as they are: {_names(modules)}" if modules else None,
        "files that a filter converts are shown to agents as they are stored, unconverted: "
        + ", ".join(f"filter={driver}" for driver in drivers)
        if drivers
        else None,
    ]


def _filters(attributes: bytes) -> list[str]:
    words = attributes.decode(errors="replace").split()
    return [word.removeprefix("filter=") for word in words if word.startswith("filter=")]


def _names(paths: list[bytes]) -> str:
    shown = ", ".join(path.decode(errors="backslashreplace") for path in paths[:5])
    return shown if len(paths) <= 5 else f"{shown} and {len(paths) - 5} more"
