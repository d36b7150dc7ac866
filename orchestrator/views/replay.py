"""What came of repeating a run: how much was alike, and the first step whose result differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.rewind.comparing import Difference
from orchestrator.rewind.replaying import Replayed
from orchestrator.views.diff import Diff
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, GOOD, HEADING
from orchestrator.views.words import one_line, plural

_COMMAND_CHARS = 300
_WORDS = {"exit_code": "exit code", "dropped_bytes": "bytes dropped"}
_TEXTS = {"stdout", "stderr", "outcome"}


def replay_view(run: str, backend: str, replayed: Replayed) -> Iterator[RenderableType]:
    """The difference, if there is one, and at the end the verdict."""
    if replayed.difference is not None:
        yield from _difference(replayed.difference)
    if replayed.left_out:
        count = plural(replayed.left_out, "command")
        yield Indented(Text(f"not repeated: {count} of verify, on files that the journal does not tell"), 0)
    if replayed.found_nothing:
        said = "nothing to compare: it has no command that could be repeated"
        yield Indented(one_line(f"{run}, repeated with {backend}: {said}"), 0)
        return
    alike = f"{plural(replayed.commands, 'command')} in {plural(replayed.steps, 'step')}"
    yield Indented(one_line(f"{run}, repeated with {backend}: {alike} ") + _verdict(replayed), 0)


def _verdict(replayed: Replayed) -> Text:
    if replayed.difference is not None:
        return Text("alike, then ") + Text("a difference", style=BAD)
    return Text("alike, then stopped") if replayed.stopped else Text("all alike", style=GOOD)


def _difference(found: Difference) -> Iterator[RenderableType]:
    who = " ".join(filter(None, (found.task or "the run", found.agent)))
    step = f" step {found.step}" if found.step is not None else ""
    yield one_line(f"{who}{step}: {found.command}", HEADING, limit=_COMMAND_CHARS)
    for key in dict.fromkeys([*found.expected, *found.got]):
        then, now = found.expected.get(key), found.got.get(key)
        if key not in _TEXTS or (key == "outcome" and then != now):
            yield Indented(one_line(f"{_WORDS.get(key, key)}: {_said(then)} in the journal, {_said(now)} this time"))
    if found.diff:
        yield Diff(found.diff.encode())


def _said(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def replay_json(run: str, backend: str, replayed: Replayed) -> dict[str, Any]:
    """The same for programs."""
    found = replayed.difference
    return {
        "run": run,
        "backend": backend,
        "alike": None if replayed.found_nothing else found is None,
        "stopped": replayed.stopped,
        "steps": replayed.steps,
        "commands": replayed.commands,
        "left_out": replayed.left_out,
        "difference": None
        if found is None
        else {
            "task": found.task,
            "agent": found.agent,
            "step": found.step,
            "seq": found.seq,
            "id": found.id,
            "command": found.command,
            "what": list(found.what),
            "expected": dict(found.expected),
            "got": dict(found.got),
            "diff": found.diff,
        },
    }
