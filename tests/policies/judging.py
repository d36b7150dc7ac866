"""Policies for tests, made of texts."""

from __future__ import annotations

from functools import cache

from policies.loader import preset
from policies.policy import Policy
from policies.verdict import Decision, Verdict


@cache
def standard() -> Policy:
    """The preset `standard`, loaded once."""
    return preset("standard")


def policy_of(*texts: str) -> Policy:
    """A policy whose layers are these texts, nearest first; the version is filled in."""
    return Policy.from_layers({f"layer{at}": f"version: 1\n{text}" for at, text in enumerate(texts)})


def judged(command: str, *, policy: Policy | None = None, role: str = "editor") -> Decision:
    """The decision on a command, by `standard` unless a policy is given."""
    return (policy or standard()).judge_command(command, role=role)


def verdict(command: str, *, policy: Policy | None = None, role: str = "editor") -> Verdict:
    """The verdict alone."""
    return judged(command, policy=policy, role=role).verdict
