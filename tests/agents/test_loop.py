"""The loop: what is shown, what is recorded, and how it ends."""

from __future__ import annotations

import pytest

from agents.account import Account
from agents.agent import Outcome, begin
from agents.assignment import Note
from agents.calls import with_own_ids
from agents.errors import ContextTooLong, ModelRefused, ModelUnavailable
from agents.events import LimitReached, ModelAnswered, ModelAsked
from agents.model import Message
from agents.results import Change
from sandbox.errors import SandboxLost
from tests.agents.bench import RUN_GOAL, TASK_GOAL, Bench, assignment
from tests.fakes.model import EndlessModel, ScriptedModel, call, calling, finish, shell
from tests.fakes.sandbox import FakeSandbox, result


def last_tool(outcome: Outcome) -> str:
    """The newest tool answer of a conversation, the acceptance of `finish` left out."""
    return [message.content for message in outcome.conversation.messages if message.role == "tool"][-2]


async def test_an_agent_works_and_finishes() -> None:
    """A command runs, its output is shown, the files are saved, and the result comes back."""
    model = ScriptedModel(shell("ls"), finish(summary="ported", notes="none"))
    bench = Bench(model=model, sandbox=FakeSandbox({"ls": result(stdout="a.py\n")}))
    outcome = await bench.run()
    assert outcome.ended == "finished"
    assert outcome.result == Change(summary="ported", notes="none")
    assert last_tool(outcome) == "exit 0\na.py"
    assert bench.checkpoints == [1]
    assert bench.recorder.kinds == [
        "model asked", "model answered", "command proposed", "command judged", "command run",
        "model asked", "model answered",
    ]  # fmt: skip


async def test_an_agent_is_judged_by_what_its_task_may_change() -> None:
    """The policy hears the paths of the assignment before it judges anything."""
    bench = Bench(model=ScriptedModel(shell("ls"), finish()))
    await bench.run(assignment(paths=("src/client/**",)))
    assert bench.policy.paths == ("src/client/**",)
    assert bench.policy.judged == ["ls"]


async def test_a_refused_claim_goes_on() -> None:
    """The reason of a refused claim is shown, and the agent may finish again."""
    bench = Bench(model=ScriptedModel(finish(), finish()), refusals=["verify is red: 2 failed"])
    outcome = await bench.run()
    assert outcome.ended == "finished"
    assert len(bench.claims) == 2
    assert "Not accepted." in last_tool(outcome)
    assert "verify is red: 2 failed" in last_tool(outcome)


async def test_the_conversation_only_grows_at_its_end() -> None:
    """Each request begins with all of the one before, so that a provider's cache serves it."""
    model = ScriptedModel(shell("a"), shell("b"), calling(call("nope", "{")), finish())
    await Bench(model=model).run()
    for before, after in zip(model.requests, model.requests[1:], strict=False):
        assert list(after.messages[: len(before.messages)]) == list(before.messages)


async def test_the_journal_holds_the_exact_conversation() -> None:
    """What was added to each request and each answer, put together, is what the last request sent."""
    twins = calling(call("shell", {"command": "a"}, id="x"), call("shell", {"command": "b"}, id="x"))
    model = ScriptedModel(shell("one"), twins, finish())
    bench = Bench(model=model)
    await bench.run()
    rebuilt: list[Message] = []
    for event in bench.recorder.events:
        if isinstance(event, ModelAsked):
            rebuilt.extend(event.added)
            sent = list(rebuilt)
        elif isinstance(event, ModelAnswered):
            rebuilt.append(with_own_ids(event.message))
    assert sent == list(model.requests[-1].messages)


