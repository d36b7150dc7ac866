"""A run that is killed outright again and again, and gone on with each time: all that must hold at its end.

The run has all that a run can have: an investigator, an editor with its checks, tester and reviewer, a second editor
beside it whose change conflicts, what lands and what is published. What does not hold is an AssertionError.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crashes.forked import Zygote
from tests.integration.program import SCRIPT, Program, make_program
from tests.integration.scripting import APPROVE, PASS, done, edit, editor, found, plan, shell, talk
from tests.kills.remains import Watch
from tests.server.fixture import ScriptedServer, serving

PATIENCE_SECONDS = 120.0
NAME = f"crash-{os.getpid()}"
LONGEST_GAP = 24
MOST_CRASHES = 100
LATER = frozenset({"run resumed", "command interrupted"})
"""Kinds that only a run has that was killed before."""

FILES = {"a.txt": "a\n"}
TREE = {"a.txt": "a", "one.txt": "1", "shared.txt": "both", "two.txt": "2"}
LOOK, ONE, TWO = "Look at it.", "Write one.", "Write two."

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The program dies right `before` or after a commit to its journal: the first of a `kind`, or counted from 1."""

    commit: int = 1
    before: bool = False
    kind: str | None = None

    def __str__(self) -> str:
        """In words."""
        which = f"commit {self.commit}" if self.kind is None else f"the first {self.kind}"
        return f"{'before' if self.before else 'after'} {which}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Crashes of one run, one in each of its processes, until one of them comes to the end; the seed decides where.

    The first that can be is at an event of `kind`, where that is given.
    """

    backend: str
    seed: int
    kind: str | None = None

    def crashes(self) -> Iterator[Crash]:
        """Where the first process dies, the second, and so on."""
        chance = random.Random(self.seed)
        if self.kind in LATER:
            # Right behind the word that lets a command run: it has no end, and `resume` says so.
            yield Crash(kind="command judged")
        if self.kind is not None:
            yield Crash(kind=self.kind, before=chance.random() < 0.5)
        while True:
            # What a process does before it goes on with the work takes some commits: the longer gaps make progress.
            yield Crash(commit=chance.randint(2, LONGEST_GAP), before=chance.random() < 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """What came of a chain: the kind of event before each crash, all kinds there were, and what was interrupted."""

    kinds: tuple[str, ...]
    whole: frozenset[str]
    interrupted: int


def carry_out(chain: Chain, place: Path, started: Zygote) -> Survived:
    """Run, crash, resume, crash, and so on to the end; look."""
    with serving(place) as server:
        canary = f"canary-{secrets.token_hex(8)}"
        program = _program(place, server, canary)
        watch = Watch(home=place, canary=canary, env=program.env)
        words: tuple[str | Path, ...] = ("run", "--backend", chain.backend, place / "plan.yaml")
        kinds = []
        for crash in itertools.islice(chain.crashes(), MOST_CRASHES):
            code, said = _start(started, program, *words, crash=crash)
            assert code in {0, -signal.SIGKILL}, f"{chain}, {crash}: exit {code}\n{said}"
            assert "Traceback" not in said, said
            if code == 0:
                break
            _ends(watch)
            events = _events(started, program)
            kinds.append(crash.kind or (events[-1]["kind"] if events else ""))
            words = ("resume", "last") if events else words
        else:
            raise AssertionError(f"{chain}: no end after {MOST_CRASHES} crashes")
        events = _events(started, program)
        _holds(program, server, events)
        _told(started, program, events)
        _ends(watch)
        # Killed when all was done but the tidying, a run is not gone on with: `clean` does that.
        assert kinds[-1:] == ["run ended"] or not _worktrees(program)
        for words in (("audit", "verify", "last"), ("clean",)):
            code, said = _start(started, program, *words)
            assert code == 0, said
        assert not _worktrees(program)
        whole = frozenset(event["kind"] for event in events)
        return Survived(kinds=tuple(kinds), whole=whole, interrupted=len(_interrupted(events)))


def _holds(program: Program, server: ScriptedServer, events: list[Json]) -> None:
    assert program.tree("main") == TREE
    landed = [line for line in program.git("log", "--format=%s", "main").splitlines() if ": " in line]
    assert sorted(landed) == ["one: Write one.", "two: Write two."], landed
    answered = Counter((e["task"], e["agent"], e["step"]) for e in events if e["kind"] == "model answered")
    assert max(answered.values()) == 1, f"answered twice: {answered.most_common(3)}"
    asked = [e for e in events if e["kind"] == "model asked"]
    assert len(server.requests()) <= len(asked), "a request that the journal does not know"
    unanswered = [e for e in asked if (e["task"], e["agent"], e["step"]) not in answered]
    assert not unanswered, unanswered
    attempts = {
        e["attempt"] for e in events if e["kind"] == "attempt started" and e["role"] in {"editor", "investigator"}
    }
    assert attempts == {1}, "begun anew"
    passed = Counter((e["gate"], e["commit"]) for e in events if e["kind"] == "gate passed")
    assert max(passed.values()) == 1, f"a gate passed twice: {passed.most_common(3)}"
    merged = Counter(e["task"] for e in events if e["kind"] == "change merged")
    assert merged == {"one": 1, "two": 1}, merged


def _start(started: Zygote, program: Program, *arguments: str | Path, crash: Crash | None = None) -> tuple[int, str]:
    """Run the program to its end, or to its crash; its exit code, and what it said."""
    dying: dict[str, Any] = (
        {} if crash is None else {"die_at": crash.commit, "before": crash.before, "kind": crash.kind}
    )
    words = [str(SCRIPT), *map(str, arguments)]
    ended = started.run(words, cwd=program.repository, env=program.env, **dying)
    return ended.returncode, ended.stdout + ended.stderr


def _worktrees(program: Program) -> list[Path]:
    return list(Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/runs/*"))


def _interrupted(events: list[Json]) -> set[tuple[str, str]]:
    return {(e["task"], e["id"]) for e in events if e["kind"] == "command interrupted"}


def _told(started: Zygote, program: Program, events: list[Json]) -> None:
    """Each command that was let to the sandbox has an end, or was interrupted and is shown as that."""
    allowed = {(e["task"], e["id"]) for e in events if e["kind"] == "command judged" and e["allowed"]}
    ended = {(e["task"], e["id"]) for e in events if e["kind"] == "command run"}
    interrupted = _interrupted(events)
    assert allowed <= ended | interrupted, allowed - ended - interrupted
    for command in ("log", "status"):
        _, said = _start(started, program, command, "last")
        assert ("interrupted" in said) == bool(interrupted), f"{command}: {interrupted}\n{said}"


def _events(started: Zygote, program: Program) -> list[Json]:
    code, said = _start(started, program, "log", "last", "--json")
    if code and "has no runs" in said:
        return []
    assert code == 0, said
    return [{**event["payload"], **event} for event in json.loads(said)]


def _ends(watch: Watch) -> None:
    """Nothing of the run is at work any more, on either backend: it goes by itself."""
    end = time.monotonic() + PATIENCE_SECONDS
    while found := [*watch.processes().values(), *watch.containers(NAME).started]:
        assert time.monotonic() < end, found
        time.sleep(0.02)


def _program(place: Path, server: ScriptedServer, canary: str) -> Program:
    program = make_program(place, server, FILES)
    program.git("config", "gc.auto", "0")
    both = shell("echo both > shared.txt")
    server.play(
        talk("investigator", LOOK, shell("cat a.txt"), found("It holds an a.")),
        talk("editor", ONE, shell("echo 1 > one.txt && echo one > shared.txt"), done(), both, done()),
        talk("editor", TWO, edit("two.txt", "", "2\n"), shell("echo two > shared.txt"), done(), both, done()),
        talk("tester", ONE, shell("cat one.txt"), PASS),
        talk("reviewer", ONE, APPROVE),
    )
    tasks = [
        {"id": "look", "role": "investigator", "goal": LOOK},
        editor("one", ONE, needs=["look"], gates=["tester", "reviewer"], verify=["test -f one.txt"]),
        editor("two", TWO),
    ]
    (place / "plan.yaml").write_text(
        plan(*tasks, name=NAME, verify=["true"], limits={"parallel": 2}, sandbox={"env": {"CRASH_CANARY": canary}})
    )
    return program
