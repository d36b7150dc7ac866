"""The loop: ask the model, act on its answer, show it what happened, until it finishes or a limit stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from structlog.contextvars import bind_contextvars

from agents.acting import Acting, Checkpoint, Claim
from agents.assignment import Assignment
from agents.briefing import next_round, opening, sections
from agents.budget import SMALLEST_ANSWER_TOKENS, USUAL_ANSWER_TOKENS, Budget, LimitReached, Reservation
from agents.calls import with_own_ids
from agents.conversation import Conversation
from agents.errors import ContextTooLong, CredentialsRefused, ModelError, ModelRefused, ModelUnavailable
from agents.events import LimitReached as LimitEvent
from agents.events import ModelAsked
from agents.execution import Hands, JudgedSandbox
from agents.model import Bill, Message, Model, ModelRequest, ToolSchema
from agents.past import NoPast, Past
from agents.policy import Asker, Policy, Unanswered
from agents.rebuilding import Rebuilding
from agents.recorder import Recorder
from agents.records import model_answered
from agents.repetition import Repetition, Stuck
from agents.results import RoleResult
from agents.roles import ROLES
from agents.toolbox import tool_schemas, tools_tokens
from sandbox.sandbox import Sandbox
from sandbox.telling import Log

LOG = Log("step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an agent ended; `result` where it finished, `why` where it did not, `limit` where a limit ended it."""

    ended: Literal["finished", "failed", "limit", "parked", "interrupted"]
    conversation: Conversation
    result: RoleResult | None = None
    why: str | None = None
    limit: LimitReached | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A model with hands; everything it stands on is given. `stopping` is asked between steps."""

    model: Model
    policy: Policy
    asker: Asker
    recorder: Recorder
    budget: Budget
    past: Past = field(default_factory=NoPast)
    timeout_seconds: float = 600.0
    stopping: Callable[[], bool] = lambda: False

    async def run(
        self,
        assignment: Assignment,
        *,
        sandbox: Sandbox,
        conversation: Conversation | None = None,
        checkpoint: Checkpoint,
        claim: Claim,
    ) -> Outcome:
        """Work until the end; raises SandboxLost, CredentialsRefused.

        A conversation that is given goes on: in a new round with the assignment's reasons, and where its last
        answer was not acted on to the end, with that answer, in this sandbox.
        """
        talk = begin(assignment) if conversation is None else conversation
        _open_round(talk, assignment)
        judged = JudgedSandbox(sandbox, self._hands(assignment))
        acting = Acting(
            talk,
            role=ROLES[assignment.role],
            sandbox=judged,
            past=self.past,
            checkpoint=checkpoint,
            claim=claim,
        )
        try:
            return await self._loop(assignment, talk, acting)
        except LimitReached as reached:
            await self.recorder.record(LimitEvent(limit=reached.limit, value=reached.value, used=reached.used))
            return Outcome(ended="limit", conversation=talk, why=str(reached), limit=reached)
        except (ModelUnavailable, Unanswered) as error:
            return Outcome(ended="parked", conversation=talk, why=str(error))
        except CredentialsRefused:
            raise
        except (ModelRefused, Stuck) as error:
            return Outcome(ended="failed", conversation=talk, why=str(error))

    async def _loop(self, assignment: Assignment, talk: Conversation, acting: Acting) -> Outcome:
        repetition = Repetition()
        while not self.stopping():
            with LOG.timed("step.answered"):
                answer = talk.pending or await self._ask(assignment, talk)
            note = repetition.notice(talk)
            with LOG.timed("step.acted", calls=len(answer.tool_calls)):
                result = await acting.act(answer, cut_off=talk.cut_off, note=note)
            if result is not None:
                return Outcome(ended="finished", conversation=talk, result=result)
        return Outcome(ended="interrupted", conversation=talk, why="the run is being stopped")

    async def _ask(self, assignment: Assignment, talk: Conversation) -> Message:
        rebuilding = self._rebuilding(assignment)
        while True:
            limit = await rebuilding.make_room(talk)
            reservation = self._reserve(assignment, talk, rebuilding.tools, limit)
            try:
                return await self._request(assignment, talk, rebuilding.tools, reservation)
            except ContextTooLong as refusal:
                await rebuilding.after(refusal, talk)

    async def _request(
        self, assignment: Assignment, talk: Conversation, tools: tuple[ToolSchema, ...], reservation: Reservation
    ) -> Message:
        talk.step += 1
        bind_contextvars(step=talk.step)
        asked = ModelAsked(
            agent=assignment.agent,
            role=assignment.role,
            step=talk.step,
            model=self.model.id,
            added=talk.take_new(),
            prompt_estimate=reservation.prompt_tokens,
            max_tokens=reservation.max_tokens,
            sections=[] if talk.answered else [part.told() for part in sections(assignment)],
        )
        bill, answered = Bill(), False
        try:
            await self.recorder.record(asked)
            request = ModelRequest(
                messages=tuple(talk.messages),
                tools=tools,
                max_tokens=reservation.max_tokens,
                answer="finish" if ROLES[assignment.role].held_to_schema else None,
                turn=talk.answered,
                patience_seconds=self.budget.seconds_left(),
            )
            reply = await self.model.ask(request)
            bill, answered = reply.bill, True
        except ModelError as error:
            bill = error.bill
            talk.step -= 1
            raise
        finally:
            self.budget.settle(reservation, bill, answered=answered)
        await self.recorder.record(model_answered(asked, reply))
        return talk.answer(
            with_own_ids(reply.message),
            cut_off=reply.finish_reason == "length",
            prompt_tokens=reply.usage.prompt,
            tools_tokens=tools_tokens(tools),
        )

    def _reserve(
        self, assignment: Assignment, talk: Conversation, tools: tuple[ToolSchema, ...], limit: int
    ) -> Reservation:
        if assignment.max_steps is not None and talk.step >= assignment.max_steps:
            raise Stuck(f"no result after {talk.step} steps")
        prompt = talk.tokens(tools_tokens(tools))
        room = limit - prompt
        if room < SMALLEST_ANSWER_TOKENS:
            raise LimitReached("context", limit, prompt)
        return self.budget.reserve(prompt_tokens=prompt, max_tokens=min(USUAL_ANSWER_TOKENS, room))

    def _rebuilding(self, assignment: Assignment) -> Rebuilding:
        return Rebuilding(
            told=assignment,
            tools=tool_schemas(ROLES[assignment.role]),
            model=self.model,
            recorder=self.recorder,
            budget=self.budget,
            past=self.past,
        )

    def _hands(self, assignment: Assignment) -> Hands:
        return Hands(
            task=assignment.task,
            role=assignment.role,
            agent=assignment.agent,
            policy=self.policy.for_task(assignment.paths),
            asker=self.asker,
            recorder=self.recorder,
            timeout_seconds=self.timeout_seconds,
            budget=self.budget,
        )


def begin(assignment: Assignment) -> Conversation:
    """A conversation as it stands before the first request; hold it to go on after a lost sandbox."""
    return Conversation(
        agent=assignment.agent,
        messages=list(opening(assignment)),
        round=assignment.round,
    )


def _open_round(talk: Conversation, assignment: Assignment) -> None:
    if assignment.round > talk.round:
        talk.round = assignment.round
        for call in talk.pending.tool_calls if talk.pending else ():
            talk.messages.append(Message(role="tool", content="not done: your work came back", tool_call_id=call.id))
        talk.messages.append(next_round(assignment))
