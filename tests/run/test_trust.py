"""A policy that loosens `standard` is named, and used only as far as somebody agreed."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.run.trust import require_trust
from policies.policy import Policy

STANDARD = "version: 1\nextends: standard\n"
LOOSE = f"{STANDARD}commands: [{{allow: make, why: we build}}]\n"
LOOSER = f"{STANDARD}commands: [{{allow: make|cargo, why: we build}}]\n"


def policy(text: str) -> Policy:
    """A repository's policy over the preset."""
    standard = (Path(__file__).parents[2] / "policies/presets/standard.yaml").read_text()
    return Policy.from_layers({".mimo/policy.yaml": text, "standard": standard})


class User:
    """Somebody who says the same every time; what they were told and asked is kept."""

    def __init__(self, *, agrees: bool) -> None:
        self.agrees = agrees
        self.asked = 0
        self.told: list[str] = []

    def confirm(self, _: str) -> bool:
        """Answer."""
        self.asked += 1
        return self.agrees

    def trusts(self, text: str, state: Path, *, strict: bool = False) -> None:
        """Meet a policy; raises UsageProblem."""
        require_trust(policy(text), state, strict=strict, confirm=self.confirm, say=self.told.append)


def test_what_loosens_nothing_is_not_asked_about(tmp_path: Path) -> None:
    """A policy that only adds to the preset runs without a word."""
    user = User(agrees=False)
    user.trusts(STANDARD, tmp_path)
    assert (user.asked, user.told) == (0, [])


def test_a_looser_policy_is_confirmed_once_for_its_text(tmp_path: Path) -> None:
    """The same text is not asked about again; a changed one is."""
    user = User(agrees=True)
    for text in (LOOSE, LOOSE, LOOSER, LOOSE):
        user.trusts(text, tmp_path)
    assert user.asked == 2
    assert any("make" in line for line in user.told)


def test_a_no_stops_the_run(tmp_path: Path) -> None:
    """What was not confirmed is not used, and asked about again the next time."""
    user = User(agrees=False)
    for _ in range(2):
        with pytest.raises(UsageProblem, match="not confirmed"):
            user.trusts(LOOSE, tmp_path)
    assert user.asked == 2


def test_strict_refuses_without_asking(tmp_path: Path) -> None:
    """`--strict-policy` takes no looser policy, confirmed or not."""
    user = User(agrees=True)
    user.trusts(LOOSE, tmp_path)
    with pytest.raises(UsageProblem, match="--strict-policy"):
        user.trusts(LOOSE, tmp_path, strict=True)
