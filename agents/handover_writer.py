"""Having a model write the handover: asked once, paid and journalled like any other call, and never waited for long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio

from agents.assignment import Assignment
from agents.budget import Budget, LimitReached, Reservation
from agents.conversation import Conversation, by_answers, estimate
from agents.errors import ModelError, WaitEnded
from agents.events import ContextSection, FaultMet, ModelAsked
from agents.fence import fence
from agents.handover import Handover, Unusable, hold, read_handover
from agents.handover_of_journal import of_journal
from agents.model import Bill, Message, Model, ModelReply, ModelRequest, ToolSchema
from agents.recorder import Recorder
from agents.records import model_answered
from agents.step_events import HANDOVER
from agents.toolbox import tools_tokens
from agents.work_done import WorkDone
from agents.work_told import lines

PROMPT = Path(__file__).with_name("handover.md")

ANSWER_TOKENS = 2048
PATIENCE_SECONDS = 300.0
"""How long a handover is waited for, all tries together; the journal has one at once."""

FEWEST_STEPS = 5
"""Fewer since the last rebuild are not worth another call."""

RECORD_CHARS = 6000
FILES_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A handover that holds, whose it is, and why it is not the model's."""

    handover: Handover
    by: Literal["model", "journal"]
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverWriter:
    """Asks the agent's own model; `limit` is the most tokens that its prompt may have."""

    model: Model
    recorder: Recorder
    budget: Budget
    tools: tuple[ToolSchema, ...]
    limit: int

    async def write(self, told: Assignment, talk: Conversation, work: WorkDone) -> Written:
        """The model's handover where it holds, else that of the journal; raises WaitEnded."""
        try:
            handover = read_handover(await self._answer(told, talk, work))
            hold(handover, work)
        except Unusable as unusable:
            return Written(handover=of_journal(work, goal=told.task_goal), by="journal", refused=str(unusable))
        return Written(handover=handover, by="model")

    async def _answer(self, told: Assignment, talk: Conversation, work: WorkDone) -> Message:
        if work.handover is not None and work.handover[0] == talk.step:
            # It was paid for by a process that did not live to use it.
            return work.handover[1]
        if talk.step - work.rebuilt < FEWEST_STEPS:
            raise Unusable(f"it was not asked for: only {talk.step - work.rebuilt} steps since the last")
        messages = self._fitting(talk, question(work))
        prompt = talk.guess(messages, tools_tokens(self.tools))
        try:
            reservation = self.budget.reserve(prompt_tokens=prompt, max_tokens=ANSWER_TOKENS, steps=0)
        except LimitReached as reached:
            raise Unusable(f"it was not asked for: {reached}") from reached
        return await self._ask(told, talk, work, messages, reservation)

    def _fitting(self, talk: Conversation, asking: Message) -> list[Message]:
        """The conversation as far as it fits, for which its newest steps may be left out: they stay whole anyway."""
        opening, steps = by_answers(talk.messages)
        room = talk.ours(self.limit) - tools_tokens(self.tools) - estimate([*opening, asking])
        fitting: list[Message] = []
        for step in steps:
            room -= estimate(step)
            if room < 0:
                break
            fitting += step
        if not fitting:
            raise Unusable("it was not asked for: there was no room for the question")
        return [*opening, *fitting, asking]

    async def _ask(
        self,
        told: Assignment,
        talk: Conversation,
        work: WorkDone,
        messages: Sequence[Message],
        reservation: Reservation,
    ) -> Message:
        asked = ModelAsked(
            agent=f"{told.agent}.{HANDOVER}",
            role=told.role,
            step=talk.step,
            model=self.model.id,
            added=[messages[-1]],
            prompt_estimate=reservation.prompt_tokens,
            max_tokens=reservation.max_tokens,
            sections=_sections(told, talk, messages),
        )
        request = ModelRequest(
            messages=tuple(messages),
            tools=self.tools,
            max_tokens=reservation.max_tokens,
            turn=work.handovers,
            aside=HANDOVER,
            patience_seconds=min(PATIENCE_SECONDS, self.budget.seconds_left()),
        )
        reply: ModelReply | None = None
        bill = Bill()
        try:
            await self.recorder.record(asked)
            with anyio.move_on_after(PATIENCE_SECONDS):
                reply = await self.model.ask(request)
            # A provider that was not waited for may have worked all the while, and wants to be paid.
            bill = reply.bill if reply is not None else reservation.in_full
        except WaitEnded as error:
            # Whoever goes on with the run has it written.
            bill = error.bill
            raise
        except ModelError as error:
            bill = error.bill
            raise Unusable(f"it never came: {error}") from error
        finally:
            self.budget.settle(reservation, bill, answered=reply is not None)
        if reply is None:
            fault = _given_up(asked, bill)
            await self.recorder.record(fault)
            raise Unusable(f"it never came: {fault.why}")
        await self.recorder.record(model_answered(asked, reply))
        return reply.message


def _given_up(asked: ModelAsked, bill: Bill) -> FaultMet:
    return FaultMet(
        where=f"model {asked.model}",
        why=f"no answer within {PATIENCE_SECONDS:g} s",
        retryable=False,
        agent=asked.agent,
        usage=bill.usage,
        cost=bill.cost,
    )


def _sections(told: Assignment, talk: Conversation, messages: Sequence[Message]) -> list[ContextSection]:
    """What the request is made of: the conversation is not told again."""
    *conversation, asking = messages
    whole = len(conversation) == len(talk.messages)
    source = (
        f"{told.agent} at step {talk.step}, {'whole' if whole else 'without its newest steps, which are kept whole'}"
    )
    parts = (("conversation", source, estimate(conversation)), ("question", "the program", estimate([asking])))
    return [ContextSection(name=name, source=told_by, tokens=size, whole=size) for name, told_by, size in parts]


def question(work: WorkDone) -> Message:
    """What asks for a handover: the form, and what it will be held against."""
    text = PROMPT.read_text(encoding="utf-8").strip().replace("{last}", str(max(work.steps, default=0)))
    record = fence("Steps", lines(work, budget_chars=RECORD_CHARS, after=work.rebuilt))
    files = fence("Files changed", "\n".join(list(work.files)[-FILES_SHOWN:]) or "none")
    tests = "\n".join(f"{'passed' if run.passed else 'failed'}: {run.command}" for run in work.tests()[-20:])
    return Message(role="user", content="\n\n".join([text, record, files, fence("Tests", tests or "none")]))
