"""The table of models, recordings, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.errors import ModelRefused
from agents.events import ModelAnswered
from agents.model import Message, ModelRequest, Usage
from agents.models import ModelSettings, make_model
from agents.recorded_model import RecordedAnswer, RecordedModel
from agents.redact import Redactor
from tests.agents.bench import Bench
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import ScriptedModel, finish, shell

ROOT = Path(__file__).resolve().parents[2]
REQUEST = ModelRequest(messages=(Message(role="user", content="hi"),), tools=(), max_tokens=10)


def test_importing_every_module_is_light_and_silent() -> None:
    """No module of agents prints, or imports litellm, openai or docker, when it is imported.

    But the one that hands litellm its HTTP, which is imported with it.
    """
    names = {path.stem for path in (ROOT / "agents").glob("[a-z]*.py")} - {"bounded_http"}
    modules = sorted(f"agents.{name}" for name in names)
    script = (
        f"import sys; [__import__(name) for name in {modules}]; "
        "assert not {'litellm', 'openai', 'docker', 'httpx'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_a_run_can_be_played_again(tmp_path: Path) -> None:
    """What a journal holds of an agent's answers, written as a recording, gives the same conversation."""
    live = Bench(model=ScriptedModel(shell("a"), shell("b"), finish()))
    first = await live.run()
    path = tmp_path / "run.jsonl"
    answers = live.recorder.of(ModelAnswered)
    path.write_text("\n".join(RecordedAnswer.of(event, task="port").model_dump_json() for event in answers))
    settings = ModelSettings(redactor=Redactor({}))
    model = make_model(f"recorded/{path}", task="port", agent="editor.1", settings=settings, recorder=FakeRecorder())
    again = Bench(model=model)
    second = await again.run()
    assert second.result == first.result
    assert second.conversation.messages == first.conversation.messages
    assert [event.usage for event in again.recorder.of(ModelAnswered)] == [Usage(prompt=100, completion=10)] * 3


async def test_an_attempt_that_was_not_recorded_says_what_the_one_before_it_said(tmp_path: Path) -> None:
    """A run that was stopped and resumed finds its answers; an attempt with answers of its own has those."""
    path = tmp_path / "answers.jsonl"
    said = [
        ("t", "editor.1", "first"),
        ("t", "editor.3", "third"),
        ("t", "tester.4", "not this"),
        ("u", "editor.4", ""),
    ]
    lines = [
        RecordedAnswer(task=task, agent=agent, message=Message(role="assistant", content=words))
        for task, agent, words in said
    ]
    path.write_text("\n".join(line.model_dump_json() for line in lines))
    for agent, words in (("editor.1", "first"), ("editor.2", "first"), ("editor.3", "third"), ("editor.5", "third")):
        reply = await RecordedModel(path, task="t", agent=agent).ask(REQUEST)
        assert reply.message.content == words
    with pytest.raises(ModelRefused, match="0 answers"):
        await RecordedModel(path, task="t", agent="tester.3").ask(REQUEST)


@pytest.mark.parametrize("content", ["{", '{"task": "t"}', '{"task": "t", "agent": "a", "message": {}, "x": 1}'])
async def test_a_broken_recording_is_refused_with_its_line(tmp_path: Path, content: str) -> None:
    """The line that can't be read is named."""
    path = tmp_path / "broken.jsonl"
    path.write_text(f"\n{content}\n")
    with pytest.raises(ModelRefused, match="line 2"):
        await RecordedModel(path, task="t", agent="a").ask(REQUEST)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_bytes(b"\xff")])
async def test_a_recording_that_can_not_be_read_is_refused(tmp_path: Path, make: object) -> None:
    """A missing file, and one that is no text, are final errors."""
    path = tmp_path / "answers.jsonl"
    assert callable(make)
    make(path)
    with pytest.raises(ModelRefused):
        await RecordedModel(path, task="t", agent="a").ask(REQUEST)
