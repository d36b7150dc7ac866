"""The gates after an editor's claim: a tester and a reviewer, each in its own sandbox on exactly what would land."""

from __future__ import annotations

from collections import Counter

from agents.agent import Outcome
from agents.assignment import Inspection, Note
from agents.events import GateFailed, GatePassed, GateStarted
from agents.recorder import Recorder
from agents.results import Review, TestVerdict
from orchestrator.plan.models import Gate, Task
from orchestrator.run.assignments import assignment, evidence_lines
from orchestrator.run.budget import TimedBudget
from orchestrator.run.context import RunContext
from orchestrator.run.rounds import Round, work_round


class GateUnanswered(Exception):
    """A gate's agent ended without a verdict: its outcome says how."""

    def __init__(self, gate: Gate, outcome: Outcome) -> None:
        self.gate = gate
        self.outcome = outcome
        super().__init__(f"the {gate} gave no verdict: {outcome.why}")


class Gates:
    """The tester and the reviewer of one task."""

    def __init__(self, ctx: RunContext, task: Task, recorder: Recorder, budget: TimedBudget) -> None:
        self._ctx = ctx
        self._task = task
        self._recorder = recorder
        self._budget = budget
        self._asked: Counter[Gate] = Counter()

    async def check(self, commit: str, inspection: Inspection) -> Note | None:
        """None where all gates pass, else what the first one saw and wants; raises GateUnanswered."""
        for gate in self._task.effective_gates:
            why = await self._one(gate, commit, inspection)
            if why is not None:
                return Note(source=f"{gate}.{self._asked[gate]}", kind="gate", text=why)
        return None

    async def _one(self, gate: Gate, commit: str, inspection: Inspection) -> str | None:
        await self._recorder.record(GateStarted(gate=gate, commit=commit))
        self._asked[gate] += 1
        work = Round(
            assignment=assignment(self._ctx, self._task, gate, attempt=self._asked[gate], inspection=inspection),
            commit=commit,
            keep=False,
        )
        finished = await work_round(self._ctx, work, recorder=self._recorder, budget=self._budget)
        result = finished.outcome.result
        if not isinstance(result, TestVerdict | Review):
            await self._recorder.record(GateFailed(gate=gate, commit=commit, why=f"no verdict: {finished.outcome.why}"))
            raise GateUnanswered(gate, finished.outcome)
        return await self._settle(gate, commit, result)

    async def _settle(self, gate: Gate, commit: str, result: TestVerdict | Review) -> str | None:
        evidence = result.model_dump(mode="json")
        if result.verdict in {"pass", "approve"}:
            await self._recorder.record(GatePassed(gate=gate, commit=commit, evidence=evidence))
            return None
        why = "\n".join([f"the {gate} says {result.verdict}:", *evidence_lines(evidence)])
        await self._recorder.record(GateFailed(gate=gate, commit=commit, why=why, evidence=evidence))
        return why
