"""A context that fills is rebuilt: nothing done is forgotten or repeated, whoever writes down where the work stands."""

from __future__ import annotations

import json
from itertools import pairwise
from statistics import median

import anyio
import pytest

from agents.account import Account
from agents.agent import Outcome
from agents.assignment import Note
from agents.context_seen import context_seen
from agents.errors import WaitEnded
from agents.events import ContextRebuilt, FaultMet, LimitReached, ModelAnswered, ModelAsked
from agents.handover import Handover, read_handover
from agents.interrupted import broken_off
from agents.model import Message, ModelReply, ModelRequest, Usage
from agents.past import NoPast
from agents.prices import Price
from agents.retelling import retell
from sandbox.sandbox import CommandResult
from tests.agents.bench import RUN_GOAL, TASK_GOAL, Bench, assignment
from tests.fakes.long_work import BAD, Worker, World, Writes, calls_are_paired, good, sent
from tests.fakes.model import EndlessModel, call, calling, shell
from tests.fakes.sandbox import FakeSandbox, result

PIECES, TOKENS, LIMIT = 260, 280, 46_000
"""Seventy-three thousand tokens of content, which no conversation of the limit holds."""


async def work(worker: Worker, *, tokens: int = TOKENS, context: int = LIMIT, **more: object) -> tuple[Bench, Outcome]:
    """Let a worker work to its end."""
    bench = Bench(model=worker, sandbox=World(tokens=tokens))
    return bench, await bench.run(assignment(context=context, max_steps=10_000, **more))


def done(bench: Bench) -> list[int]:
    """What was done in the world, in order."""
    assert isinstance(bench.sandbox, World)
    return bench.sandbox.done


@pytest.mark.slow
@pytest.mark.parametrize("writes", [good, *(writes for writes, _ in BAD.values())], ids=["good", *BAD])
async def test_a_long_task_finishes(writes: Writes) -> None:
    """No request is above the limit, as the provider counts, and no piece of work is forgotten or done twice."""
    worker = Worker(PIECES, writes=writes)
    bench, outcome = await work(worker)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, PIECES + 1))
    assert max(worker.prompts) <= LIMIT
    rebuilds = bench.recorder.of(ContextRebuilt)
    assert len(rebuilds) >= 2
    assert all(calls_are_paired(request.messages) for request in worker.requests)
    assert [event.step for event in bench.recorder.of(ModelAsked) if event.agent == "editor.1"] == list(
        range(1, PIECES + 2)
    )


@pytest.mark.parametrize(("writes", "why"), BAD.values(), ids=list(BAD))
async def test_a_handover_that_does_not_hold_is_not_taken(writes: Writes, why: str) -> None:
    """The journal's takes its place, and it is said why; what it tells of the steps is complete."""
    bench, outcome = await work(Worker(20, writes=writes), context=8000)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, 21))
    for event in bench.recorder.of(ContextRebuilt):
        assert event.handover == "journal"
        assert event.refused is not None
        assert event.refused.startswith(why), event.refused
        assert "Handover from the journal" in event.messages[1].content
        assert f"steps 1-{event.step}: " in event.messages[1].content


async def test_a_handover_that_holds_is_taken() -> None:
    """It is shown as data, and paid and journalled like any other call, but is no step."""
    account = Account({"steps": 21, "tokens": 10_000_000})
    bench = Bench(model=Worker(20, writes=good), sandbox=World(tokens=TOKENS), account=account)
    outcome = await bench.run(assignment(context=8000))
    assert outcome.ended == "finished"
    rebuilds = bench.recorder.of(ContextRebuilt)
    assert {event.handover for event in rebuilds} == {"model"}
    assert "Handover that you wrote" in rebuilds[0].messages[1].content
    assert "one after the other (because they build on each other)" in rebuilds[0].messages[1].content
    answers = bench.recorder.of(ModelAnswered)
    assert len([event for event in answers if event.agent == "editor.1.handover"]) == len(rebuilds)
    assert account.used["tokens"] == sum(event.usage.prompt + event.usage.completion for event in answers)
    assert account.used["steps"] == 21
    step = rebuilds[0].step
    seen = context_seen(bench.recorder.events, agent="editor.1.handover", step=step)
    assert seen is not None
    assert [section.name for section in seen.all_sections()] == ["conversation", "question", "rest"]
    assert f"every step from 1 to {step}" in seen.messages[-1].content


