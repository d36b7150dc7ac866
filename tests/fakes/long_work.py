"""Work that is too long for one context, with a model and a world that notice what a rebuild forgets or repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import anyio

from agents.errors import ContextTooLong, ModelUnavailable
from agents.model import Message, ModelReply, ModelRequest, ToolCall, Usage
from sandbox.sandbox import Command, CommandResult
from tests.fakes.model import finish, shell
from tests.fakes.sandbox import FakeSandbox, result

WORK = re.compile(r"echo (\d+)")
_DONE = re.compile(r"^\d+: \$ echo (\d+) -> exit 0$", re.MULTILINE)
_TOGETHER = re.compile(r"^(\d+)-(\d+): (\d+) done,", re.MULTILINE)

Writes = Callable[["Worker", ModelRequest], Message]


class World(FakeSandbox):
    """Writes down each piece of work that is done in it, and puts out about `tokens` tokens for it."""

    def __init__(self, *, tokens: int) -> None:
        super().__init__()
        self.done: list[int] = []
        self._words = "lorem " * (tokens * 36 // 60)

    async def execute(self, command: Command) -> CommandResult:
        """Do it, even again."""
        found = WORK.fullmatch(command.script)
        if found is None:
            return await super().execute(command)
        self.done.append(int(found[1]))
        self.files["done.txt"] = "".join(f"{piece}\n" for piece in self.done).encode()
        return result(stdout=f"{found[1]} {self._words}")


class Worker:
    """Does `pieces` of work, one a step: the first that nothing which it is shown says is done. Then it finishes.

    It counts its prompts as `chars_per_token` says, and refuses those over its `takes`, in `refusal`'s words. What it
    writes as a handover is up to `writes`.
    """

    def __init__(
        self,
        pieces: int,
        *,
        writes: Writes,
        chars_per_token: float = 3.2,
        takes: int | None = None,
        refusal: str = "prompt is too long",
        window: int | None = None,
    ) -> None:
        self.id = "worker/model"
        self.window = window
        self.requests: list[ModelRequest] = []
        self.prompts: list[int] = []
        self.refused: list[int] = []
        self._pieces = pieces
        self._writes = writes
        self._chars_per_token = chars_per_token
        self._takes = takes
        self._refusal = refusal

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next piece, a handover, or the end."""
        await anyio.lowlevel.checkpoint()
        prompt = int(len(sent(request)) / self._chars_per_token)
        if self._takes is not None and prompt > self._takes:
            self.refused.append(prompt)
            raise ContextTooLong(self.id, self._refusal)
        self.requests.append(request)
        self.prompts.append(prompt)
        message = self._writes(self, request) if request.aside else self._next(request)
        usage = Usage(prompt=prompt, completion=20)
        return ModelReply(model=self.id, message=message, finish_reason="stop", usage=usage, cost=0.001)

    def _next(self, request: ModelRequest) -> Message:
        done = shown_done(request.messages)
        left = [piece for piece in range(1, self._pieces + 1) if piece not in done]
        return shell(f"echo {left[0]}", id=f"call_{left[0]}") if left else finish(summary="all of it")


def shown_done(messages: object) -> set[int]:
    """The pieces of work that a conversation says are done: by its calls, or by what it was told of earlier steps."""
    assert isinstance(messages, tuple)
    done: set[int] = set()
    for message in messages:
        for call in message.tool_calls:
            done.update(map(int, WORK.findall(call.arguments)))
        if message.role == "user":
            done.update(int(found[1]) for found in _DONE.finditer(message.content))
            for found in _TOGETHER.finditer(message.content):
                steps = range(int(found[1]), int(found[2]) + 1)
                assert len(steps) == int(found[3]), found[0]
                done.update(steps)
    return done


def sent(request: ModelRequest) -> str:
    """The request as a provider sees it: the tools, then the messages in their order."""
    tools = [{"name": tool.name, "does": tool.description, "takes": dict(tool.parameters)} for tool in request.tools]
    messages = [message.model_dump_json(exclude_defaults=True) for message in request.messages]
    return json.dumps(tools) + "".join(messages)


def asked_for(request: ModelRequest) -> int:
    """The last step that a handover has to cover, as it is asked for."""
    found = re.search(r"every step from 1 to (\d+)", request.messages[-1].content)
    assert found is not None
    return int(found[1])


def good(_: Worker, request: ModelRequest) -> Message:
    """A handover that is true."""
    return handover(last=asked_for(request))


def handover(*, last: int, **changes: object) -> Message:
    """A handover as an answer."""
    document = {
        "goal": "do all the work",
        "done": [{"first_step": 1, "last_step": last, "what": f"{last} pieces of work"}],
        "decisions": [{"what": "one after the other", "why": "they build on each other"}],
        "next_steps": ["the next piece"],
        **changes,
    }
    return Message(role="assistant", content=json.dumps(document))


def unavailable(worker: Worker, _: ModelRequest) -> Message:
    """No answer: the provider is down."""
    raise ModelUnavailable(worker.id, "503 for ten minutes")


BAD: dict[str, tuple[Writes, str]] = {
    "empty": (lambda *_: Message(role="assistant", content="  "), "it was empty"),
    "malformed": (
        lambda *_: Message(role="assistant", content='{"goal": "x", "done": "everything"}'),
        "it did not fit its schema: done",
    ),
    "torn": (lambda *_: Message(role="assistant", content='{"goal": "x", "done": [{"first'), "it was no JSON"),
    "prose": (lambda *_: Message(role="assistant", content="I have done a lot. Let me go on!"), "it was no JSON"),
    "a call instead": (lambda *_: shell("echo 1"), "it did not fit its schema"),
    "steps that are not there": (
        lambda _, request: handover(last=asked_for(request) + 1),
        "it contradicts the journal: there are no steps",
    ),
    "a step forgotten": (
        lambda _, request: handover(last=asked_for(request) - 1),
        "it contradicts the journal: step ",
    ),
    "a file that was not changed": (
        lambda _, request: handover(last=asked_for(request), files=["src/never.py"]),
        "it contradicts the journal: src/never.py was not changed",
    ),
    "a test that never ran": (
        lambda _, request: handover(last=asked_for(request), tests=[{"command": "pytest", "passed": True}]),
        "it contradicts the journal: 'pytest' was never run",
    ),
    "a test that ended otherwise": (
        lambda _, request: handover(last=asked_for(request), tests=[{"command": "echo 1", "passed": False}]),
        "it contradicts the journal: 'echo 1' was last seen to pass",
    ),
    "not at all": (unavailable, "it never came: worker/model: 503"),
}
"""Writers of handovers that can't be taken, and what is said of each."""


def calls_are_paired(messages: object) -> bool:
    """Whether each call has what came of it right behind it, and nothing else stands there."""
    assert isinstance(messages, tuple)
    waiting: list[ToolCall] = []
    for message in messages:
        if message.role == "tool":
            if not waiting or waiting.pop(0).id != message.tool_call_id:
                return False
        elif waiting:
            return False
        else:
            waiting = list(message.tool_calls)
    return not waiting
