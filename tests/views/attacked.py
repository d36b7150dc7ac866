"""What an attack found: walls that held, one that did not, and a backend that can't be had."""

from __future__ import annotations

from orchestrator.attack.assault import Assault
from sandbox.attacks.escape import Group, Outcome, Verdict
from tests.views.story import HOSTILE


def found(name: str, group: Group, verdict: Verdict, reason: str) -> Outcome:
    """What came of one escape."""
    return Outcome(name=name, group=group, tries="do what it must not", verdict=verdict, reason=reason)


def assaults() -> list[Assault]:
    """The words of a sandbox try to steer the terminal; a long reason has to wrap."""
    outcomes = (
        found("file-beside-worktree", Group.FILES, Verdict.HELD, "it is not there"),
        found("read-only-root", Group.FILES, Verdict.BROKEN, f"/etc can be written{HOSTILE}"),
        found("engine-bridge", Group.NETWORK, Verdict.NOT_TRIED, "this machine has no bridge of an engine"),
        found("raw-socket", Group.NETWORK, Verdict.HELD, "operation not permitted, " * 6 + "operation not permitted"),
        found("read-through-directory-link", Group.SYMLINKS, Verdict.HELD, "the program follows no link"),
    )
    why_not = "no Docker engine answers (nobody is there); start one (`systemctl start docker`)"
    return [Assault(backend="docker", why_not=why_not), Assault(backend="bubblewrap", outcomes=outcomes)]