@pytest.mark.slow
async def test_the_prompt_only_grows_at_its_end() -> None:
    """At least 99 % of each request is what the one before had, at the median, and outside of rebuilds all of that."""
    worker = Worker(200, writes=good)
    await work(worker, tokens=5, context=1_000_000)
    texts = [sent(request) for request in worker.requests]
    assert all(after.startswith(before) for before, after in pairwise(texts))
    shares = [len(before) / len(after) for before, after in pairwise(texts)]
    assert median(shares) >= 0.99
    assert sum(worker.prompts) < 1_900_000


async def test_a_rebuilt_prompt_begins_as_it_did() -> None:
    """Tools, role and task stay where they were, so that they are still cached; only what follows is new."""
    worker = Worker(20, writes=good)
    await work(worker, context=8000)
    texts = [sent(request) for request in worker.requests if request.aside is None]
    opening = texts[0][: -len('"}')]
    assert all(text.startswith(opening) for text in texts)
    assert all(RUN_GOAL in request.messages[1].content for request in worker.requests)
    assert all(TASK_GOAL in request.messages[1].content for request in worker.requests)


async def test_the_providers_count_is_the_truth() -> None:
    """Where it counts twice the tokens that we do, its limit holds all the same."""
    worker = Worker(40, writes=good, chars_per_token=1.6)
    bench, outcome = await work(worker, context=16_000)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, 41))
    assert max(worker.prompts) <= 16_000


async def test_a_known_window_is_not_filled() -> None:
    """Seventy per cent of what the model takes is the limit, where the plan allows more."""
    worker = Worker(60, writes=good, takes=12_000, window=12_000)
    bench, outcome = await work(worker, context=200_000)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, 61))
    assert worker.refused == []
    assert max(worker.prompts) <= 8400


@pytest.mark.slow
@pytest.mark.parametrize(
    "refusal",
    ["prompt is too long", "This model's maximum context length is 12000 tokens. However, you requested 13000 tokens."],
    ids=["untold", "told"],
)
async def test_an_unknown_window_is_learnt_from_a_refusal(refusal: str) -> None:
    """One refused request tells it for each rebuild, at most; its step is asked for again, under the same number."""
    worker = Worker(PIECES, writes=good, takes=12_000, refusal=refusal)
    bench, outcome = await work(worker, context=200_000)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, PIECES + 1))
    rebuilds = bench.recorder.of(ContextRebuilt)
    assert 1 <= len(worker.refused) <= len(rebuilds)
    assert [event.ceiling is not None for event in rebuilds].count(True) == len(worker.refused)
    assert len(bench.recorder.of(FaultMet)) == len(worker.refused)
    if "12000" in refusal:
        assert len(worker.refused) == 1
        assert rebuilds[0].ceiling == 8400
    answered = [event.step for event in bench.recorder.of(ModelAnswered) if event.agent == "editor.1"]
    assert answered == list(range(1, PIECES + 2))
    assert bench.account.used["steps"] == len(answered)


