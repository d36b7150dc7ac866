"""The gates after an editor's claim: a tester and a reviewer, each in its own sandbox on exactly what would land."""

from __future__ import annotations

from collections import Counter
from typing import Any

from agents.agent import Outcome
from agents.assignment import Inspection, Note
from agents.events import GateFailed, GatePassed, GateStarted
from agents.recorder import Recorder
from agents.results import Review, TestVerdict
from orchestrator.plan.models import Gate, Task
from orchestrator.run.assignments import assignment, evidence_lines
from orchestrator.run.attempt import has_passed
from orchestrator.run.budget import TimedBudget
from orchestrator.run.context import RunContext
from orchestrator.run.left_off import LeftOff
from orchestrator.run.rounds import Round, work_round
from orchestrator.run.whereabouts import AtGate


class GateUnanswered(Exception):
    """A gate's agent ended without a verdict: its outcome says how."""

    def __init__(self, gate: Gate, outcome: Outcome) -> None:
        self.gate = gate
        self.outcome = outcome
        super().__init__(f"the {gate} gave no verdict: {outcome.why}")


class Gates:
    """The tester and the reviewer of one task."""

    def __init__(
        self, ctx: RunContext, task: Task, recorder: Recorder, budget: TimedBudget, *, left: LeftOff | None = None
    ) -> None:
        """`left` is what an earlier process left of the task."""
        self._ctx = ctx
        self._task = task
        self._recorder = recorder
        self._budget = budget
        self._left = left
        there = left.where.at_gates.items() if left is not None else ()
        self._asked = Counter({gate: seen.newest for gate, seen in there})

    async def check(self, commit: str, inspection: Inspection) -> Note | None:
        """None where all gates pass, else what the first one saw and wants; raises GateUnanswered."""
        for gate in self._task.effective_gates:
            why = await self._one(gate, commit, inspection)
            if why is not None:
                return Note(source=f"{gate}.{self._asked[gate]}", kind="gate", text=why)
        return None

    async def _one(self, gate: Gate, commit: str, inspection: Inspection) -> str | None:
        if has_passed(self._ctx, self._task.id, gate, commit):
            return None
        there = self._there(gate, commit)
        if there is None:
            await self._recorder.record(GateStarted(gate=gate, commit=commit))
            self._asked[gate] += 1
        elif there.ended is not None and there.ended.result is not None:
            return await self._settle(gate, commit, _verdict(gate, there.ended.result))
        agent = f"{gate}.{self._asked[gate]}"
        work = Round(
            assignment=assignment(self._ctx, self._task, gate, attempt=self._asked[gate], inspection=inspection),
            commit=commit,
            keep=False,
            conversation=self._left.talk(agent) if there is not None and self._left is not None else None,
        )
        finished = await work_round(self._ctx, work, recorder=self._recorder, budget=self._budget)
        result = finished.outcome.result
        if not isinstance(result, TestVerdict | Review):
            if finished.outcome.ended == "failed":
                why = f"no verdict: {finished.outcome.why}"
                await self._recorder.record(GateFailed(gate=gate, commit=commit, why=why))
            raise GateUnanswered(gate, finished.outcome)
        return await self._settle(gate, commit, result)

    def _there(self, gate: Gate, commit: str) -> AtGate | None:
        """The conversation about this commit that an earlier process left on its way; once."""
        there = self._left.where.at_gates.pop(gate, None) if self._left is not None else None
        on_its_way = there is not None and there.number and there.commit == commit and not there.is_settled
        return there if on_its_way else None

    async def _settle(self, gate: Gate, commit: str, result: TestVerdict | Review) -> str | None:
        evidence = result.model_dump(mode="json")
        if result.verdict in {"pass", "approve"}:
            await self._recorder.record(GatePassed(gate=gate, commit=commit, evidence=evidence))
            return None
        why = "\n".join([f"the {gate} says {result.verdict}:", *evidence_lines(evidence)])
        await self._recorder.record(GateFailed(gate=gate, commit=commit, why=why, evidence=evidence))
        return why


def _verdict(gate: Gate, result: dict[str, Any]) -> TestVerdict | Review:
    return (TestVerdict if gate == "tester" else Review).model_validate(result)
