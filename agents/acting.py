"""One step's second half: every call of an answer is carried out or answered with why not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from agents.calls import Action, Called, Malformed, read_call
from agents.conversation import Conversation
from agents.execution import Edited, JudgedSandbox, Place, Ran
from agents.fence import cut, fence
from agents.model import Message, ToolCall
from agents.past import Past
from agents.results import RoleResult
from agents.roles import RoleSpec
from agents.shown import shown, told_of_files
from agents.tool import Outcome, Reach

Checkpoint = Callable[[int], Awaitable[str | None]]
"""Saves the files after a step, by number; returns what of them was refused or left out, if anything."""

Claim = Callable[[RoleResult], Awaitable[str | None]]
"""Checks what an agent handed to `finish`; None accepts it, a reason sends it back."""

MOST_CALLS = 16
"""Calls of one answer that are carried out; what comes after them has seen too little."""

REASON_CHARS = 12_000

NO_CALL = "Your answer had no tool call, so nothing happened. Call a tool; when the goal is met, call finish."
ACCEPTED = "accepted"
NOT_ALONE = "finish has to be the only call of an answer: you have not seen yet what the others do"


class Acting:
    """The hands of one agent in one sandbox; its conversation takes what they did."""

    def __init__(
        self,
        conversation: Conversation,
        *,
        role: RoleSpec,
        sandbox: JudgedSandbox,
        past: Past,
        checkpoint: Checkpoint,
        claim: Claim,
    ) -> None:
        self._talk = conversation
        self._role = role
        self._sandbox = sandbox
        self._past = past
        self._checkpoint = checkpoint
        self._claim = claim
        self._unsaved = False
        self._left_out: list[str] = []
        sandbox.before_asking = self._save

    async def act(self, answer: Message, *, cut_off: bool, note: str | None) -> RoleResult | None:
        """Answer every call of the newest answer; the result, where `finish` was accepted. Lets SandboxLost through.

        The conversation takes the answers together at the end: a step that broke off can be done again whole.
        """
        self._talk.tries += 1
        self._unsaved, self._left_out = False, list(self._talk.left_out)
        notes = [note] if note else []
        if not answer.tool_calls:
            text = f"Your answer was cut off at its length limit. {NO_CALL}" if cut_off else NO_CALL
            self._talk.say("\n".join([*notes, text]))
            return None
        actions = [read_call(call, self._role, cut_off=cut_off) for call in answer.tool_calls]
        first = actions[0]
        if len(actions) == 1 and isinstance(first, RoleResult):
            return await self._finish(answer.tool_calls[0], first, notes)
        outcomes = [await self._outcome(action, number) for number, action in enumerate(actions, start=1)]
        self._talk.known, self._talk.left_out = {}, []
        await self._answer(answer.tool_calls, outcomes, notes)
        return None

    async def _outcome(self, action: Action | Malformed, number: int) -> Outcome:
        known = self._talk.known.get(number)
        if known is not None:
            return known
        if number > MOST_CALLS:
            return _refuse(f"over {MOST_CALLS} calls at once")
        outcome = await self._carry_out(action, number)
        self._unsaved = self._unsaved or isinstance(outcome, Ran | Edited)
        return outcome

    async def _save(self) -> str | None:
        """Save what this step did so far: at its end, and before a human is asked, who may outlast this process."""
        if not self._unsaved:
            return None
        self._unsaved = False
        left_out = await self._checkpoint(self._talk.step)
        if left_out:
            self._left_out.append(left_out)
        return left_out

    async def _finish(self, call: ToolCall, result: RoleResult, notes: list[str]) -> RoleResult | None:
        why = await self._claim(result)
        if why is None:
            self._tell(call, ACCEPTED)
            return result
        self._tell(call, f"Not accepted. {fence('Why', cut(why, REASON_CHARS))}", notes)
        return None

    async def _carry_out(self, action: Action | Malformed, number: int) -> Outcome:
        match action:
            case Called():
                place = Place(step=self._talk.step, number=number, tries=self._talk.tries)
                reach = Reach(agent=self._talk.agent, sandbox=self._sandbox, past=self._past, place=place)
                return await action.tool.act(action.arguments, reach)
            case Malformed():
                return _refuse(action.why)
            case _:
                return _refuse(NOT_ALONE)

    async def _answer(self, calls: tuple[ToolCall, ...], outcomes: list[Outcome], notes: list[str]) -> None:
        await self._save()
        notes = [*notes, *told_of_files(self._left_out)]
        last = len(calls) - 1
        for place, (call, outcome) in enumerate(zip(calls, outcomes, strict=True)):
            self._tell(call, outcome, notes if place == last else ())

    def _tell(self, call: ToolCall, outcome: Outcome, notes: Iterable[str] = ()) -> None:
        text = shown(outcome, step=self._talk.step, notes=notes)
        self._talk.messages.append(Message(role="tool", content=text, tool_call_id=call.id))


def _refuse(why: str) -> str:
    return f"not done: {why}"
