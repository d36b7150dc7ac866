"""The graph's data flow: what a task found reaches those that need it, whole, and nobody else by any way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import ModelRefused
from agents.events import AttemptStarted
from agents.model import Message
from orchestrator.journal.fold import event_of
from orchestrator.journal.state import RunState, TaskState
from orchestrator.run.split import leaves
from tests.fakes.model import call, calling, finish
from tests.run.whole_run import Asked, WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

CANARY = re.compile(r"canary-([a-z0-9]+)-")
FATES = ("well", "well", "sent back", "again", "split", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task of a random plan, and what becomes of it."""

    id: str
    role: str
    fate: str
    needs: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As the plan has it."""
        gates = {"gates": ["tester", "reviewer"]} if self.role == "editor" else {}
        goal = f"Do what canary-{self.id}-goal says."
        return {"id": self.id, "role": self.role, "goal": goal, "needs": self.needs, **gates}


@st.composite
def graphs(draw: st.DrawFn) -> list[Job]:
    """Up to six tasks, each needing any of those before it."""
    jobs: list[Job] = []
    for number in range(draw(st.integers(2, 6))):
        needs = draw(st.lists(st.sampled_from([job.id for job in jobs]), unique=True, max_size=3)) if jobs else []
        role = draw(st.sampled_from(["investigator", "editor", "tester"]))
        jobs.append(Job(id=f"t{number}", role=role, fate=draw(st.sampled_from(FATES)), needs=needs))
    return jobs


def said(asked: Asked, what: str) -> str:
    """A word that only this agent says."""
    return f"canary-{asked.task}-{asked.agent.replace('.', '-')}-{what}"


def answers(jobs: list[Job]) -> Any:
    """The model of a plan: every text that it hands over holds its task's word, and it looks for those of others."""
    fates = {job.id: job.fate for job in jobs}

    def answer(asked: Asked) -> Message:
        fate = fates.get(asked.task, "well")
        if asked.role == "coordinator":
            return decided(asked, fate)
        first = asked.agent.endswith(".1")
        own = asked.role == next((job.role for job in jobs if job.id == asked.task), asked.role)
        if own and fate in {"again", "split", "lost"} and (first or fate == "lost"):
            raise ModelRefused("m/x", said(asked, "failure"))
        if asked.turn == 0 and asked.role != "editor":
            return calling(call("recall", {"query": "canary"}))
        if asked.role == "reviewer":
            return reviewed(asked, back=fate == "sent back" and first)
        if asked.role == "tester":
            tried = [{"command": said(asked, "command"), "what_happened": said(asked, "happened")}]
            return finish(verdict="pass", evidence=tried)
        if asked.role == "investigator":
            return finish(findings=said(asked, "found"))
        if asked.turn % 2 == 0:
            path = f"{asked.task}-{asked.turn}.txt"
            return calling(call("edit", {"path": path, "old": "", "new": f"{asked.turn}\n"}))
        return finish(summary=said(asked, "summary"), notes=said(asked, "notes"))

    return answer


def reviewed(asked: Asked, *, back: bool) -> Message:
    """A reviewer's word."""
    comments = [{"file": "a.txt", "line": 7, "text": said(asked, "comment")}] if back else []
    return finish(verdict="changes" if back else "approve", comments=comments)


def decided(asked: Asked, fate: str) -> Message:
    """The coordinator's word on an attempt that failed."""
    if fate == "again":
        return finish(decision="another approach", why=said(asked, "why"), advice=said(asked, "advice"))
    if fate == "lost":
        return finish(decision="give up", why=said(asked, "why"))
    role = "editor" if "the work of one editor" in asked.text else "investigator"
    parts = [{"id": f"{asked.task}{part}", "role": role, "goal": f"canary-{asked.task}{part}-goal"} for part in "ab"]
    return finish(decision="tasks", why=said(asked, "why"), tasks=parts)


def may_hear(state: RunState, task: str) -> set[str]:
    """The tasks whose words may reach an agent of this one: itself and, whole or in parts, those that it needs."""
    progress = state.tasks[task]
    return {task, *leaves(state, progress.needs)}


