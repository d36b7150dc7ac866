"""A handover: where the work stands, as a model wrote it down for itself, held against what the journal has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.fence import one_line
from agents.model import Message
from agents.work_done import WorkDone, plain_path

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(_Part):
    """What some steps in a row did."""

    first_step: Annotated[int, Field(ge=1)]
    last_step: Annotated[int, Field(ge=1)]
    what: Words


class Reasoned(_Part):
    """Something decided, or tried and failed, and why."""

    what: Words
    why: Words


class TestState(_Part):
    """How a command that tests something ended the last time that it ran."""

    __test__ = False

    command: Words
    passed: bool


class Handover(_Part):
    """Where the work stands; what it says of steps, files and tests has to be what the journal says."""

    goal: Words
    done: Annotated[tuple[Done, ...], Field(min_length=1, max_length=200)]
    decisions: Annotated[tuple[Reasoned, ...], Field(max_length=50)] = ()
    files: Annotated[tuple[Words, ...], Field(max_length=300)] = ()
    tests: Annotated[tuple[TestState, ...], Field(max_length=50)] = ()
    failed: Annotated[tuple[Reasoned, ...], Field(max_length=50)] = ()
    next_steps: Annotated[tuple[Words, ...], Field(min_length=1, max_length=50)]


class Unusable(Exception):
    """What a model wrote is no handover, or contradicts the journal; the message says why."""


def read_handover(message: Message) -> Handover:
    """The handover that an answer is; raises Unusable."""
    if len(message.tool_calls) == 1 and not message.content.strip():
        text = message.tool_calls[0].arguments
    else:
        text = _unfenced(message.content)
    if not text.strip():
        raise Unusable("it was empty")
    try:
        return Handover.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise Unusable(f"it did not fit its schema: {one_line(place, 60)}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise Unusable("it was no JSON") from error


def hold(handover: Handover, work: WorkDone) -> None:
    """Compare a handover with the journal; raises Unusable where they contradict each other."""
    wrong = next(_contradictions(handover, work), None)
    if wrong is not None:
        raise Unusable(f"it contradicts the journal: {wrong}")


def _contradictions(handover: Handover, work: WorkDone) -> Iterator[str]:
    last = max(work.steps, default=0)
    told: set[int] = set()
    for done in handover.done:
        if done.last_step > last or done.first_step > done.last_step:
            yield f"there are no steps {done.first_step} to {done.last_step}; the last is {last}"
            return
        told.update(range(done.first_step, done.last_step + 1))
    forgotten = sorted(work.steps.keys() - told)
    if forgotten:
        yield f"step {forgotten[0]} is forgotten"
    for path in handover.files:
        if plain_path(path) not in work.files:
            yield f"{one_line(path, 80)} was not changed"
    for test in handover.tests:
        run = work.runs.get(test.command.strip())
        if run is None:
            yield f"{one_line(test.command, 80)!r} was never run"
        elif run.passed != test.passed:
            yield f"{one_line(test.command, 80)!r} was last seen to {'pass' if run.passed else 'fail'}"


def _unfenced(text: str) -> str:
    """A text without the marks of a block of code around it, which models put there unasked."""
    found = re.fullmatch(r"\s*```(?:json)?\s*\n(.*)\n```\s*", text, re.DOTALL)
    return found[1] if found else text


def in_words(handover: Handover) -> str:
    """The handover as lines, what matters most first."""
    return "\n".join(_lines(handover))


def _lines(handover: Handover) -> Iterable[str]:
    yield f"Goal: {handover.goal}"
    for title, entries in (
        ("Next", handover.next_steps),
        ("Decided", [f"{each.what} (because {each.why})" for each in handover.decisions]),
        ("Tried, and failed", [f"{each.what} ({each.why})" for each in handover.failed]),
        ("Done", [f"steps {each.first_step}-{each.last_step}: {each.what}" for each in handover.done]),
        ("Tests, as last seen", [f"{'pass' if each.passed else 'FAIL'}: {each.command}" for each in handover.tests]),
        ("Files changed", [", ".join(handover.files)] if handover.files else []),
    ):
        if entries:
            yield f"{title}:"
            yield from (f"- {entry}" for entry in entries)
