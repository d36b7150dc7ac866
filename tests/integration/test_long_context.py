"""A task that is longer than its context, through the whole program: nothing forgotten, nothing done twice."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import done, editor, plan, talk
from tests.server.fixture import ScriptedServer
from tests.tokens import count

pytestmark = pytest.mark.slow

PIECES, LIMIT = 40, 8000


def test_a_task_finishes_within_its_context(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Each piece of work is done once, in order; no request has more tokens than the plan allows."""
    program = make({"done.txt": ""})
    works = {**talk("editor", "Do it all."), "pieces": PIECES, "turns": [], "beyond": done("all of it")}
    scripted_server.play(works)
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("long", "Do it all."), limits={"context": LIMIT}))
    result = program.json(path)
    assert result["status"] == "done"
    assert result["tasks"][0]["steps"] == PIECES + 1

    assert program.tree("main")["done.txt"].split() == [str(piece) for piece in range(1, PIECES + 1)]
    asked = [line["request"] for line in scripted_server.requests()]
    # These outputs, numbers line by line, have far more tokens for their length than text has.
    assert max(count(json.dumps(body["messages"]) + json.dumps(body["tools"])) for body in asked) <= LIMIT

    events = program.events()
    rebuilt = [event for event in events if event["kind"] == "context rebuilt"]
    assert len(rebuilt) >= 2
    assert {event["handover"] for event in rebuilt} == {"model"}
    assert len(asked) == PIECES + 1 + len(rebuilt)
    steps = [event["step"] for event in events if event["kind"] == "model answered" and event["agent"] == "editor.1"]
    assert steps == list(range(1, PIECES + 2))

    # What the model saw at a step is told as it was sent.
    seen = program.json("log", "last", "long", "--context", str(PIECES))
    sent = next(body for body in reversed(asked[:-1]) if body["messages"][-1]["role"] == "tool")
    assert [message["content"] for message in seen["messages"] if message["role"] == "tool"] == [
        message["content"] for message in sent["messages"] if message["role"] == "tool"
    ]
    assert seen["rebuilt"]["step"] == rebuilt[-1]["step"]
