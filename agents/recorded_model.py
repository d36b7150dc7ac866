"""A model that says what another one said: a file of recorded answers, one JSON object a line.

    {"task": "port-client", "agent": "editor.1", "message": {...}, "finish_reason": "tool_calls", "usage": {...}}

The lines of one task and agent are its answers in order. `usage`, `cost` and `finish_reason` may be left out.
An attempt that the file has nothing of, as after a `resume`, says what the one before it said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, ValidationError

from agents.errors import ModelRefused
from agents.events import ModelAnswered
from agents.fence import one_line
from agents.model import Message, ModelReply, ModelRequest, Usage

PREFIX = "recorded/"


class RecordedAnswer(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["answer"] = "answer"
    task: str
    agent: str
    message: Message
    finish_reason: str = "tool_calls"
    usage: Usage = Usage()
    cost: float | None = 0.0

    @classmethod
    def of(cls, event: ModelAnswered, *, task: str) -> RecordedAnswer:
        """The line that repeats an answer of a journal."""
        return cls(
            task=task,
            agent=event.agent,
            message=event.message,
            finish_reason=event.finish_reason,
            usage=event.usage,
            cost=event.cost,
        )


class RecordedModel:
    """Plays back the answers of one task's agent. Which comes next is told by the answers in the conversation."""

    def __init__(self, path: Path, *, task: str, agent: str) -> None:
        self._path = path
        self._task = task
        self._agent = agent
        self._answers: list[RecordedAnswer] | None = None

    @property
    def id(self) -> str:
        """`recorded/` and the path."""
        return f"{PREFIX}{self._path}"

    @property
    def window(self) -> int | None:
        """A file takes any prompt."""
        return None

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next answer; raises ModelRefused where the file has none or can't be read."""
        if self._answers is None:
            self._answers = await to_thread.run_sync(self._read)
        answers = self._own(self._answers, f".{request.aside}" if request.aside else "")
        said = sum(message.role == "assistant" for message in request.messages)
        turn = said if request.turn is None else request.turn
        if turn >= len(answers):
            why = f"the recording has {len(answers)} answers of {self._task}/{self._agent}, none for turn {turn}"
            raise ModelRefused(self.id, why)
        answer = answers[turn]
        return ModelReply(
            model=self.id,
            message=answer.message,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            cost=answer.cost,
        )

    def _read(self) -> list[RecordedAnswer]:
        answers = []
        try:
            for number, line in enumerate(self._path.read_text(encoding="utf-8").splitlines(), start=1):
                if line.strip():
                    answers.append(_parse(line, self.id, number))
        except (OSError, UnicodeDecodeError) as error:
            raise ModelRefused(self.id, one_line(str(error))) from error
        return answers

    def _own(self, answers: list[RecordedAnswer], aside: str) -> list[RecordedAnswer]:
        role, _, number = self._agent.rpartition(".")
        before = [f"{role}.{attempt}" for attempt in range(int(number) - 1, 0, -1)] if number.isdecimal() else []
        for agent in (self._agent, *before):
            own = [answer for answer in answers if (answer.task, answer.agent) == (self._task, agent + aside)]
            if own:
                return own
        return []


def _parse(line: str, model: str, number: int) -> RecordedAnswer:
    try:
        return RecordedAnswer.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ModelRefused(model, f"line {number}: {problem['msg']} ({problem['loc']})") from error
