"""A step that was being acted on when the program was stopped: what is known is told, what was lost is said."""

from __future__ import annotations

import pytest

from agents.agent import begin
from agents.events import CommandProposed, Event
from agents.interrupted import UNSAVED, WHILE_IT_RAN, BrokenOff, broken_off
from agents.model import Message
from agents.policy import Answer, Question, Unanswered
from agents.retelling import retell
from agents.steps import INTERRUPTED
from sandbox.errors import SandboxLost
from tests.agents.bench import Bench, assignment
from tests.fakes.judges import FakeAsker
from tests.fakes.model import ScriptedModel, call, calling, finish, shell
from tests.fakes.sandbox import FakeSandbox, result

TWO = calling(call("shell", {"command": "one"}, id="a"), call("shell", {"command": "two"}, id="b"))
DIES = SandboxLost("s", "the machine is gone")


class Nobody(FakeAsker):
    """No answer will come while this process runs."""

    async def ask(self, question: Question) -> Answer:
        """Park the agent."""
        raise Unanswered(f"{question.subject} waits")


async def left_by(bench: Bench) -> list[Event]:
    """The events of an agent whose process dies in the middle of a step."""
    with pytest.raises(SandboxLost):
        await bench.run(conversation=begin(assignment()))
    return bench.recorder.events


def looked_at(events: list[Event], *, keeps: bool = True) -> BrokenOff:
    """What is found of the step."""
    talk = retell(events, agent="editor.1")
    assert talk is not None
    return broken_off(events, talk, keeps=keeps)


async def gone_on_with(events: list[Event], *, keeps: bool = True) -> tuple[list[Message], list[str]]:
    """What the model is told after the program was started again, and the scripts that ran then."""
    talk = retell(events, agent="editor.1")
    assert talk is not None
    off = broken_off(events, talk, keeps=keeps)
    talk.known, talk.left_out = off.known, off.left_out
    after = Bench(model=ScriptedModel(TWO, finish()), asker=FakeAsker(allowed=True))
    outcome = await after.run(conversation=talk)
    told = [message for message in outcome.conversation.messages if message.role == "tool"]
    return told[:-1], [command.script for command in after.sandbox.commands]


async def test_a_command_that_was_running_is_interrupted_and_not_run_again() -> None:
    """Its effect is gone with the program, so the model decides; what was to follow is not begun without it."""
    events = await left_by(Bench(model=ScriptedModel(TWO), sandbox=FakeSandbox({"one": DIES})))
    off = looked_at(events)
    assert [(event.id, event.command, event.why) for event in off.untold] == [("editor.1.1.1", "one", WHILE_IT_RAN)]
    told, ran = await gone_on_with(events)
    assert ran == []
    assert told[0].content.startswith("interrupted: ")
    assert told[1].content.startswith("not done: ")


async def test_what_ended_and_was_not_saved_is_interrupted_with_what_came_of_it() -> None:
    """An editor's files are those of the last save; what the command printed is known all the same."""
    bench = Bench(model=ScriptedModel(TWO), sandbox=FakeSandbox({"one": result(stdout="half of it\n"), "two": DIES}))
    events = await left_by(bench)
    off = looked_at(events)
    assert [event.why for event in off.untold] == [UNSAVED, WHILE_IT_RAN]
    told, ran = await gone_on_with(events)
    assert ran == []
    assert told[0].content.startswith("interrupted: ")
    assert told[0].content.endswith("exit 0\nhalf of it")


async def test_what_nobody_keeps_is_told_as_it_was() -> None:
    """Of an agent whose files are thrown away in any case, a command that ended has lost nothing."""
    bench = Bench(model=ScriptedModel(TWO), sandbox=FakeSandbox({"one": result(stdout="seen\n"), "two": DIES}))
    events = await left_by(bench)
    told, _ = await gone_on_with(events, keeps=False)
    assert told[0].content == "exit 0\nseen"
    assert told[1].content.startswith("interrupted: ")