class Flooded(Worker):
    """Looks at four large files besides when it does the piece of work `at`."""

    def __init__(self, *, at: int) -> None:
        super().__init__(40, writes=good, takes=12_000)
        self._at = f"echo {at}"

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The answer, with the files."""
        reply = await super().ask(request)
        message = reply.message
        if [json.loads(call.arguments).get("command") for call in message.tool_calls] != [self._at]:
            return reply
        more = [call("shell", {"command": f"cat {file}"}, id=file) for file in ("a", "b", "c", "d")]
        return reply.model_copy(update={"message": calling(*message.tool_calls, *more)})


async def test_a_flood_is_refused_once() -> None:
    """What asks for a handover is within what the model took before: it is not refused as well."""
    worker, world = Flooded(at=30), World(tokens=TOKENS)
    world.results = {f"cat {file}": result(stdout="lorem " * 1300) for file in ("a", "b", "c", "d")}
    bench = Bench(model=worker, sandbox=world)
    outcome = await bench.run(assignment(context=200_000, max_steps=10_000))
    assert outcome.ended == "finished"
    rebuilds = bench.recorder.of(ContextRebuilt)
    assert [event.handover for event in rebuilds[:1]] == ["model"]
    assert len(worker.refused) <= len(rebuilds)


async def test_a_flood_in_one_step_is_cut_once_more() -> None:
    """A step that is larger than the context by itself is kept with its outputs cut, and nothing is above the limit."""
    flood: dict[str, CommandResult | Exception] = {
        f"cat {name}": result(stdout=f"{name}\n" + "x" * 20_000) for name in range(16)
    }
    twins = calling(*(call("shell", {"command": script}, id=script) for script in flood))
    model = EndlessModel(lambda number: twins if number == 2 else shell(f"echo {number}"))
    bench = Bench(model=model, sandbox=FakeSandbox(flood))
    await bench.run(assignment(context=16_000, max_steps=4))
    (event, *_) = bench.recorder.of(ContextRebuilt)
    assert event.step == 2
    assert [message.tool_call_id for message in event.messages if message.role == "tool"] == list(flood)
    assert "recall `step 2` shows more" in event.messages[-1].content
    assert event.sections[-1].note.startswith("its output is cut")
    assert all(calls_are_paired(request.messages) for request in model.requests)


async def test_what_others_wrote_is_cut_before_the_goals_are() -> None:
    """An opening that does not fit is cut to budgets, each section told of, and the user's own words are whole."""
    told = assignment(
        context=4000,
        findings=tuple(Note(source=f"survey-{number}", text=f"fact {number} " * 2000) for number in range(9)),
        instructions="Use tabs. " * 3000,
    )
    worker = Worker(3, writes=good)
    bench = Bench(model=worker, sandbox=World(tokens=5))
    outcome = await bench.run(told)
    assert outcome.ended == "finished"
    assert RUN_GOAL in worker.requests[0].messages[1].content
    assert TASK_GOAL in worker.requests[0].messages[1].content
    assert max(worker.prompts) <= 4000
    sections = {section.name: section for section in bench.recorder.of(ContextRebuilt)[0].sections}
    assert sections["task"].tokens == sections["task"].whole
    assert sections["findings"].tokens < sections["findings"].whole
    assert sections["findings"].note.startswith("cut from ")
    assert "fact 0" in worker.requests[0].messages[1].content


async def test_a_context_that_can_not_fit_is_a_limit() -> None:
    """Where even a rebuilt one is too long, the work ends with that reason."""
    bench, outcome = await work(Worker(3, writes=good), context=700)
    assert outcome.ended == "limit"
    assert [event.limit for event in bench.recorder.of(LimitReached)] == ["context"]


async def test_nothing_is_rebuilt_on_a_journal_that_lacks_steps() -> None:
    """Steps that are not written down would be forgotten: the work ends instead."""
    bench = Bench(model=Worker(20, writes=good), sandbox=World(tokens=TOKENS), past=NoPast())
    outcome = await bench.run(assignment(context=8000))
    assert outcome.ended == "limit"
    assert bench.recorder.of(ContextRebuilt) == []


async def test_a_handover_that_was_paid_for_is_not_asked_for_again() -> None:
    """A process that ended between the answer and the rebuild leaves the answer to the next one."""
    worker = Worker(20, writes=good)
    bench = Bench(model=worker, sandbox=World(tokens=TOKENS))
    await bench.run(assignment(context=8000))
    events = bench.recorder.events
    torn = next(place for place, event in enumerate(events) if isinstance(event, ContextRebuilt))
    first = events[torn]
    again = Bench(model=worker, sandbox=bench.sandbox)
    await again.recorder.record(*events[:torn])
    handovers = sum(request.aside is not None for request in worker.requests)
    talk = retell(events[:torn], agent="editor.1")
    assert talk is not None
    again.stopping = lambda: bool(again.recorder.of(ContextRebuilt))
    await again.run(assignment(context=8000), talk)
    assert again.recorder.of(ContextRebuilt)[0] == first
    assert sum(request.aside is not None for request in worker.requests) == handovers