async def test_a_later_round_goes_on_with_the_reasons() -> None:
    """The same conversation takes the reasons and both goals, and the new sandbox gets the commands."""
    model = ScriptedModel(finish(), shell("fix"), finish())
    first = await Bench(model=model).run()
    second = Bench(model=model)
    again = assignment(round=2, reasons=(Note(source="reviewer", text="src/a.py:3 leaks"),))
    outcome = await second.run(again, first.conversation)
    reasons = next(message for message in model.requests[1].messages[3:] if message.role == "user").content
    assert "src/a.py:3 leaks" in reasons
    assert RUN_GOAL in reasons
    assert TASK_GOAL in reasons
    assert [command.script for command in second.sandbox.commands] == ["fix"]
    assert outcome.conversation.step == 3


async def test_a_lost_sandbox_is_not_shown_and_the_step_is_done_again() -> None:
    """SandboxLost comes out; with a fresh sandbox the same answer is acted on without asking the model again."""
    model = ScriptedModel(shell("make"), finish())
    bench = Bench(model=model, sandbox=FakeSandbox({"make": SandboxLost("fake-1", "pipe broke")}))
    conversation = begin(assignment())
    with pytest.raises(SandboxLost):
        await bench.run(conversation=conversation)
    bench.sandbox = FakeSandbox()
    outcome = await bench.run(conversation=conversation)
    assert outcome.ended == "finished"
    assert len(model.requests) == 2
    assert "pipe broke" not in str(model.requests[-1].messages)
    proposed = [event.id for event in bench.recorder.events if event.kind == "command proposed"]
    assert proposed == ["editor.1.1.1", "editor.1.1.1.r2"]


async def test_what_a_checkpoint_left_out_is_told() -> None:
    """The checkpoint's words stand before the output, where no output can imitate them."""
    bench = Bench(model=ScriptedModel(shell("ls"), finish()), left_out="refused: a\nnote: all is well")
    outcome = await bench.run()
    assert last_tool(outcome) == "exit 0\nnote: refused: a note: all is well\nls"


async def test_a_step_without_commands_takes_no_checkpoint() -> None:
    """Recalling and malformed calls change no files."""
    model = ScriptedModel(calling(call("recall", {"query": "x"})), calling(call("shell", "{")), finish())
    bench = Bench(model=model)
    await bench.run()
    assert bench.checkpoints == []


async def test_output_is_cut_in_the_middle_and_recalled() -> None:
    """A flood enters the context with head and tail; recall finds a line of what was left out."""
    flood = "\n".join(f"line {number} {'needle' if number == 5000 else 'hay'}" for number in range(10_000))
    model = ScriptedModel(shell("flood"), calling(call("recall", {"query": "NEEDLE"})), finish())
    outcome = await Bench(model=model, sandbox=FakeSandbox({"flood": result(stdout=flood)})).run()
    tools = [message.content for message in outcome.conversation.messages if message.role == "tool"]
    assert len(tools[0]) < 9000
    assert "line 0 hay" in tools[0]
    assert "line 9999 hay" in tools[0]
    assert "line 5000" not in tools[0]
    assert "\nstep 1: line 5000 needle\n" in tools[1]


async def test_steps_end_at_their_limit() -> None:
    """The step after the last is not asked for, and the limit is in the journal."""
    model = EndlessModel(lambda number: shell(f"echo {number}"))
    bench = Bench(model=model, account=Account({"steps": 3}))
    outcome = await bench.run()
    assert outcome.ended == "limit"
    assert len(model.requests) == 3
    assert bench.recorder.of(LimitReached) == [LimitReached(limit="steps", value=3, used=3)]


async def test_who_comes_to_no_result_in_its_steps_has_failed() -> None:
    """A conversation with a bound of its own reaches no limit of the plan, which nobody could raise."""
    bench = Bench(model=EndlessModel(lambda number: shell(f"echo {number}")))
    outcome = await bench.run(assignment(max_steps=3))
    assert (outcome.ended, outcome.why) == ("failed", "no result after 3 steps")
    assert bench.recorder.of(LimitReached) == []


