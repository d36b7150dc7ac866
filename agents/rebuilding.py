"""Before a context is full it is rebuilt: by what the plan allows, by what the model takes, or by what it refused."""

from __future__ import annotations

from dataclasses import dataclass

from agents.assignment import Assignment
from agents.budget import SMALLEST_ANSWER_TOKENS, Budget, LimitReached
from agents.conversation import Conversation
from agents.errors import ContextTooLong
from agents.events import ContextRebuilt, FaultMet
from agents.handover_writer import HandoverWriter
from agents.model import Model, ToolSchema
from agents.past import Past
from agents.rebuilt import rebuilt
from agents.recorder import Recorder
from agents.toolbox import tools_tokens
from agents.window import answer_room, ceiling_after, limit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """Keeps the conversation of one assignment within its limit."""

    told: Assignment
    tools: tuple[ToolSchema, ...]
    model: Model
    recorder: Recorder
    budget: Budget
    past: Past

    async def make_room(self, talk: Conversation) -> int:
        """See that the next request fits; the most tokens that it may have. Raises LimitReached where none does."""
        limit = limit_of(self.told, talk, self.model.window)
        prompt = talk.tokens(tools_tokens(self.tools))
        if prompt + answer_room(limit) > limit:
            await self._rebuild(
                talk, limit, why=f"a prompt of {prompt:,} tokens leaves too little of {limit:,} for an answer"
            )
        return limit

    async def after(self, refusal: ContextTooLong, talk: Conversation) -> None:
        """Learn from a request that was refused; raises LimitReached where none fits."""
        refused = talk.tokens(tools_tokens(self.tools))
        accepted = talk.measured.prompt
        ceiling = ceiling_after(refusal.why, refused=refused, accepted=accepted)
        await self.recorder.record(FaultMet(where=f"model {refusal.model}", why=refusal.why))
        limit = min(ceiling, limit_of(self.told, talk, self.model.window))
        why = f"the model refused about {refused:,} tokens; now at most {ceiling:,} are tried"
        # What asks for a handover is no longer than what was taken before: it is not to be refused as well.
        asking = min(limit, accepted or limit)
        await self._rebuild(talk, limit, why=why, asking=asking, ceiling=ceiling)

    async def _rebuild(
        self, talk: Conversation, limit: int, *, why: str, asking: int | None = None, ceiling: int | None = None
    ) -> None:
        work = await self.past.work_done()
        before = talk.tokens(tools_tokens(self.tools))
        if len(work.steps) < talk.answered:
            # What is not written down would be forgotten.
            raise LimitReached("context", limit, before)
        written = await self._writer(asking or limit).write(self.told, talk, work) if work.steps else None
        new = rebuilt(self.told, talk, work, written, limit=limit, tools_tokens=tools_tokens(self.tools))
        after = talk.guess(new.messages, tools_tokens(self.tools))
        if after + SMALLEST_ANSWER_TOKENS > limit:
            raise LimitReached("context", limit, after)
        await self.recorder.record(
            ContextRebuilt(
                agent=self.told.agent,
                step=max(work.steps, default=0),
                why=why,
                messages=list(new.messages),
                sections=list(new.sections),
                before=before,
                after=after,
                limit=limit,
                ceiling=ceiling,
                handover=written.by if written is not None else None,
                refused=written.refused if written is not None else None,
            )
        )
        talk.rebuild(new.messages, ceiling=ceiling)

    def _writer(self, limit: int) -> HandoverWriter:
        return HandoverWriter(
            model=self.model, recorder=self.recorder, budget=self.budget, tools=self.tools, limit=limit
        )