async def test_a_step_of_which_nothing_ran_is_acted_on() -> None:
    """Neither an answer alone nor a command that was refused has done anything."""
    bench = Bench(model=ScriptedModel(TWO, finish()))
    await bench.run()
    answered = next(place for place, event in enumerate(bench.recorder.events) if event.kind == "model answered")
    events = bench.recorder.events[: answered + 1]
    assert looked_at(events) == BrokenOff()
    _, ran = await gone_on_with(events)
    assert ran == ["one", "two"]


async def test_a_question_stands() -> None:
    """What ran before a human is asked is saved before they are; only the call that waits is acted on afterwards."""
    answer = calling(call("shell", {"command": "one"}, id="a"), call("shell", {"command": "careful"}, id="b"))
    sandbox = FakeSandbox({"one": result(stdout="saved\n")})
    bench = Bench(model=ScriptedModel(answer), sandbox=sandbox, asker=Nobody())
    outcome = await bench.run()
    assert outcome.ended == "parked"
    assert bench.checkpoints == [1]
    events = bench.recorder.events
    assert looked_at(events).untold == []
    told, ran = await gone_on_with(events)
    assert ran == ["careful"]
    assert told[0].content == "exit 0\nsaved"


async def test_what_was_not_saved_for_a_question_is_told_again() -> None:
    """What was refused or ignored is told with the step, also by a process that did not save it itself."""
    answer = calling(call("shell", {"command": "one"}, id="a"), call("shell", {"command": "careful"}, id="b"))
    left_out = "not saved: .git/config: is git's own\nnot a line of ours"
    bench = Bench(model=ScriptedModel(answer), asker=Nobody(), left_out=left_out)
    await bench.run()
    told, _ = await gone_on_with(bench.recorder.events)
    assert "note:" not in told[0].content
    assert told[1].content.splitlines()[1:-1] == ["note: not saved: .git/config: is git's own not a line of ours"]


async def test_an_interruption_is_written_once() -> None:
    """The program may be stopped again before its agent was told: the event is there, what is told is the same."""
    events = await left_by(Bench(model=ScriptedModel(TWO), sandbox=FakeSandbox({"one": DIES})))
    off = looked_at(events)
    again = looked_at([*events, *off.untold])
    assert again.untold == []
    assert again.known == off.known


async def test_a_refusal_is_told_again_with_its_reason() -> None:
    """Beside a command that was lost, one that a human refused is still refused."""
    answer = calling(call("shell", {"command": "careful"}, id="a"), call("shell", {"command": "two"}, id="b"))
    bench = Bench(model=ScriptedModel(answer), sandbox=FakeSandbox({"two": DIES}))
    told, _ = await gone_on_with(await left_by(bench))
    assert told[0].content.startswith("refused")
    assert "not today" in told[0].content


async def test_doing_it_again_is_no_circle() -> None:
    """However often the program is stopped at the same command, its agent is not said to repeat itself."""
    talk = begin(assignment())
    for _ in range(8):
        bench = Bench(model=ScriptedModel(*[shell("one")] * 9), sandbox=FakeSandbox({"one": DIES}))
        with pytest.raises(SandboxLost):
            await bench.run(conversation=talk)
        lost = (event for event in bench.recorder.events if isinstance(event, CommandProposed))
        talk.known = {1: f"{INTERRUPTED}{next(lost).id}"}
    outcome = await Bench(model=ScriptedModel(*[shell("one")] * 9, finish())).run(conversation=talk)
    assert "note: " not in str([message.content for message in outcome.conversation.messages])


async def test_the_names_of_commands_stay_their_own() -> None:
    """A step that is begun again in another process gives its commands other ids."""
    bench = Bench(model=ScriptedModel(shell("careful")), asker=Nobody())
    await bench.run()
    talk = retell(bench.recorder.events, agent="editor.1")
    after = Bench(model=ScriptedModel(shell("careful"), finish()))
    await after.run(conversation=talk)
    ids = [event.id for event in [*bench.recorder.events, *after.recorder.events] if isinstance(event, CommandProposed)]
    assert ids == ["editor.1.1.1", "editor.1.1.1.r2"]
