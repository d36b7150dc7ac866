"""What a run takes along of the user's untracked files, as far as the policy lets agents read it."""

from __future__ import annotations

from agents.redact import Redactor
from orchestrator.airlock.errors import readable
from orchestrator.airlock.included import INCLUDE_FILE, Included, read_included
from orchestrator.airlock.repository import UserRepository
from orchestrator.run.base_files import base_blob
from policies.paths import WORKSPACE
from policies.policy import Policy
from policies.verdict import Verdict

SHOWN = 10
"""How many files are named at once."""


def included_of(repository: UserRepository, commit: str, policy: Policy, secrets: Redactor) -> Included:
    """The files that the base commit's .worktreeinclude names, without those that the policy protects.

    Raises GitFailed, OSError.
    """
    patterns = base_blob(repository.git, commit, INCLUDE_FILE)
    if patterns is None:
        return Included()

    def refuse(path: bytes, data: bytes) -> str | None:
        found = policy.book.glob("paths.read", f"{WORKSPACE}/{path.decode(errors='surrogateescape')}")
        if found is not None and found.verdict is not Verdict.ALLOW:
            word = "may not be read" if found.verdict is Verdict.DENY else "may only be read when a human says so"
            return f"by the policy it {word} ({found.rule}, {found.file}:{found.line})"
        name = next((name for name, _, _ in secrets.found_in(data.decode(errors="replace"))), None)
        return f"it holds the value of {name}" if name is not None else None

    return read_included(repository, commit, patterns, refuse)


def included_notes(included: Included) -> list[str]:
    """What goes into every worktree, in a sentence."""
    if not included.files:
        return []
    named = ", ".join(readable(file.path) for file in included.files[:SHOWN])
    named += f" and {len(included.files) - SHOWN} more" if included.files[SHOWN:] else ""
    return [f"{INCLUDE_FILE}: every worktree has {named}; what becomes of it is no change of a task"]


def left_out_warnings(included: Included) -> list[str]:
    """What was asked for and does not go in, each with the reason."""
    return [f"{INCLUDE_FILE}: {readable(path)} is left out: {why}" for path, why in included.left_out[:SHOWN]] + (
        [f"{INCLUDE_FILE}: {len(included.left_out) - SHOWN} more are left out"] if included.left_out[SHOWN:] else []
    )
