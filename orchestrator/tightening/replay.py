"""Judging what past runs did by a policy of today, each text once."""

from __future__ import annotations

from collections.abc import Mapping

from agents.redact import MARK
from orchestrator.tightening.judged import JudgedAct
from orchestrator.tightening.landed import LandedChange
from policies.policy import Policy
from policies.problems import DocumentError
from policies.verdict import Decision

_SECRET = "REDACTED"  # noqa: S105 - it stands for one: a mark as the journal has it would be two words and a wildcard


def judged_text(act: JudgedAct) -> str:
    """The text of an act as it is judged again: with a plain word in the place of each secret."""
    return MARK.sub(_SECRET, act.subject)


class Replay:
    """Judges by one policy; agents repeat themselves, so it remembers what it said."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._said: dict[tuple[object, ...], Decision] = {}

    def decision(self, act: JudgedAct | LandedChange) -> Decision:
        """What the policy says to an act, or to a diff that is there."""
        if isinstance(act, LandedChange):
            return self._policy.acting_for(*act.above).judge_changes(act.files or (), role=act.role)
        key = (act.tool, act.role, act.above, act.subject, act.paths)
        if (said := self._said.get(key)) is None:
            policy = self._policy.for_task(act.paths).acting_for(*act.above)
            judge = policy.judge_edit if act.tool == "edit" else policy.judge_command
            said = self._said[key] = judge(judged_text(act), role=act.role)
        return said


class Then:
    """The policies that runs were under, read by the program of today."""

    def __init__(self) -> None:
        self._replays: dict[tuple[tuple[str, str], ...], Replay | None] = {}

    def replay(self, layers: Mapping[str, str]) -> Replay | None:
        """Judges by these layers; None where the program of today can't read them."""
        key = tuple(layers.items())
        if key not in self._replays:
            self._replays[key] = _read(layers)
        return self._replays[key]


def _read(layers: Mapping[str, str]) -> Replay | None:
    try:
        return Replay(Policy.from_layers(layers))
    except DocumentError:
        return None
