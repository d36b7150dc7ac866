"""The state a shell may be in at a point of a script: directories it may stand in, functions it surely has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.paths import resolve
from policies.shell.words import Word

# None stands for a directory that can't be known.
ANYWHERE: frozenset[str | None] = frozenset({None})

# More possible directories than this are as good as any.
MAX_DIRECTORIES = 8

_MOVES = frozenset({"cd", "pushd", "popd"})
_TRANSPARENT = frozenset({"command", "builtin", "time"})
_CD_OPTIONS = frozenset({"-P", "-L", "-e", "-@", "--"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Possible directories, and functions that are defined on every way here."""

    cwds: frozenset[str | None]
    functions: frozenset[str]

    def after(self, words: Sequence[Word], *, home: str) -> Flow:
        """The state after a command that may move the shell to another directory, or unset a function."""
        bare = _bare(words)
        name = bare[0].text if bare else ""
        if name == "unset":
            left = self._without(bare)
            return Flow(ok=left, fail=left)
        if name not in _MOVES:
            return Flow(ok=self, fail=self)
        if name != "cd":
            return Flow(ok=replace(self, cwds=ANYWHERE), fail=self)
        operands = [word for word in bare[1:] if word.text not in _CD_OPTIONS]
        target = operands[0] if operands else Word(home)
        return Flow(ok=replace(self, cwds=self._moved(target)), fail=self)

    def _without(self, words: Sequence[Word]) -> State:
        if not all(word.static for word in words):
            return replace(self, functions=frozenset())
        return replace(self, functions=self.functions - {word.text for word in words})

    def covers(self, other: State) -> bool:
        """Whether what was found out for this state holds for the other as well."""
        return (None in self.cwds or other.cwds <= self.cwds) and self.functions <= other.functions

    def _moved(self, target: Word) -> frozenset[str | None]:
        if not target.static or target.glob or target.text.startswith("-"):
            return ANYWHERE
        return frozenset(resolve(target.text, cwd) for cwd in self.cwds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The states in which a statement may end, by success."""

    ok: State
    fail: State


def join(left: State, right: State) -> State:
    """The state where two ways meet."""
    if left is right:
        return left
    cwds = left.cwds | right.cwds
    return State(cwds=cwds if len(cwds) <= MAX_DIRECTORIES else ANYWHERE, functions=left.functions & right.functions)


def widened(state: State, flow: Flow) -> State:
    """The state at a loop's later rounds, or in a function that calls itself: of what the first one left, the worst."""
    cwds = state.cwds if flow.ok.cwds | flow.fail.cwds <= state.cwds else ANYWHERE | state.cwds
    return State(cwds=cwds, functions=state.functions & flow.ok.functions & flow.fail.functions)


def _bare(words: Sequence[Word]) -> Sequence[Word]:
    """A command's words without those in front that only say how it is found."""
    at = 0
    while at < len(words) and words[at].text in _TRANSPARENT:
        at += 1
        while at < len(words) and words[at].text.startswith("-"):
            at += 1
    return words[at:]
