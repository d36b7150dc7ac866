"""Whatever an agent meets, its conversation is a fold of the journal: told again at any request, it is the one sent."""

from __future__ import annotations

from copy import deepcopy

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.agent import begin
from agents.assignment import Assignment, Note
from agents.conversation import Conversation
from agents.errors import ContextTooLong, ModelUnavailable
from agents.events import AttemptEnded, AttemptStarted, Event, ModelAsked, event_adapter
from agents.interrupted import broken_off
from agents.model import Message, ModelReply, ModelRequest, Usage
from agents.retelling import retell
from sandbox.errors import SandboxLost
from sandbox.sandbox import Command, CommandResult
from tests.agents.bench import Bench, assignment
from tests.fakes.judges import FakeRecorder
from tests.fakes.long_work import asked_for, handover
from tests.fakes.model import call, calling, finish
from tests.fakes.sandbox import FakeSandbox

SAYS = (
    "command", "flood", "twins", "edit", "recall", "words", "no tool", "broken", "cut off", "claim", "lost",
    "too long", "away", "forbidden", "careful",
)  # fmt: skip


class Player:
    """A model that says one thing after another, and notes what it is asked with all that there is of the talk."""

    id, window = "player/model", None

    def __init__(self, says: list[str], journal: FakeRecorder) -> None:
        self.says = list(says)
        self.talk: Conversation | None = None
        self.seen: list[tuple[int, Conversation]] = []
        self._journal = journal
        self._number = 0

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next."""
        self._number += 1
        prompt = 200 + 7 * self._number
        if request.aside:
            return self._reply(handover(last=asked_for(request)), prompt=prompt)
        assert self.talk is not None
        self.seen.append((len(self._journal.events), deepcopy(self.talk)))
        what = self.says.pop(0) if self.says else "over"
        if what == "too long":
            raise ContextTooLong(self.id, "too long")
        if what == "away":
            raise ModelUnavailable(self.id, "away")
        return self._reply(self._message(what), prompt=prompt, cut_off=what == "cut off")

    def _message(self, what: str) -> Message:
        number = self._number
        match what:
            case "flood":
                return calling(call("shell", {"command": f"echo {number} {'lorem ' * 900}"}))
            case "twins":
                return calling(*[call("shell", {"command": f"echo {number} {side}"}, id="x") for side in "ab"])
            case "edit":
                return calling(call("edit", {"path": f"{number}.txt", "old": "", "new": "x\n"}, id=""))
            case "recall":
                return calling(call("recall", {"query": "lorem"}))
            case "words":
                return calling(text=f"Hm {number}.")
            case "no tool":
                return calling(call("fly", {}))
            case "broken" | "cut off":
                return calling(call("shell", '{"command": "ec'))
            case "claim" | "over":
                return finish(summary=f"done {number}")
            case _:
                return calling(call("shell", {"command": f"{what} {number}"}))

    def _reply(self, message: Message, *, prompt: int, cut_off: bool = False) -> ModelReply:
        reason = "length" if cut_off else "stop"
        usage = Usage(prompt=prompt, completion=9)
        return ModelReply(model=self.id, message=message, finish_reason=reason, usage=usage, cost=0.0)


class Frail(FakeSandbox):
    """Is lost at each command that says so, once."""

    def __init__(self) -> None:
        super().__init__()
        self._gone: set[str] = set()

    async def execute(self, command: Command) -> CommandResult:
        """Run it, or be lost."""
        if command.script.startswith("lost") and command.script not in self._gone:
            self._gone.add(command.script)
            raise SandboxLost("s", "gone")
        return await super().execute(command)


async def play(says: list[str]) -> tuple[list[Event], Player]:
    """Let an agent meet all of it, in up to three rounds; the events as a journal gives them back."""
    recorder = FakeRecorder()
    player = Player(says, recorder)
    bench = Bench(model=player, sandbox=Frail(), recorder=recorder)
    bench.refusals = ["not yet"] * (says.count("claim") % 2)
    talk: Conversation | None = None
    for round in (1, 2, 3):
        reasons = (Note(source="the gates", text=f"not in round {round}"),) if round > 1 else ()
        told = assignment(context=6000, max_steps=60, round=round, reasons=reasons)
        talk = await _round(bench, player, told, talk or begin(told))
        if talk is None:
            break
    return bench.recorder.events, player


async def _round(bench: Bench, player: Player, told: Assignment, talk: Conversation) -> Conversation | None:
    while True:
        player.talk = talk
        await bench.recorder.record(
            AttemptStarted(
                agent="editor.1", role="editor", attempt=1, round=told.round, model="m", commit="c", sandbox="s"
            )
        )
        try:
            outcome = await bench.run(told, talk)
        except SandboxLost:
            continue
        await bench.recorder.record(AttemptEnded(agent="editor.1", outcome=outcome.ended, why=outcome.why))
        if outcome.ended == "finished":
            return talk
        if outcome.ended != "parked":
            return None
        again = retell(bench.recorder.events, agent="editor.1")
        assert again is not None
        again.known = broken_off(bench.recorder.events, again, keeps=False).known
        talk = again


TOLD = ("messages", "answered", "ceiling", "measured", "round")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(says=st.lists(st.sampled_from(SAYS), max_size=24))
def test_a_conversation_told_again_is_the_one_that_is_had(says: list[str]) -> None:
    """At each request: every message, what the provider counted, what it refused, and what is new in it."""
    events, player = anyio.run(play, says)
    rows = [event_adapter.validate_json(event.model_dump_json()) for event in events]
    for place, had in player.seen:
        asked = rows[place - 1]
        assert isinstance(asked, ModelAsked)
        told = retell(rows[:place], agent="editor.1")
        assert told is not None
        for name in TOLD:
            assert getattr(told, name) == getattr(had, name), name
        assert (told.step + 1, told.take_new()) == (had.step, asked.added)
        assert told.tokens() == had.tokens()
