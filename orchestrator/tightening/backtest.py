"""Past runs under another policy: which verdicts change, and whether what landed would have been stopped.

An agent that is refused may find another way, but nobody can know: an act without which a task landed is held to be
one that it needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.tightening.judged import JudgedAct, JudgedRun
from orchestrator.tightening.landed import LandedChange
from orchestrator.tightening.replay import Replay, Then
from policies.policy import Policy
from policies.verdict import Part, Verdict

NOBODY = "deny"
"""The `--ask` of a run that has nobody to ask."""


class Effect(StrEnum):
    """What another verdict would have come to."""

    REFUSED = "refused"
    """It ran, and would have been refused."""
    WAITS = "waits"
    """It ran, and would have waited for a human."""
    RUNS = "runs"
    """It was refused, and would have run."""
    UNASKED = "unasked"
    """A human allowed it, and would not have been asked."""
    ASKED = "asked"
    """It was refused, and a human would have been asked."""
    NONE = "none"
    """It was refused, and would have been refused."""


LOOSER = frozenset({Effect.RUNS, Effect.UNASKED, Effect.ASKED})


class Cause(StrEnum):
    """Why a verdict is another one now."""

    POLICY = "policy"
    PROGRAM = "program"
    """The program of today judges it otherwise under the policy of then."""
    BOTH = "both"
    UNKNOWN = "unknown"
    """The program of today can't read the policy of then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An act, or the diff of a task, that has another verdict now; `by` is the part that decides."""

    act: JudgedAct | LandedChange
    now: Verdict
    by: Part
    effect: Effect
    cause: Cause
    counts: bool
    """Whether a task landed by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestedRun:
    """One run under the other policy."""

    run: str
    acts: int
    diffs: int
    gone: tuple[str, ...]
    """Landed tasks whose commits are no longer there to be judged."""
    landed: tuple[str, ...]
    changed: tuple[Changed, ...]

    @property
    def verdicts(self) -> Counter[tuple[Verdict, Verdict]]:
        """How often a verdict became another one."""
        return Counter((changed.act.verdict, changed.now) for changed in self.changed)

    @property
    def stopped(self) -> tuple[str, ...]:
        """The landed tasks that would have failed; all of them where the making of the plan would have."""
        return self._tasks(Effect.REFUSED)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The landed tasks that would have waited for a human."""
        return self._tasks(Effect.WAITS)

    @property
    def looser(self) -> tuple[Changed, ...]:
        """What would have run, or been asked about, and was refused; or would have run unasked."""
        return tuple(changed for changed in self.changed if changed.effect in LOOSER)

    def _tasks(self, effect: Effect) -> tuple[str, ...]:
        hit = {changed.act.task for changed in self.changed if changed.counts and changed.effect is effect}
        return self.landed if None in hit else tuple(task for task in self.landed if task in hit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """All runs under the other policy, in the order in which they were given."""

    runs: tuple[BacktestedRun, ...]

    @property
    def stopped(self) -> tuple[tuple[str, str], ...]:
        """Run and task of all that landed and would have failed; empty where the policy permits all that landed."""
        return tuple((run.run, task) for run in self.runs for task in run.stopped)


def backtest(policy: Policy, runs: Iterable[JudgedRun]) -> Backtest:
    """Judge what runs did by a policy."""
    tester = _Backtester(policy)
    return Backtest(runs=tuple(tester.run(run) for run in runs))


class _Backtester:
    """Judges one run after another by a policy."""

    def __init__(self, policy: Policy) -> None:
        self._now = Replay(policy)
        self._then = Then()

    def run(self, run: JudgedRun) -> BacktestedRun:
        """One run by the policy."""
        there = [diff for diff in run.diffs if diff.files is not None]
        judged: list[JudgedAct | LandedChange] = [*run.acts, *there]
        compared = [self._compared(run, act) for act in judged]
        return BacktestedRun(
            run=run.run,
            acts=len(run.acts),
            diffs=len(there),
            gone=tuple(diff.task for diff in run.diffs if diff.files is None),
            landed=tuple(task for task in run.tasks if run.landed(task)),
            changed=tuple(changed for changed in compared if changed is not None),
        )

    def _compared(self, run: JudgedRun, act: JudgedAct | LandedChange) -> Changed | None:
        now = self._now.decision(act)
        if now.verdict is act.verdict:
            return None
        then = self._then.replay(run.policy)
        return Changed(
            act=act,
            now=now.verdict,
            by=now.deciding,
            effect=_effect(act, now.verdict),
            cause=_cause(act.verdict, now.verdict, then.decision(act).verdict if then is not None else None),
            counts=_counts(run, act),
        )


def _effect(act: JudgedAct | LandedChange, now: Verdict) -> Effect:
    if now is Verdict.ALLOW:
        return Effect.UNASKED if act.allowed else Effect.RUNS
    # A task's own checks are judged, but nobody is asked about them.
    checks = isinstance(act, JudgedAct) and act.agent is None
    if now is Verdict.DENY or act.ask == NOBODY or checks:
        return Effect.REFUSED if act.allowed else Effect.NONE
    return Effect.WAITS if act.allowed else Effect.ASKED


def _cause(was: Verdict, now: Verdict, then: Verdict | None) -> Cause:
    """`then` is what the program of today says under the policy of then."""
    if then is None:
        return Cause.UNKNOWN
    return Cause.POLICY if then is was else Cause.PROGRAM if then is now else Cause.BOTH


def _counts(run: JudgedRun, act: JudgedAct | LandedChange) -> bool:
    if isinstance(act, LandedChange):
        return run.landed(act.task)
    if act.ran_well is None or act.discarded:
        return False
    # Without a plan there would have been no task.
    return run.landed(act.task) or (act.task is None and any(map(run.landed, run.tasks)))
