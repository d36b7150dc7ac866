"""What every past promises: the same suite over the journal's file and the fake of the other tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agents.events import CommandRun, Event, ModelAnswered, ModelAsked
from agents.model import Message, Usage
from agents.past import Deed, Past
from agents.recall import recall
from agents.redact import Redactor
from agents.step_events import Role
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.store import JournalStore
from orchestrator.memory.past import JournalPast
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import call, calling
from tests.fakes.past import FakePast

TOLD = {
    "found by survey": "requests is pinned\nin setup.cfg",
    ".mimo/memory/style.md": "Prefer short names.\nÄußerst kurz.",
}


def asked(step: int, *added: Message, agent: str = "editor.1") -> ModelAsked:
    """A request of an agent."""
    role: Role = "tester" if agent.startswith("tester") else "editor"
    return ModelAsked(
        agent=agent, role=role, step=step, model="m", added=list(added), prompt_estimate=1, max_tokens=256
    )


def answered(step: int, message: Message, agent: str = "editor.1") -> ModelAnswered:
    """An answer to it."""
    role: Role = "tester" if agent.startswith("tester") else "editor"
    return ModelAnswered(
        agent=agent,
        role=role,
        step=step,
        model="m",
        message=message,
        finish_reason="stop",
        usage=Usage(),
        cost=None,
        latency_seconds=0.0,
        client_ms=0.0,
    )


def ran(step: int, command: str, out: str, *, agent: str = "editor.1", call: str = "1", code: int = 0) -> CommandRun:
    """A command that ran."""
    return CommandRun(
        id=f"{agent}.{step}.{call}",
        agent=agent,
        step=step,
        sandbox="s",
        command=command,
        exit_code=code,
        stdout=out,
        wall_seconds=0.1,
    )


TWO = calling(
    call("shell", {"command": "cat a.py\nrm -rf /"}, id="a"),
    call("edit", {"path": "a.py", "old": "x = 1", "new": 'x = "needle%_\\n"'}, id="b"),
    text="I will look at a.py.",
)
EVENTS: list[Event] = [
    answered(1, calling(call("shell", {"command": "rg requests"}))),
    ran(1, "rg requests", "a.py: import requests\nb.py: requests.get(url)"),
    answered(2, calling(call("shell", {"command": "cat b.py"}))),
    ran(2, "cat b.py", "cut short", call="1"),
    ran(2, "cat b.py", "\n".join(f"row {number}" for number in range(30)), call="1.r2"),
    asked(3),
    answered(3, TWO),
    ran(3, "edit a.py", "", call="2"),
    asked(4, Message(role="tool", content="refused, nothing was run", tool_call_id="a")),
    answered(4, calling(call("recall", {"query": "zebra"}))),
    asked(5),
    answered(5, calling(call("shell", {"command": "echo zebra"}))),
    ran(5, "echo zebra", "zebra"),
    answered(1, calling(call("shell", {"command": "x"})), agent="editor.2"),
    ran(1, "x", "what the second attempt saw: giraffe", agent="editor.2"),
    answered(1, calling(call("shell", {"command": "y"})), agent="tester.1"),
    ran(1, "y", "what the tester saw: hippo", agent="tester.1"),
]

Make = Callable[..., Awaitable[Past]]


@pytest.fixture(params=["journal", "fake"])
async def past(request: pytest.FixtureRequest, tmp_path: Path) -> Past:
    """The past of editor.1 of the task `port`, where there are other tasks and another run."""
    if request.param == "fake":
        recorder = FakeRecorder()
        await recorder.record(*EVENTS)
        return FakePast(recorder, agent="editor.1", told=TOLD)
    with JournalStore(tmp_path / "journal.db") as store:
        journal = RunJournal(store, "run-1", Redactor({}))
        await journal.append("other", (ran(1, "secret", "what another task saw: lion"),))
        await journal.append("port", tuple(EVENTS))
        await journal.append(None, (ran(2, "secret", "what the coordinator saw: lion"),))
        await RunJournal(store, "run-2", Redactor({})).append("port", (ran(2, "z", "another run's lion"),))
    return JournalPast(journal=tmp_path / "journal.db", run="run-1", task="port", agent="editor.1", told=TOLD)


async def test_a_step_is_whole(past: Past) -> None:
    """Each call with its arguments, and what came of it; what did not run as its agent was told."""
    assert await past.step("editor.1", 3) == (
        Deed(what="shell\ncommand: cat a.py\nrm -rf /", out="refused, nothing was run"),
        Deed(what='edit\npath: a.py\nold: x = 1\nnew: x = "needle%_\\n"', out="exit 0"),
    )


async def test_a_call_that_was_done_again_counts_once(past: Past) -> None:
    """After a lost sandbox the last try is what happened."""
    (deed,) = await past.step("editor.1", 2)
    assert deed.out.splitlines()[:2] == ["exit 0", "row 0"]


async def test_other_agents_of_the_role_can_be_looked_at_and_no_others(past: Past) -> None:
    """An editor sees what the attempt before did, and nothing of a tester or of what is not there."""
    assert "giraffe" in (await past.step("editor.2", 1))[0].out
    assert await past.step("tester.1", 1) == ()
    assert await past.step("editor.1", 99) == ()


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["REQUESTS", "get"], "step 1"),
        (["needle%_"], "step 3"),
        (['"needle'], "step 3"),
        (["äußerst"], ".mimo/memory/style.md"),
        (["ÄUSSERST", "kurz."], ".mimo/memory/style.md"),
        (["pinned"], "found by survey"),
        (["giraffe"], "editor.2 step 1"),
        (["style.md"], ".mimo/memory/style.md"),
    ],
)
async def test_a_search_finds_the_place(past: Past, words: list[str], place: str) -> None:
    """Steps, what was called in them, findings and files of the memory, whatever the case and the characters."""
    assert (await past.search(words, before=6)).hits[0].place == place


@pytest.mark.parametrize("words", [["hippo"], ["lion"], ["no-such-word"], ["%"], ["r_w"]])
async def test_what_is_not_there_for_it_is_not_found(past: Past, words: list[str]) -> None:
    """Nothing of other roles, other tasks, the run itself or another run; a pattern is no word."""
    assert all(
        word in line.lower()
        for hit in (await past.search(words, before=6)).hits
        for line in hit.lines
        for word in words
    )
    assert not {"hippo", "lion"} & {
        word for hit in (await past.search(words, before=6)).hits for line in hit.lines for word in line.split()
    }


async def test_a_search_does_not_find_itself(past: Past) -> None:
    """Neither the step that searches, nor the query of an earlier search."""
    assert (await past.search(["zebra"], before=5)).hits == ()
    assert [hit.place for hit in (await past.search(["zebra"], before=6)).hits] == ["step 5"]


async def test_a_text_is_there_by_its_name(past: Past) -> None:
    """A file of the memory whole; no name reaches anything else."""
    assert await past.text(".mimo/memory/style.md") == TOLD[".mimo/memory/style.md"]
    assert await past.text("/etc/passwd") is None


async def test_what_is_recalled_is_data(past: Past) -> None:
    """Whatever is found stands between two lines that carry its own mark, a hit a line."""
    for query in ("requests", "step 3", "step 2 row", ".mimo/memory/style.md"):
        lines = (await recall(past, query, agent="editor.1", step=6)).splitlines()
        assert lines[0].startswith("[")
        assert lines[0].endswith("]")
        assert any(line == f"[end {lines[0].rsplit(' ', 1)[1]}" for line in lines), query


async def test_the_work_done_is_the_agents_own(past: Past) -> None:
    """Each of its steps with what came of each call, and nothing of others."""
    work = await past.work_done()
    assert {number: step.line() for number, step in work.steps.items()} == {
        1: "1: $ rg requests -> exit 0",
        2: "2: $ cat b.py -> exit 0",
        3: "3: $ cat a.py rm -rf / -> not done; edit a.py -> exit 0",
        4: "4: recall zebra -> looked up",
        5: "5: $ echo zebra -> exit 0",
    }
    assert list(work.runs) == ["rg requests", "cat b.py", "edit a.py", "echo zebra"]
