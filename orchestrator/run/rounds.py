"""One round of one agent: a worksite, the conversation, the saved files, and its events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel
from structlog.contextvars import bound_contextvars

from agents.agent import Agent, Outcome, begin
from agents.assignment import Assignment
from agents.conversation import Conversation
from agents.events import AttemptEnded, AttemptStarted
from agents.recorder import Recorder
from agents.redact import Redactor
from agents.results import RoleResult
from agents.told import told
from orchestrator.memory.learning import learnt
from orchestrator.run.budget import TimedBudget
from orchestrator.run.checkpoints import Checkpoints
from orchestrator.run.context import RunContext
from orchestrator.run.faults import outlasting_faults

ClaimOn = Callable[[RoleResult, Checkpoints], Awaitable[str | None]]
"""Checks a claim on the files as they were last saved; a reason sends it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round begins with: `tree` where its files are not those of `commit`; `keep` where they may land.

    With `read_only` its agent can't even write them for itself.
    """

    assignment: Assignment
    commit: str
    tree: str | None = None
    keep: bool
    read_only: bool = False
    conversation: Conversation | None = None
    head: str | None = None
    """What git in each worktree of the round calls HEAD, where that is another commit than its files were of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a round ended, and the files as last saved."""

    outcome: Outcome
    commit: str
    tree: str


async def work_round(
    ctx: RunContext, work: Round, *, recorder: Recorder, budget: TimedBudget, claim: ClaimOn | None = None
) -> Finished:
    """Let the agent work until it ends, on a fresh sandbox where one is lost; raises SandboxError, AirlockError."""
    tree = work.tree or await ctx.tree_of(work.commit)
    talk = work.conversation or begin(work.assignment)
    task = work.assignment.task
    saved = Checkpoints(
        ctx,
        recorder,
        task=task,
        agent=work.assignment.agent,
        commit=work.commit,
        tree=tree,
        keep=work.keep,
    )
    agent = Agent(
        model=ctx.model_of(work.assignment.role, task=task, agent=work.assignment.agent, recorder=recorder),
        policy=ctx.policy_of(task, work.assignment.role),
        asker=ctx.asker,
        recorder=recorder,
        budget=budget.for_agent(work.assignment.role),
        past=ctx.memory.past(work.assignment),
        timeout_seconds=ctx.plan.sandbox.timeout_seconds,
        stopping=ctx.stopping,
    )

    async def once() -> Outcome:
        # Not awaited: it starts while the model reads, and the first command waits for it.
        head = work.head or work.commit
        async with ctx.worksites.at(task, head, tree=saved.tree, read_only=work.read_only) as sandbox:
            await recorder.record(_started(work, agent, saved, sandbox.name))

            async def checkpoint(step: int) -> str | None:
                return await saved.take(sandbox, step)

            async def check(result: RoleResult) -> str | None:
                return await claim(_without_secrets(ctx, result), saved) if claim is not None else None

            with bound_contextvars(agent=work.assignment.agent, sandbox=sandbox.name, step=talk.step):
                return await agent.run(
                    work.assignment, sandbox=sandbox, conversation=talk, checkpoint=checkpoint, claim=check
                )

    with budget.at_work(work.assignment.role):
        outcome = await outlasting_faults(recorder, work.assignment.agent, once, done=lambda: talk.step)
    if outcome.result is not None:
        outcome = replace(outcome, result=_without_secrets(ctx, outcome.result))
    await recorder.record(*learnt(outcome), _ended(work, outcome, saved))
    return Finished(outcome=outcome, commit=saved.commit, tree=saved.tree)


def _without_secrets(ctx: RunContext, result: RoleResult) -> RoleResult:
    """What an agent hands over goes on: into commit messages, saved plans, other conversations."""
    clean: RoleResult = _cleaned(result, ctx.secrets)
    return clean


def _cleaned(value: Any, secrets: Redactor) -> Any:
    # Not validated again: a mark may be longer than what it stands for.
    match value:
        case str():
            return secrets.text(value)
        case tuple():
            return tuple(_cleaned(item, secrets) for item in value)
        case BaseModel():
            fields = {name: _cleaned(getattr(value, name), secrets) for name in type(value).model_fields}
            return value.model_copy(update=fields)
        case _:
            return value


def _started(work: Round, agent: Agent, saved: Checkpoints, sandbox: str) -> AttemptStarted:
    given = work.assignment
    return AttemptStarted(
        agent=given.agent,
        role=given.role,
        attempt=given.attempt,
        round=given.round,
        model=agent.model.id,
        commit=saved.commit,
        sandbox=sandbox,
        told=told(given),
        tree=saved.tree,
    )


def _ended(work: Round, outcome: Outcome, saved: Checkpoints) -> AttemptEnded:
    return AttemptEnded(
        agent=work.assignment.agent,
        outcome=outcome.ended,
        result=outcome.result.model_dump(mode="json") if outcome.result is not None else None,
        why=outcome.why,
        commit=saved.commit if work.keep else None,
    )
