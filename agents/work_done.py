"""What an agent did, step by step, as the journal has it: what a rebuilt context stands on, whoever wrote its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.ending import ending
from agents.events import (
    CheckpointTaken,
    CommandInterrupted,
    CommandJudged,
    CommandProposed,
    CommandRun,
    ContextRebuilt,
    ConversationTakenOver,
    Event,
    ModelAnswered,
)
from agents.fence import one_line
from agents.model import Message, ToolCall
from agents.step_events import HANDOVER
from sandbox.sandbox import WORKSPACE

FOLDED = frozenset(
    {
        *("model answered", "command proposed", "command judged", "command run", "checkpoint taken"),
        *("command interrupted", "context rebuilt", "conversation taken over"),
    }
)
"""The kinds of events that this is folded from."""

CALL_CHARS = 160
SAID_CHARS = 240

_NO_COMMAND = {"recall": "looked up", "finish": "sent back"}
"""How calls end that leave no event: what was accepted is not gone on from."""

_TEST = re.compile(
    r"\b(py\.?test|unittest|tox|nox|jest|vitest|mocha|ctest|phpunit|rspec|gradlew?|mvn|bazel test|"
    r"(cargo|go|dotnet|swift|mix|make|npm|yarn|pnpm|bun|deno)( run)? (test|check|nextest))\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a command ended the last time that it ran; `step` is None where it was the plan's own check of a claim."""

    command: str
    step: int | None
    passed: bool

    @property
    def is_test(self) -> bool:
        """Whether it tests something, as far as its words tell."""
        return self.step is None or _TEST.search(self.command) is not None


@dataclass(slots=True, kw_only=True)
class Step:
    """One step: what the model `said`, and each of its calls with what came of it."""

    number: int
    said: str = ""
    calls: list[str] = field(default_factory=list)
    endings: dict[int, str] = field(default_factory=dict)
    failed: bool = False
    elsewhere: bool = False

    def line(self) -> str:
        """The step in one line."""
        if self.elsewhere:
            return f"{self.number}: done in the run that this one was forked from"
        told = [f"{call} -> {self.endings.get(number, 'not done')}" for number, call in enumerate(self.calls, start=1)]
        return f"{self.number}: {'; '.join(told) or 'no call'}"


@dataclass(slots=True, kw_only=True)
class WorkDone:
    """All steps of `agent` by their numbers; each file that it changed with the step that did it last; its commands.

    `handover` is what it wrote down since its context was last rebuilt, `handovers` how often it was asked to.
    """

    agent: str
    steps: dict[int, Step] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    rebuilt: int = 0
    handover: tuple[int, Message] | None = None
    handovers: int = 0
    _edits: dict[str, str] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Go on by one event of its task."""
        if isinstance(event, CommandRun) and event.source == "verify":
            self._ran(event, None)
        match event:
            case ModelAnswered() if event.agent == f"{self.agent}.{HANDOVER}":
                self.handover, self.handovers = (event.step, event.message), self.handovers + 1
            case CommandJudged():
                self._judged(event)
            case CommandInterrupted():
                self._end(event.id, "interrupted")
            case ConversationTakenOver() if event.agent == self.agent:
                self._taken_over(event)
            case ModelAnswered() | CommandProposed() | CommandRun() | CheckpointTaken() | ContextRebuilt():
                if event.agent == self.agent:
                    self._own(event)
            case _:
                pass

    def _own(self, event: ModelAnswered | CommandProposed | CommandRun | CheckpointTaken | ContextRebuilt) -> None:
        match event:
            case ModelAnswered():
                calls = [_called(call) for call in event.message.tool_calls]
                names = enumerate((call.name for call in event.message.tool_calls), start=1)
                endings = {number: _NO_COMMAND[name] for number, name in names if name in _NO_COMMAND}
                self.steps[event.step] = Step(
                    number=event.step, said=_said(event.message), calls=calls, endings=endings
                )
            case CommandProposed():
                self._end(event.id, "begun, its end is not known")
                if event.tool == "edit":
                    self._edits[event.id] = _path(event.arguments)
            case CommandRun() if event.step is not None:
                self._ran(event, event.step)
            case CheckpointTaken():
                self.files.update(dict.fromkeys(event.files, event.step))
            case ContextRebuilt():
                self.rebuilt, self.handover = event.step, None
            case _:
                pass

    def _taken_over(self, event: ConversationTakenOver) -> None:
        """The steps of another run: as its own events told them, where they are here; else the last by the messages."""
        known = self.steps
        self.steps = {
            number: known.get(number, Step(number=number, elsewhere=True)) for number in range(1, event.step + 1)
        }
        answers = [place for place, message in enumerate(event.messages) if message.role == "assistant"]
        for number, place in zip(range(event.step, 0, -1), reversed(answers), strict=False):
            if number in known:
                continue
            message = event.messages[place]
            came = {each.tool_call_id: each.content for each in event.messages[place + 1 :][: len(message.tool_calls)]}
            endings = {at: one_line(came.get(call.id, ""), 40) for at, call in enumerate(message.tool_calls, start=1)}
            calls = [_called(call) for call in message.tool_calls]
            self.steps[number] = Step(number=number, said=_said(message), calls=calls, endings=endings)

    def _judged(self, event: CommandJudged) -> None:
        if not event.allowed and (step := self._end(event.id, "refused")) is not None:
            step.failed = True

    def _ran(self, event: CommandRun, step: int | None) -> None:
        ended = ending(event)
        passed = event.exit_code == 0 and event.limit is None
        if event.id in self._edits:
            ended = "edited" if passed else "not edited"
            if passed and step is not None:
                self.files[self._edits[event.id]] = step
        else:
            command = event.command.strip()
            self.runs.pop(command, None)
            self.runs[command] = Run(command=command, step=step, passed=passed)
        done = self._end(event.id, ended)
        if done is not None and not passed:
            done.failed = True

    def _end(self, call_id: str, ending: str) -> Step | None:
        """Note how a call of one of the agent's steps ended, which its id tells."""
        found = re.fullmatch(rf"{re.escape(self.agent)}\.(\d+)\.(\d+)(\.r\d+)?", call_id)
        step = self.steps.get(int(found[1])) if found else None
        if found and step is not None:
            step.endings[int(found[2])] = ending
        return step

    def tests(self) -> list[Run]:
        """The commands that test something, as they ended last; the newest last."""
        return [run for run in self.runs.values() if run.is_test]


def work_done(events: Iterable[Event], *, agent: str) -> WorkDone:
    """What `agent` did, by the events of its task, oldest first."""
    work = WorkDone(agent=agent)
    for event in events:
        work.take(event)
    return work


def plain_path(path: str) -> str:
    """A path as the repository has it."""
    return path.strip().removeprefix(f"{WORKSPACE}/").removeprefix("./")


def _path(arguments: str) -> str:
    return plain_path(str(json.loads(arguments)["path"]))


def _called(call: ToolCall) -> str:
    given = call.given
    if given is None:
        return one_line(f"{call.name} {call.arguments}", CALL_CHARS)
    words = given.get("command") or given.get("path") or given.get("query") or given.get("summary") or ""
    mark = "$" if call.name == "shell" else call.name
    return one_line(f"{mark} {words}".strip(), CALL_CHARS)


def _said(message: Message) -> str:
    return one_line(message.content.strip(), SAID_CHARS)