def handed_over(state: RunState, task: str) -> set[str]:
    """The tasks whose words must reach its first agent."""
    return {need for need in leaves(state, state.tasks[task].needs) if state.tasks[need].result}


def hold(whole: WholeRun, state: RunState) -> None:
    """Hold every request of a run against the graph."""
    begun: set[str] = set()
    for asked in whole.asked:
        heard = set(CANARY.findall(asked.text))
        assert heard <= may_hear(state, asked.task), (asked.task, asked.agent)
        if asked.role == state.tasks[asked.task].role:
            assert handed_over(state, asked.task) <= heard, (asked.task, asked.agent)
            begun.add(asked.task)
    for row in whole.rows:
        event = event_of(row)
        for told in event.told if isinstance(event, AttemptStarted) else ():
            assert set(CANARY.findall(told.text)) <= may_hear(state, row.task or ""), row
    lost = {TaskState.SKIPPED, TaskState.PENDING}
    assert begun == {name for name, task in state.tasks.items() if task.state not in lost}


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs=graphs())
def test_words_reach_those_that_need_them_and_nobody_else(jobs: list[Job]) -> None:
    """In any graph, with tasks that are sent back, retried, split and lost: no request holds another task's word."""
    with TemporaryDirectory() as place:
        whole = WholeRun(place=Path(place), answer=answers(jobs))
        limits = {"attempts": 2, "parallel": 3}
        state = anyio.run(lambda: whole.run(*(job.document() for job in jobs), limits=limits))
        hold(whole, state)


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_who_told_whom_is_in_the_journal(tmp_path: Path) -> None:
    """Findings go to who needs them, and not on through an editor; evidence to the next round, with its places."""
    jobs = [
        Job(id="survey", role="investigator", fate="well"),
        Job(id="port", role="editor", fate="sent back", needs=["survey"]),
        Job(id="docs", role="investigator", fate="again", needs=["port"]),
    ]
    whole = WholeRun(place=tmp_path, answer=answers(jobs))
    await whole.run(*(job.document() for job in jobs), limits={"attempts": 2})
    told = {
        (event.agent, event.round): [(told.source, told.kind) for told in event.told]
        for event in map(event_of, whole.rows)
        if isinstance(event, AttemptStarted)
    }
    found, change = ("survey", "findings"), ("port", "change")
    assert told == {
        ("investigator.1", 1): [("port", "summary")],
        ("editor.1", 1): [found],
        ("tester.1", 1): [change, found],
        ("reviewer.1", 1): [change, found],
        ("editor.1", 2): [("reviewer.1", "gate"), found],
        ("tester.2", 1): [change, found],
        ("reviewer.2", 1): [change, found],
        ("coordinator.1", 1): [("attempt 1 of docs", "attempt"), ("port", "summary")],
        ("investigator.2", 1): [("the coordinator", "advice"), ("attempt 1", "attempt"), ("port", "summary")],
    }
    again = next(asked for asked in whole.asked if asked.agent == "editor.1" and "your work came back" in asked.text)
    assert "a.txt:7: canary-port-reviewer-1-comment" in again.text
    retried = next(asked for asked in whole.asked if asked.agent == "investigator.2")
    assert "How it ended: attempt 1" in retried.text
    assert "canary-docs-investigator-1-failure" in retried.text


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_a_conflict_comes_back_with_its_evidence(tmp_path: Path) -> None:
    """Whoever lands second is told which files conflict, and by whom it was told."""

    def answer(asked: Asked) -> Message:
        if asked.turn % 2 == 0:
            return calling(call("edit", {"path": "same.txt", "old": "", "new": f"{asked.task} {asked.turn}\n"}))
        return finish(summary="done")

    whole = WholeRun(place=tmp_path, answer=answer)
    editors: list[dict[str, Any]] = [
        {"id": name, "role": "editor", "goal": "Write it.", "gates": []} for name in ("one", "two")
    ]
    state = await whole.run(*editors)
    assert state.status == "done"
    back = [told for event in map(event_of, whole.rows) if isinstance(event, AttemptStarted) for told in event.told]
    assert [(told.source, told.kind) for told in back] == [("the merge", "merge")]
    assert "same.txt" in next(asked for asked in whole.asked if "your work came back" in asked.text).text
