"""Where the policy of a run comes from: the base commit or the user's own file, never an agent's worktree."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from orchestrator.airlock.repository import UserRepository
from orchestrator.errors import CannotRun
from orchestrator.plan.models import Plan
from orchestrator.run.base_files import base_blob
from policies.loader import load_policy, read_disk
from policies.policy import Policy

REPOSITORY_POLICY = ".mimo/policy.yaml"
"""The policy that a repository brings along, for plans that name none."""

PRESET = "standard"


def policy_of_plan(repository: UserRepository, commit: str, plan: Plan) -> Policy:
    """The policy that a plan names, or the repository's own, or the preset `standard`; raises DocumentError.

    Absolute paths and `~` are the user's own files; anything else is a preset or a file of the base commit.
    """
    named = plan.policy
    if named is None:
        named = REPOSITORY_POLICY if base_blob(repository.git, commit, REPOSITORY_POLICY) is not None else PRESET

    def read(path: str) -> bytes:
        if path.startswith(("/", "~")):
            return read_disk(path)
        data = base_blob(repository.git, commit, path)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, f"no such file in the base commit {commit[:10]}", path)
        return data

    return load_policy(named, reader=read)


def policy_of_journal(run: str, layers: Mapping[str, str], expected_hash: str) -> Policy:
    """The policy that a run began with, as its journal keeps it; raises DocumentError, CannotRun if it is another."""
    policy = Policy.from_layers(layers)
    if policy.hash != expected_hash:
        raise CannotRun(
            f"the policy in the journal of {run} is not the one that the run began with",
            f"see whether the journal was changed: mimo-orchestrate audit verify {run}",
        )
    return policy