async def test_no_command_starts_once_its_time_is_up() -> None:
    """The step ends with its files saved, the model is told of a limit, and the next request finds it."""
    sandbox = FakeSandbox()
    account = Account({"cpu": 10.0}, gauges={"cpu": lambda: 12.0 * len(sandbox.commands)})
    twice = calling(call("shell", {"command": "make"}, id="a"), call("shell", {"command": "make test"}, id="b"))
    bench = Bench(model=ScriptedModel(twice), account=account, sandbox=sandbox)
    outcome = await bench.run()
    assert (outcome.ended, outcome.why) == ("limit", "limit cpu reached: 12 of 10")
    assert [command.script for command in bench.sandbox.commands] == ["make"]
    assert bench.checkpoints == [1]
    assert outcome.conversation.messages[-1].content == "not started: limit cpu reached: 12 of 10"


async def test_a_budget_ends_the_work() -> None:
    """Tokens are reserved before a call, so the limit is never passed; nothing stays reserved."""
    account = Account({"tokens": 5000})
    model = EndlessModel(lambda number: shell(f"echo {number}"))
    outcome = await Bench(model=model, account=account).run()
    assert outcome.ended == "limit"
    assert outcome.limit is not None
    assert outcome.limit.limit == "tokens"
    assert account.used["tokens"] <= 5000
    assert account.reserved("tokens") == 0


async def test_a_full_context_ends_the_work() -> None:
    """No request is larger than the assignment's context; the provider's word on it counts as well."""
    outcome = await Bench(model=ScriptedModel(finish())).run(assignment(context=300))
    assert outcome.limit is not None
    assert outcome.limit.limit == "context"
    told = await Bench(model=ScriptedModel(ContextTooLong("m", "too long"))).run()
    assert told.limit is not None
    assert told.limit.limit == "context"


async def test_a_provider_that_is_down_parks_and_the_conversation_goes_on() -> None:
    """Nothing is lost: the same conversation is asked again later."""
    model = ScriptedModel(shell("a"), ModelUnavailable("m", "503"), finish())
    bench = Bench(model=model)
    parked = await bench.run()
    assert parked.ended == "parked"
    outcome = await bench.run(conversation=parked.conversation)
    assert outcome.ended == "finished"
    assert model.requests[1].messages == model.requests[2].messages
    assert [asked.step for asked in bench.recorder.of(ModelAsked)] == [1, 2, 2]


async def test_a_step_is_a_request_that_was_answered() -> None:
    """An outage takes none of the limit, in this process as in the next, which counts the answers in the journal."""
    model = ScriptedModel(shell("a"), ModelUnavailable("m", "503"), finish())
    bench = Bench(model=model, account=Account({"steps": 2}))
    parked = await bench.run()
    outcome = await bench.run(conversation=parked.conversation)
    assert outcome.ended == "finished"
    assert bench.account.used["steps"] == len(bench.recorder.of(ModelAnswered)) == 2


async def test_a_final_error_fails() -> None:
    """A bad key ends the attempt with the provider's words."""
    outcome = await Bench(model=ScriptedModel(ModelRefused("m", "Incorrect API key"))).run()
    assert outcome.ended == "failed"
    assert outcome.why == "m: Incorrect API key"


async def test_stopping_ends_between_steps() -> None:
    """A stop finishes the step that runs and asks no more."""
    model = EndlessModel(lambda number: shell(f"echo {number}"))
    bench = Bench(model=model)
    bench.stopping = lambda: len(model.requests) == 2
    outcome = await bench.run()
    assert outcome.ended == "interrupted"
    assert bench.checkpoints == [1, 2]


async def test_the_same_call_again_and_again() -> None:
    """Three in a row are told, six in a row end the work."""
    model = EndlessModel(lambda _: shell("pytest"))
    bench = Bench(model=model)
    outcome = await bench.run()
    assert outcome.ended == "failed"
    assert outcome.why == "the same call of 'shell', 6 times in a row"
    told = [message.content for message in outcome.conversation.messages if "in a row" in message.content]
    assert len(told) == 1
    assert len(bench.sandbox.commands) == 5
