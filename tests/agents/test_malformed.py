"""Whatever a model answers, it is answered: nothing crashes, nothing runs that was not understood."""

from __future__ import annotations

import json
from functools import partial

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.calls import Malformed, read_call, with_own_ids
from agents.events import CommandJudged, CommandRun
from agents.model import Message, ToolCall
from agents.roles import ROLES
from tests.agents.bench import Bench, assignment
from tests.fakes.model import ScriptedModel, call, calling, finish, reply, shell


async def answers_to(answer: Message, *, finish_reason: str | None = None) -> tuple[Bench, list[Message]]:
    """What the conversation holds between a strange answer and the finish after it."""
    bench = Bench(model=ScriptedModel(reply(answer, finish_reason=finish_reason), finish()))
    outcome = await bench.run()
    assert outcome.ended == "finished"
    return bench, outcome.conversation.messages[3:-2]


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("shell", '{"command": "ls"', "not valid JSON"),
        ("shell", "", "not valid JSON"),
        ("shell", "[" * 100_000, "not valid JSON"),
        ("shell", '["ls"]', "must be a JSON object, not list"),
        ("shell", "{}", "command: Field required"),
        ("shell", '{"command": 7}', "command: Input should be a valid string"),
        ("shell", '{"command": ""}', "command: String should have at least 1 character"),
        ("shell", '{"command": "\\ud800"}', "command: Input should be a valid string"),
        ("shell", '{"command": "ls", "sudo": true}', "sudo: Extra inputs are not permitted"),
        ("shell", '{"command": "ls", "timeout_seconds": "soon"}', "timeout_seconds"),
        ("edit", '{"path": "a"}', "old: Field required"),
        ("bash", '{"command": "ls"}', "there is no tool 'bash'; you have: shell, edit, recall, finish"),
        ("", "{}", "there is no tool ''"),
        ("finish", "{}", "summary: Field required"),
        ("finish", '{"summary": "x", "verdict": "pass"}', "verdict: Extra inputs"),
    ],
)
async def test_a_malformed_call_is_answered_with_what_was_wrong(name: str, arguments: str, told: str) -> None:
    """The model reads what to mend, under the id of its own call, and nothing ran."""
    bench, answers = await answers_to(calling(call(name, arguments, id="mine")))
    assert [(answer.role, answer.tool_call_id) for answer in answers] == [("tool", "mine")]
    assert told in answers[0].content
    assert not bench.sandbox.commands


@pytest.mark.parametrize("text", ["", "I think we are done here."])
async def test_an_answer_without_a_call_is_answered(text: str) -> None:
    """An empty answer, and one of mere words, are told to call a tool."""
    _, answers = await answers_to(Message(role="assistant", content=text))
    assert [answer.role for answer in answers] == ["user"]
    assert "no tool call" in answers[0].content


async def test_an_answer_cut_off_in_a_call_is_told_so() -> None:
    """A call that broke off at the length limit is not run, and the model learns why."""
    bench, answers = await answers_to(calling(call("shell", '{"command": "rm -r bui')), finish_reason="length")
    assert "cut off at its length limit" in answers[0].content
    assert not bench.sandbox.commands


async def test_words_cut_off_are_told_so() -> None:
    """An answer that used its whole length on words learns that too."""
    _, answers = await answers_to(Message(role="assistant", content="Let me"), finish_reason="length")
    assert "cut off" in answers[0].content


async def test_several_calls_are_all_answered_in_order() -> None:
    """Good and bad calls of one answer each get their own answer; the good ones run."""
    answer = calling(
        call("shell", {"command": "one"}, id="a"), call("nope", "{", id="b"), call("shell", {"command": "two"}, id="c")
    )
    bench, answers = await answers_to(answer)
    assert [answer.tool_call_id for answer in answers] == ["a", "b", "c"]
    assert [command.script for command in bench.sandbox.commands] == ["one", "two"]
    assert bench.checkpoints == [1]


async def test_twin_and_empty_ids_get_answers_of_their_own() -> None:
    """No two answers of one step have the same id, whatever ids the calls came with."""
    calls = [call("shell", {"command": str(number)}, id=id) for number, id in enumerate(["x", "x", "", "x_1", ""])]
    bench, answers = await answers_to(calling(*calls))
    ids = [answer.tool_call_id for answer in answers]
    assert ids[0] == "x"
    assert ids[3] == "x_1"
    assert len(set(ids)) == 5
    assert all(ids)
    assert len(bench.sandbox.commands) == 5


