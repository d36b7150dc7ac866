"""What landed tasks needed of a policy: each command that had to be allowed, by the rule that allows it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.tightening.judged import JudgedAct, JudgedRun
from orchestrator.tightening.replay import judged_text
from policies.document import read_document
from policies.generalise import exact, is_needed
from policies.layer import Rule, compile_layer
from policies.lookups import Examined, Lookup, examine
from policies.policy import Policy
from policies.shape import Shape
from policies.verdict import Verdict

UNHELD = "no rule can hold it: it takes code, or words that no pattern can say"

PLANNING = "planning"
"""In the place of a task's name, for what was run to plan its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One command of a script that ran in a landed task."""

    act: JudgedAct
    lookup: Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A script that ran in a landed task and that no suggestion covers, and why; `unheld` if no rule could hold it."""

    act: JudgedAct
    why: str
    unheld: bool = False


@dataclass(slots=True, kw_only=True)
class Needs:
    """What was needed: by rule, and by a human's leave; `left` can't be had by a rule."""

    runs: int = 0
    tasks: set[tuple[str, str]] = field(default_factory=set)
    commands: int = 0
    by_rule: dict[Rule, list[Use]] = field(default_factory=dict)
    by_leave: dict[tuple[Verdict, Shape, str], list[Use]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    examined: dict[tuple[str, str], tuple[JudgedAct, Examined]] = field(default_factory=dict)
    """Each script with a role that ran it, judged once: agents repeat themselves."""
    liftable: dict[tuple[Shape, str], bool] = field(default_factory=dict)
    """Whether a rule is all that a command of a role lacks, and nothing else about it is asked."""


def needed_acts(run: JudgedRun) -> Iterator[JudgedAct]:
    """The scripts that ran in tasks that landed, and those that planned a run of which any did."""
    any_landed = any(map(run.landed, run.tasks))
    for act in run.acts:
        ran = act.tool == "shell" and act.ran_well is not None and not act.discarded
        if ran and (run.landed(act.task) or (act.task is None and any_landed)):
            yield act


def needs_of(policy: Policy, runs: Sequence[JudgedRun]) -> Needs:
    """What the landed tasks of some runs needed, as a policy judges it now."""
    needs = Needs(runs=len(runs))
    refused = {shape for run in runs for act in run.acts if _said_no(act) for shape in _asked(policy, act)}
    for run in runs:
        for act in needed_acts(run):
            needs.commands += 1
            needs.tasks |= {(act.run, act.task)} if act.task is not None else set()
            _add(needs, policy, act, refused)
    return needs


def held_back(needs: Needs, policy: Policy) -> list[Left]:
    """What a policy that was made of needs is stricter with all the same."""
    known = {(left.act.subject, left.act.role) for left in needs.left}
    found: list[Left] = []
    for key, (act, examined) in needs.examined.items():
        decision = policy.judge_command(judged_text(act), role=act.role)
        if key not in known and decision.verdict.strictness > examined.decision.verdict.strictness:
            part = decision.deciding
            found.append(Left(act=act, why=f"{part.rule} ({part.file}:{part.line})"))
    return found


def by_task(uses: Iterable[Use]) -> dict[str, int]:
    """How often each task did it, the most first."""
    counts = Counter(use.act.task or PLANNING for use in uses)
    return dict(sorted(counts.items(), key=lambda count: (-count[1], count[0])))


def _add(needs: Needs, policy: Policy, act: JudgedAct, refused: set[Shape]) -> None:
    key = act.subject, act.role
    if key not in needs.examined:
        needs.examined[key] = act, examine(policy, judged_text(act), role=act.role)
    _, examined = needs.examined[key]
    verdict = examined.decision.verdict
    if verdict is Verdict.DENY:
        part = examined.decision.deciding
        needs.left.append(Left(act=act, why=f"{part.rule} ({part.file}:{part.line}) denies it now"))
        return
    for lookup in filter(is_needed, examined.lookups):
        if lookup.rule is not None and lookup.rule.verdict is Verdict.ALLOW:
            needs.by_rule.setdefault(lookup.rule, []).append(Use(act=act, lookup=lookup))
        elif lookup.rule is None:
            _add_by_leave(needs, policy, Use(act=act, lookup=lookup), refused)


def _add_by_leave(needs: Needs, policy: Policy, use: Use, refused: set[Shape]) -> None:
    shape = exact(use.lookup)
    if shape is None:
        needs.left.append(Left(act=use.act, why=UNHELD, unheld=True))
        return
    key = shape, use.act.role
    if key not in needs.liftable:
        command = shlex.join([use.lookup.name, *use.lookup.candidates[0]])
        decision = allowing(policy, [shape]).judge_command(command, role=use.act.role)
        needs.liftable[key] = decision.verdict is Verdict.ALLOW
    settled = use.act.answered_by is not None and shape not in refused and needs.liftable[key]
    verdict = Verdict.ALLOW if settled else Verdict.ASK
    needs.by_leave.setdefault((verdict, shape, use.act.role), []).append(use)


def allowing(policy: Policy, shapes: Iterable[Shape]) -> Policy:
    """A policy that allows these commands as well, unless something of the policy denies or asks what they do."""
    patterns = [shape.text for shape in shapes]
    if not patterns:
        return policy
    rule = json.dumps({"version": 1, "commands": [{"allow": patterns}]}, ensure_ascii=False)
    return Policy.of([compile_layer(read_document(rule, file="allowed")), *policy.compiled])


def _said_no(act: JudgedAct) -> bool:
    return act.verdict is Verdict.ASK and not act.allowed and (act.answered_by or "").startswith("human")


def _asked(policy: Policy, act: JudgedAct) -> Iterator[Shape]:
    for lookup in examine(policy, judged_text(act), role=act.role).lookups:
        if lookup.rule is None and (shape := exact(lookup)) is not None:
            yield shape
