"""Whatever text fills a context, no request is above its limit, as a real tokenizer counts."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import agents.agent
from agents.assignment import Note
from agents.events import ContextRebuilt
from agents.model import Message, ModelReply, ModelRequest, Usage
from agents.wire import sent_messages, sent_tools
from sandbox.sandbox import Command, CommandResult
from tests.agents.bench import Bench, assignment
from tests.fakes.model import call, calling, reply
from tests.fakes.sandbox import FakeSandbox, result
from tests.tokens import count

LIMIT, STEPS = 46_000, 6

TEXTS: dict[str, Callable[[random.Random], str]] = {
    "base64": lambda dice: base64.b64encode(dice.randbytes(6800)).decode(),
    "hashes": lambda dice: "\n".join(f"{dice.getrandbits(160):040x}  file" for _ in range(190)),
    "json": lambda dice: json.dumps([{"id": dice.random(), "name": f"n{at}", "tags": ["a", "b"]} for at in range(130)]),
    "numbers": lambda dice: "\n".join(f"{dice.random():.6f} {dice.random():.6f}" for _ in range(480)),
    "minified": lambda dice: "".join(dice.choice("abcdefgh") + dice.choice(".=(){};,!&|") for _ in range(4500)),
    "code": lambda dice: Path(agents.agent.__file__).read_text(encoding="utf-8"),
    "russian": lambda dice: "Эта функция возвращает список файлов, которые нужно обновить. " * 140,
    "chinese": lambda dice: "这个函数返回一个列表,其中包含所有需要更新的文件。" * 350,
}


class Printing(FakeSandbox):
    """Each command puts out other text of a kind."""

    def __init__(self, text: Callable[[random.Random], str]) -> None:
        super().__init__()
        self._text, self._dice = text, random.Random(6)

    async def execute(self, command: Command) -> CommandResult:
        """Put it out."""
        return result(stdout=f"{self._dice.random()}\n{self._text(self._dice)}")


class Reading:
    """Calls fourteen commands in each answer, and counts what it is sent with a real tokenizer."""

    id = "reading/model"
    window = None

    def __init__(self) -> None:
        self.prompts: list[int] = []

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Fourteen more; it writes no handover."""
        texts = [sent_messages(request), sent_tools(request)]
        prompt = sum(count(json.dumps(text, ensure_ascii=False)) for text in texts)
        self.prompts.append(prompt)
        calls = [call("shell", {"command": f"cat {at}"}, id=f"call_{at}") for at in range(14)]
        message = Message(role="assistant", content="no") if request.aside else calling(*calls)
        return reply(message).model_copy(update={"usage": Usage(prompt=prompt, completion=100)})


@pytest.mark.parametrize("kind", TEXTS)
async def test_no_output_is_more_than_it_seems(kind: str) -> None:
    """Every step puts out tens of thousands of tokens, also of texts that have three for each that prose would have."""
    model = Reading()
    bench = Bench(model=model, sandbox=Printing(TEXTS[kind]))
    outcome = await bench.run(assignment(context=LIMIT, max_steps=STEPS))
    assert outcome.why == f"no result after {STEPS} steps"
    assert len(bench.recorder.of(ContextRebuilt)) >= 2
    assert max(model.prompts) <= LIMIT


@pytest.mark.parametrize("kind", TEXTS)
async def test_no_opening_is_more_than_it_seems(kind: str) -> None:
    """Instructions of 30 KB, with findings of twice the limit, are cut before the first request."""
    dice = random.Random(6)
    text = TEXTS[kind](dice)
    findings = tuple(Note(source=f"survey-{at}", text=TEXTS[kind](dice)) for at in range(11))
    model = Reading()
    bench = Bench(model=model, sandbox=Printing(TEXTS["code"]))
    given = assignment(context=LIMIT, max_steps=1, instructions=(text * 4)[:30_000], findings=findings)
    outcome = await bench.run(given)
    assert outcome.why == "no result after 1 steps"
    assert len(model.prompts) == 1
    assert model.prompts[0] <= LIMIT
