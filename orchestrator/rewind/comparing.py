"""Holding what a command did this time against what the journal says that it did."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.events import CommandJudged, CommandProposed, CommandRun
from orchestrator.journal.proposals import command_text
from orchestrator.rewind.recording import Done
from orchestrator.rewind.volatile import settled

_ENDINGS = ("exit_code", "signal", "limit", "cancelled")
_TEXTS = ("stdout", "stderr")
_VERDICTS = ("verdict", "allowed")
FILES = "files"
NOTHING = "nothing"
"""What there is where a command was not proposed, judged or run at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first result that is another: `what` of it differs, what was `expected` and `got`, and the texts' `diff`.

    `agent` is `verify` for the plan's tests, which have no step. `seq` is where the step stands in the journal.
    """

    task: str | None
    agent: str
    step: int | None
    seq: int
    id: str
    command: str
    what: tuple[str, ...]
    expected: Mapping[str, Any] = field(default_factory=dict)
    got: Mapping[str, Any] = field(default_factory=dict)
    diff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """How two outcomes of one command differ."""

    what: tuple[str, ...]
    expected: dict[str, Any]
    got: dict[str, Any]
    diff: str


def unlike(then: Done, now: Done | None) -> Unlike | None:
    """How a command's outcome differs from the recorded one; None where it is the same.

    It is judged alike, and ends alike; what it prints is the same letter by letter, apart from what is volatile.
    """
    expected, got = _outcome(then), _outcome(now) if now is not None else {"outcome": NOTHING}
    what = tuple(key for key in {**expected, **got} if not _same(key, expected.get(key), got.get(key)))
    if not what:
        return None
    kept = {*what, "outcome"}
    texts = [_diff(key, expected.get(key), got.get(key)) for key in what if key in _TEXTS]
    return Unlike(
        what=what,
        expected={key: value for key, value in expected.items() if key in kept},
        got={key: value for key, value in got.items() if key in kept},
        diff="".join(texts),
    )


def told(proposed: CommandProposed) -> str:
    """A command as a reader knows it."""
    text = command_text(proposed)
    return f"$ {text}" if proposed.tool == "shell" else f"{proposed.tool} {text}"


def _outcome(done: Done) -> dict[str, Any]:
    return {**_judged(done.judged), **_ran(done.ran)}


def _judged(judged: CommandJudged | None) -> dict[str, Any]:
    return {key: getattr(judged, key) for key in _VERDICTS} if judged is not None else {}


def _ran(ran: CommandRun | None) -> dict[str, Any]:
    if ran is None:
        return {"outcome": "not run"}
    return {"outcome": "run", **{key: getattr(ran, key) for key in (*_ENDINGS, *_TEXTS, "dropped_bytes")}}


def _same(key: str, then: Any, now: Any) -> bool:
    if key in _TEXTS and isinstance(then, str) and isinstance(now, str):
        return settled(then) == settled(now)
    return bool(then == now)


def _diff(key: str, then: Any, now: Any) -> str:
    lines = difflib.unified_diff(
        settled(str(then or "")).splitlines(),
        settled(str(now or "")).splitlines(),
        fromfile=f"{key} of the journal",
        tofile=f"{key} this time",
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)
