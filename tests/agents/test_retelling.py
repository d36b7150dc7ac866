"""A conversation is a fold of the journal: told again, it is the one that was had."""

from __future__ import annotations

import pytest

from agents.agent import Outcome
from agents.assignment import Note
from agents.conversation import Conversation
from agents.errors import ModelUnavailable
from agents.events import AttemptEnded, AttemptStarted, ContextRebuilt, Event, ModelAnswered, ModelAsked
from agents.model import Message
from agents.retelling import retell, tries_of
from sandbox.errors import SandboxLost
from tests.agents.bench import Bench, assignment
from tests.fakes.model import ScriptedModel, call, calling, finish, reply, shell
from tests.fakes.sandbox import FakeSandbox

TWINS = calling(call("shell", {"command": "a"}, id="x"), call("shell", {"command": "b"}, id="x"))
REASONS = (Note(source="the gates", text="src/a.py:3 leaks"),)


def attempt(round: int = 1) -> AttemptStarted:
    """The event with which a round begins."""
    return AttemptStarted(
        agent="editor.1", role="editor", attempt=1, round=round, model="m", commit="c", sandbox=f"s{round}"
    )


def ended() -> AttemptEnded:
    """The event with which a round ends well."""
    return AttemptEnded(agent="editor.1", outcome="finished")


async def two_rounds() -> tuple[list[Event], ScriptedModel, Outcome]:
    """The events of an agent that was sent back once, its model, and how it ended."""
    model = ScriptedModel(shell("one"), TWINS, finish(), calling(text="hm"), finish())
    bench = Bench(model=model, refusals=[])
    await bench.recorder.record(attempt())
    first = await bench.run()
    await bench.recorder.record(ended(), attempt(2))
    outcome = await bench.run(assignment(round=2, reasons=REASONS), first.conversation)
    await bench.recorder.record(ended())
    return bench.recorder.events, model, outcome


async def test_the_end_of_a_journal_tells_the_whole_conversation() -> None:
    """Messages, step and round are those that the agent had."""
    events, _, outcome = await two_rounds()
    told = retell(events, agent="editor.1")
    assert told is not None
    assert told.messages == outcome.conversation.messages
    assert (told.step, told.round, told.pending) == (5, 2, None)


async def test_each_request_is_told_again_as_it_was_sent() -> None:
    """Up to any question the messages are the request's, and those that the journal has as new are new again."""
    events, model, _ = await two_rounds()
    asked = [place for place, event in enumerate(events) if isinstance(event, ModelAsked)]
    for place, request in zip(asked, model.requests, strict=True):
        told = retell(events[: place + 1], agent="editor.1")
        event = events[place]
        assert isinstance(event, ModelAsked)
        assert told is not None
        assert told.messages == list(request.messages)
        assert (told.step, told.take_new()) == (event.step - 1, event.added)


async def test_a_step_can_be_gone_back_to() -> None:
    """`step` gives the conversation as the request after it had it; that of step 0 is the opening."""
    events, model, _ = await two_rounds()
    for step, request in enumerate(model.requests):
        told = retell(events, agent="editor.1", step=step)
        assert told is not None
        assert told.step == step
        assert told.messages == list(request.messages)


async def test_an_answer_that_was_not_acted_on_is_pending() -> None:
    """It is there to be acted on, under the ids that its calls were given."""
    events, _, _ = await two_rounds()
    place = [place for place, event in enumerate(events) if isinstance(event, ModelAnswered)][1]
    told = retell(events[: place + 1], agent="editor.1")
    assert told is not None
    assert told.pending is not None
    assert [call.id for call in told.pending.tool_calls] == ["x", "x_1"]
    assert told.tries == 0
    assert retell(events[: place + 2], agent="editor.1").tries == 1  # type: ignore[union-attr]


async def test_a_question_that_was_asked_again_is_there_once() -> None:
    """A provider that was down leaves a question without an answer; the next process asks it again."""
    model = ScriptedModel(shell("one"), ModelUnavailable("m", "down"), finish())
    bench = Bench(model=model)
    assert (await bench.run()).ended == "parked"
    told = retell(bench.recorder.events, agent="editor.1")
    assert told is not None
    assert told.step == 1
    outcome = await bench.run(conversation=told)
    assert outcome.ended == "finished"
    assert model.requests[1].messages == model.requests[2].messages
    again = retell([*bench.recorder.events, ended()], agent="editor.1")
    assert again is not None
    assert again.messages == outcome.conversation.messages


async def test_a_rebuilt_context_takes_the_place_of_all_before() -> None:
    """What the event holds is the conversation; nothing of it is new to the next question."""
    events, _, _ = await two_rounds()
    short = [Message(role="system", content="s"), Message(role="user", content="u")]
    told = retell([*events[:5], ContextRebuilt(agent="editor.1", step=1, why="full", messages=short)], agent="editor.1")
    assert told is not None
    assert told.messages == short
    assert told.take_new() == []


def test_a_first_question_that_was_too_long_is_asked_again_shorter() -> None:
    """A context that was rebuilt before the first answer is not thrown away by the second first question."""
    asked = ModelAsked(agent="editor.1", role="editor", step=1, model="m", prompt_estimate=1, max_tokens=1)
    long, short = (Message(role="user", content=text) for text in ("very long", "short"))
    rebuilt = ContextRebuilt(agent="editor.1", step=1, why="too long", messages=[short])
    told = retell([asked.model_copy(update={"added": [long]}), rebuilt, asked], agent="editor.1")
    assert told is not None
    assert told.messages == [short]


async def test_tries_are_those_of_the_newest_answer() -> None:
    """A step that was begun twice is begun a third time under names of its own."""
    bench = Bench(model=ScriptedModel(shell("make")), sandbox=FakeSandbox({"make": SandboxLost("s", "gone")}))
    talk = Conversation(agent="editor.1", messages=[Message(role="user", content="go")])
    for _ in range(2):
        with pytest.raises(SandboxLost):
            await bench.run(conversation=talk)
    told = retell(bench.recorder.events, agent="editor.1")
    assert told is not None
    assert told.tries == 2
    assert [tries_of(id) for id in ("editor.1.3.1", "editor.1.3.1.r2", "review.r.1")] == [1, 2, 1]


def test_an_agent_that_asked_nothing_has_no_conversation() -> None:
    """It begins as if it had never been started; what others said is not its own."""
    other = ModelAnswered(
        agent="editor.2", role="editor", step=1, model="m", message=reply(finish()).message, finish_reason="stop",
        usage=reply(finish()).usage, cost=None, latency_seconds=0, client_ms=0,
    )  # fmt: skip
    assert retell([attempt(), other], agent="editor.1") is None


async def test_a_conversation_begun_anew_under_the_same_name_is_the_newest_alone() -> None:
    """Older programs gave a gate's agent the same name after each `resume`."""
    events, _, outcome = await two_rounds()
    told = retell([*events[:6], *events], agent="editor.1")
    assert told is not None
    assert told.messages == outcome.conversation.messages