async def test_a_stop_while_a_handover_is_waited_for_rebuilds_nothing() -> None:
    """The run that goes on has it written then: what the journal has instead is for providers that don't answer."""

    def stopped(_: Worker, request: ModelRequest) -> Message:
        raise WaitEnded("worker/model", "the run is being stopped")

    bench, outcome = await work(Worker(20, writes=stopped), context=8000)
    assert outcome.ended == "parked"
    assert not bench.recorder.of(ContextRebuilt)
    told = retell(bench.recorder.events, agent="editor.1")
    assert told is not None
    told.known = broken_off(bench.recorder.events, told, keeps=False).known
    bench.model = Worker(20, writes=good)
    outcome = await bench.run(assignment(context=8000, max_steps=10_000), told)
    assert outcome.ended == "finished"
    assert done(bench) == list(range(1, 21))
    assert {event.handover for event in bench.recorder.of(ContextRebuilt)} == {"model"}


async def test_a_conversation_is_told_again_through_rebuilds() -> None:
    """The journal alone gives the conversation back as it stands, with what was learnt of the window and its tokens."""
    worker = Worker(40, writes=good, takes=6000)
    bench, outcome = await work(worker, context=200_000)
    assert len(bench.recorder.of(ContextRebuilt)) > 2
    talk, retold = outcome.conversation, retell(bench.recorder.events, agent="editor.1")
    assert retold is not None
    assert retold.messages == talk.messages[:-1]
    assert (retold.ceiling, retold.answered, retold.measured) == (talk.ceiling, talk.answered, talk.measured)


async def test_a_silent_writer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handover that does not come within its time is the journal's, and all that was set aside for it is paid."""
    monkeypatch.setattr("agents.handover_writer.PATIENCE_SECONDS", 0.01)
    account = Account({}, price=Price(input=1.0, output=2.0))
    bench = Bench(model=Silent(12, writes=good), sandbox=World(tokens=TOKENS), account=account)
    outcome = await bench.run(assignment(context=6000))
    assert outcome.ended == "finished"
    refused = {event.refused for event in bench.recorder.of(ContextRebuilt)}
    assert "it never came: no answer within 0.01 s" in refused
    assert account.reserved("tokens") == 0
    asked = [event for event in bench.recorder.of(ModelAsked) if event.agent == "editor.1.handover"]
    faults = bench.recorder.of(FaultMet)
    assert [(fault.agent, fault.usage) for fault in faults] == [
        (event.agent, Usage(prompt=event.prompt_estimate, completion=event.max_tokens)) for event in asked
    ]
    used = [event.usage for event in bench.recorder.of(ModelAnswered)] + [fault.usage or Usage() for fault in faults]
    assert account.used["tokens"] == sum(usage.prompt + usage.completion for usage in used)
    assert all(fault.cost for fault in faults)


class Silent(Worker):
    """Never answers when it is asked for a handover."""

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Only the work."""
        if request.aside:
            await anyio.sleep_forever()
        return await super().ask(request)


@pytest.mark.parametrize("text", ["{json}", "```json\n{json}\n```", "```\n{json}\n```"])
def test_a_handover_may_stand_in_a_block_of_code(text: str) -> None:
    """Models put the marks of one around JSON unasked."""
    json = good(Worker(1, writes=good), _asking(7)).content
    read = read_handover(Message(role="assistant", content=text.replace("{json}", json)))
    assert isinstance(read, Handover)
    assert read.done[0].last_step == 7


def _asking(last: int) -> ModelRequest:
    asking = Message(role="user", content=f"`done` covers every step from 1 to {last}")
    return ModelRequest(messages=(asking,), tools=(), max_tokens=1)