async def test_finish_is_not_taken_beside_other_calls() -> None:
    """A claim made before its evidence was seen does not count; the other call runs."""
    answer = calling(call("shell", {"command": "pytest"}, id="a"), call("finish", {"summary": "done"}, id="b"))
    bench, answers = await answers_to(answer)
    assert "only call" in answers[1].content
    assert len(bench.claims) == 1
    assert len(bench.sandbox.commands) == 1


async def test_a_flood_of_calls_is_cut() -> None:
    """Calls over sixteen in one answer are answered and not run."""
    bench, answers = await answers_to(calling(*[call("shell", {"command": "x"}, id=str(n)) for n in range(40)]))
    assert len(answers) == 40
    assert len(bench.sandbox.commands) == 16


async def test_a_model_that_never_calls_is_stopped() -> None:
    """Six answers in a row without a call end the work with that reason."""
    words = [Message(role="assistant", content=f"thought {number}") for number in range(6)]
    outcome = await Bench(model=ScriptedModel(*words)).run()
    assert outcome.ended == "failed"
    assert outcome.why == "an answer without a tool call, 6 times in a row"


NAMES = st.sampled_from(["shell", "edit", "recall", "finish", "", "x"])
ARGUMENTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["{}", '{"command": "ls"}', '{"command": "forbidden"}', '{"query": "a"}', '{"summary": "s"}']),
    st.builds(
        json.dumps, st.dictionaries(st.sampled_from(["command", "path", "old", "new", "query"]), st.text(max_size=9))
    ),
)
CALLS = st.lists(st.builds(ToolCall, id=st.sampled_from(["", "a", "b"]), name=NAMES, arguments=ARGUMENTS), max_size=4)
ANSWERS = st.builds(
    lambda text, calls: Message(role="assistant", content=text, tool_calls=tuple(calls)), st.text(max_size=9), CALLS
)


@given(answers=st.lists(ANSWERS, min_size=8, max_size=8), reason=st.sampled_from(["stop", "length", "tool_calls", "?"]))
@settings(max_examples=40, deadline=None)
def test_no_answers_crash_the_loop(answers: list[Message], reason: str) -> None:
    """Whatever a model says for eight steps, each call has its one answer, and nothing ran that was not allowed."""
    bench = Bench(model=ScriptedModel(*(reply(answer, finish_reason=reason) for answer in answers)))
    outcome = anyio.run(partial(bench.run, assignment(max_steps=8)))
    assert outcome.ended in {"limit", "failed", "finished"}
    messages = outcome.conversation.messages
    called = [tool_call.id for message in messages for tool_call in message.tool_calls]
    answered = [message.tool_call_id for message in messages if message.role == "tool"]
    assert answered == called[: len(answered)]
    assert len(called) - len(answered) <= len(messages[-1].tool_calls)
    allowed = {event.id for event in bench.recorder.of(CommandJudged) if event.allowed}
    assert [event.id for event in bench.recorder.of(CommandRun) if event.id not in allowed] == []


@given(name=st.sampled_from(["shell", "edit", "recall", "finish", "x"]), arguments=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_arguments_crash_the_reading(name: str, arguments: str) -> None:
    """Every text is either an action or an explanation."""
    understood = read_call(ToolCall(id="i", name=name, arguments=arguments), ROLES["editor"], cut_off=False)
    assert isinstance(understood, Malformed) or json.loads(arguments) is not None


@given(ids=st.lists(st.sampled_from(["", "a", "a_1", "call_0", "call"]), max_size=8))
def test_ids_of_a_step_are_its_own_and_the_same_each_time(ids: list[str]) -> None:
    """The ids are unique, the model's own where they can be, and repeating it changes nothing."""
    message = calling(*[call("shell", "{}", id=id) for id in ids])
    once = with_own_ids(message)
    own = [tool_call.id for tool_call in once.tool_calls]
    assert len(set(own)) == len(ids)
    assert all(own)
    assert {id for id in ids if id} <= set(own)
    assert with_own_ids(message) == once
    assert with_own_ids(once) == once


async def test_odd_ids_of_earlier_steps_are_kept() -> None:
    """A server that calls every call the same is answered under that name each time."""
    model = ScriptedModel(shell("a", id="call"), shell("b", id="call"), finish())
    outcome = await Bench(model=model).run()
    ids = [message.tool_call_id for message in outcome.conversation.messages if message.role == "tool"]
    assert ids == ["call", "call", "call_finish"]
