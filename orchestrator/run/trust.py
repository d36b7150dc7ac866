"""A repository's policy that is looser than `standard` is named, and confirmed once for each text of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import UsageProblem
from policies.policy import Policy

_FILE = "confirmed-policies"


def require_trust(
    policy: Policy,
    state_directory: Path,
    *,
    strict: bool,
    confirm: Callable[[str], bool],
    say: Callable[[str], None],
) -> None:
    """Name what a policy loosens and have it confirmed, once for its hash.

    Raises UsageProblem where `strict` refuses such a policy, or the user does.
    """
    loosened = policy.looser_than_standard()
    if not loosened:
        return
    say("this repository's policy is looser than standard:")
    for line in loosened:
        say(f"  {line}")
    if strict:
        raise UsageProblem("--strict-policy refuses a policy that is looser than standard")
    file = state_directory / _FILE
    known = file.read_text().split() if file.exists() else []
    if policy.hash in known:
        return
    if not confirm("Use it?"):
        raise UsageProblem("the policy was not confirmed", hint="tighten it, or name another in the plan: `policy:`")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text("\n".join([*known, policy.hash]) + "\n")
