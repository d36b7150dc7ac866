"""Ways of going round in circles, each a fold over steps that tells how often it was seen."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from agents.steps import Call, Step, digest

TELL_AFTER = 3
STOP_AFTER = 6
LONGEST_TURN = 4
"""Calls in turn that are noticed; who goes through more of them without anything new is seen by the stall."""

TELL_STALLED = 20
"""More than it takes to read again what was known before the context was rebuilt."""

STOP_STALLED = 30

_REFUSALS = ("refused, nothing was run", "not done:", "not started:", "not edited:")
_SILENT = ", no output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle as it stands: `advice` is for the model, None where it was told already."""

    what: str
    times: int
    tell_at: int = TELL_AFTER
    stop_at: int = STOP_AFTER
    advice: str | None = None


class Watch(Protocol):
    """Looks for one kind of circle."""

    def take(self, step: Step) -> None:
        """Learn of a step with its outcome."""
        ...

    def with_next(self, step: Step) -> Circle | None:
        """The circle that a step without an outcome yet goes on with, if any."""
        ...


class Turns:
    """The same call, or up to four calls in turn, again and again, with the same outcomes each time."""

    def __init__(self) -> None:
        self._steps: deque[tuple[bytes, bytes]] = deque(maxlen=LONGEST_TURN * (STOP_AFTER + 1))

    def take(self, step: Step) -> None:
        """Remember what was asked and what came of it; of answers without a call each is like the other."""
        outcomes = [call.outcome or "" for call in step.calls]
        self._steps.append((_asked(step), digest(*outcomes, *step.said) if step.calls else b""))

    def with_next(self, step: Step) -> Circle | None:
        """The shortest turn that the steps go through."""
        steps, asked = list(self._steps), _asked(step)
        for length in range(1, min(LONGEST_TURN, len(steps)) + 1):
            if steps[-length][0] != asked:
                continue
            same = length + 1
            while same <= len(steps) and steps[-same] == steps[-same + length]:
                same += 1
            times, beyond = divmod(same, length)
            if times >= TELL_AFTER and not beyond:
                return Circle(what=f"{_named(step, length)}, {times} times in a row", times=times, advice=_advice(step))
        return None


def _asked(step: Step) -> bytes:
    return digest(*(text for call in step.asked for text in call))


def _named(step: Step, length: int) -> str:
    if length > 1:
        return f"the same {length} steps in turn"
    return f"the same call of {step.calls[0].name!r}" if step.calls else "an answer without a tool call"


def _advice(step: Step) -> str | None:
    # Who answers without a call is told of that each time.
    return "It will not come out differently: try something else." if step.calls else None


class Undoing:
    """Edits that bring a file back to a text that it had before, again and again."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def take(self, step: Step) -> None:
        """Follow the edits that were made."""
        for call in step.calls:
            if call.name == "edit" and (call.outcome or "").startswith("edited "):
                self._follow(self._files, call)

    def with_next(self, step: Step) -> Circle | None:
        """The file that most often came back, with the edits of this step."""
        files = dict(self._files)
        paths = [path for call in step.calls if call.name == "edit" and (path := self._follow(files, call))]
        worst = max(paths, key=lambda path: files[path].returns, default=None)
        if worst is None or not files[worst].returns:
            return None
        return Circle(
            what=f"an edit of {worst!r} and its undoing, back at a text that it had {files[worst].returns} times",
            times=files[worst].returns,
            advice="Neither text is right: find out why before you edit it again.",
        )

    @staticmethod
    def _follow(files: dict[str, _File], call: Call) -> str | None:
        try:
            given = json.loads(call.arguments)
            path, old, new = str(given["path"]), str(given["old"]), str(given["new"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        files[path] = files.get(path, _File()).edited(digest(old), digest(new))
        return path


_Edits = frozenset[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _File:
    """A file by the edits that it differs by from how it was; `returns` counts since it last was as never before."""

    edits: _Edits = frozenset()
    seen: frozenset[_Edits] = frozenset({frozenset()})
    returns: int = 0

    def edited(self, old: bytes, new: bytes) -> _File:
        """With one more edit: one that goes on with an earlier one is one with it, and one that undoes it is none."""
        before = next((edit for edit in self.edits if edit[1] == old), None)
        if before is None:
            edits = self.edits | {(old, new)}
        else:
            edits = self.edits - {before} | ({(before[0], new)} if before[0] != new else set())
        if edits in self.seen:
            return _File(edits, self.seen, self.returns + 1)
        return _File(edits, self.seen | {edits})


class Stall:
    """Many steps that bring nothing: no edit, no output that was not there before, nothing said."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()
        self._stalled = 0

    def take(self, step: Step) -> None:
        """Count a step that brought nothing."""
        new = [self._is_new(call) for call in step.calls] + [self._learn(text) for text in step.said]
        self._stalled = 0 if any(new) else self._stalled + 1

    def with_next(self, _: Step) -> Circle | None:
        """The steps so far, whatever the next brings."""
        return Circle(
            what=f"{self._stalled} steps in a row brought no new file, output or finding",
            times=self._stalled,
            tell_at=TELL_STALLED,
            stop_at=STOP_STALLED,
            advice="Do what is left to do, or finish with what you have.",
        )

    def _is_new(self, call: Call) -> bool:
        outcome = call.outcome or ""
        if outcome.startswith(_REFUSALS):
            return False
        if call.name == "edit":
            return True
        # A command that says nothing may have changed any file: one that was not run before is something new.
        return self._learn(f"{call.name} {call.arguments}" if outcome.endswith(_SILENT) else outcome)

    def _learn(self, text: str) -> bool:
        name = digest(text)
        known = name in self._known
        self._known.add(name)
        return not known
