"""`log --context`: what a model saw at a step and why, from the journal alone, and which step is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.state import JOURNAL
from orchestrator.journal.store import JournalStore
from tests.cli.conftest import Type
from tests.views import rebuilt, story

RUN = "seen-20260103-120000-ef56"


@pytest.fixture(autouse=True)
def _rebuilt_run(state: Path) -> None:
    """A run whose editor's context was rebuilt; a tester of its task and the other task have a step 1 as well."""
    told = [
        *story.started(),
        *(("port", event) for event in rebuilt.EVENTS),
        ("port", rebuilt.asked(1, *rebuilt.OPENING, agent="tester.1")),
        ("docs", rebuilt.asked(1, *rebuilt.OPENING)),
    ]
    with JournalStore(state / JOURNAL) as store:
        store.append(RUN, told)


def test_what_a_model_saw_is_shown(type_in: Type) -> None:
    """The sections with budgets and what was cut, the rebuild, and the messages; nothing in them steers a terminal."""
    page = " ".join(type_in("log", RUN, "port", "--context", "42").out.split())
    assert "port editor.1 step 42, as openai/gpt-5.2 was asked" in page
    assert "23,456 tokens by the provider's count, 19,800 from its cache" in page
    assert "rebuilt after step 40, because a prompt of 45,120 tokens leaves too little of 46,000" in page
    assert "cut from 9100 tokens" in page
    assert "not the model's: it was empty" in page
    assert "step 41, whole" in page
    assert "[bold]not bold" in page
    assert "\x1b" not in page


def test_it_is_data_for_programs(type_in: Type) -> None:
    """The same as one document; its messages are those of the request, exactly."""
    seen = json.loads(type_in("log", RUN, "port", "--context", "editor.1:42", "--json").out)
    assert [message["role"] for message in seen["messages"]] == [
        "system", "user", "assistant", "tool", "assistant", "tool",
    ]  # fmt: skip
    assert seen["messages"][-1]["content"] == f"exit 0\n{rebuilt.HOSTILE}"
    assert seen["rebuilt"]["limit"] == 46_000
    assert {section["name"] for section in seen["sections"]} >= {"role", "task", "done", "handover", "steps", "since"}


def test_a_step_before_any_rebuild_is_there_too(type_in: Type) -> None:
    """Also of a journal that an older program wrote, which did not tell of sections."""
    seen = json.loads(type_in("log", RUN, "port", "--context", "2", "--json").out)
    assert seen["rebuilt"] is None
    assert [message["content"] for message in seen["messages"]][-1] == "exit 0\na.py"
    assert [section["name"] for section in seen["sections"]] == ["opening", "since", "rest"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--context", "1"], "name the task"),
        (["port", "--context", "1"], "editor.1, tester.1 each have such a step name it: --context editor.1:1"),
        (["--context", "99"], "there is no step 99 name the task"),
        (["port", "--context", "99"], "there is no step 99 the last are editor.1:42, tester.1:1"),
        (["port", "--context", "editor.2:1"], "there is no step 1 of editor.2"),
        (["port", "--context", "last"], "write a step's number, as in 12, or with its agent"),
    ],
)
def test_which_step_is_meant_is_asked(type_in: Type, arguments: list[str], told: str) -> None:
    """What is ambiguous or not there is said, with what there is."""
    shown = type_in("log", RUN, *arguments)
    assert shown.code == 2
    assert told in " ".join(shown.err.split())
