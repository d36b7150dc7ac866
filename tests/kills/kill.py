"""A run of the installed program in which something is killed outright at a random moment, and all that must hold.

What does not hold is an AssertionError. Times are measured and given, not judged: that is the benchmark's part.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.integration.program import Program, make_program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.kills.engine import IMAGE, OwnEngine
from tests.kills.owned import Owned
from tests.kills.remains import Held, Watch, cgroups_of, mounts
from tests.server.fixture import ScriptedServer, serving

VICTIMS = {"bubblewrap": ("program", "supervisor"), "docker": ("program", "supervisor", "container", "engine")}
"""Who is killed, by backend."""

REQUESTS = 12
"""How many requests the run makes of its model."""

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What is killed; the seed decides when. `held` says that the run lands nothing on the user's branch."""

    seed: int
    backend: str
    victim: str

    @property
    def moment(self) -> tuple[int, float]:
        """After how many requests to the model, and how many seconds after that."""
        chance = random.Random(self.seed)
        after = chance.randrange(REQUESTS + 1)
        return after, chance.uniform(0.0, 0.6 if after else 2.0)

    @property
    def held(self) -> bool:
        """Whether it is a run with `--hold`."""
        return self.seed % 2 == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What came of it: whether the victim was there to be killed, and how long its things took to be gone."""

    hit: bool
    seconds: float
    never_started: int
    went_on: bool
    """Whether the program went on by itself to the run's end."""


def carry_out(kill: Kill, place: Path, engine: OwnEngine | None) -> Aftermath:
    """Run, kill, look, clean twice, resume, look again."""
    with serving(place) as server:
        case = _Case(kill, place, server, engine)
        try:
            return case.run()
        finally:
            case.end()


class _Case:
    def __init__(self, kill: Kill, place: Path, server: ScriptedServer, engine: OwnEngine | None) -> None:
        self._kill = kill
        self._server = server
        self._engine = engine
        self._plan = f"kill-{secrets.token_hex(4)}"
        self._canary = f"canary-{secrets.token_hex(8)}"
        self._program = _program(place, server, engine)
        self._watch = Watch(home=place, canary=self._canary, env=self._program.env)
        self._process: subprocess.Popen[str] | None = None
        self._victims: set[str] | set[int] = set()

    def run(self) -> Aftermath:
        program, kill = self._program, self._kill
        owned = Owned(program)
        self._server.play(*_conversations())
        options = ["--hold"] if kill.held else []
        path = _plan_file(program, self._plan, self._canary, image=IMAGE if self._engine else None)
        self._process = program.start("run", "--backend", kill.backend, *options, path)
        self._wait_for_the_moment()
        held = self._containers()
        hit = self._strike()
        began = time.monotonic()
        self._victim_gone(held)
        seconds = time.monotonic() - began
        went_on = self._ended() == 0
        never_started = self._all_gone(held, engine=not (hit and kill.victim == "engine"))
        owned.untouched(main_may_move=not kill.held)
        if hit and kill.victim == "engine" and self._engine is not None:
            self._engine.start()
        self._clean(held)
        self._finish(owned)
        return Aftermath(hit=hit, seconds=seconds, never_started=never_started, went_on=went_on)

    def end(self) -> None:
        """Nothing of it goes on, whatever was found."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.communicate()

    def _running(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None

    def _wait_for_the_moment(self) -> None:
        requests, seconds = self._kill.moment
        _wait(lambda: self._requests() >= requests or not self._running(), "the run does not get on")
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._running():
            time.sleep(0.005)

    def _requests(self) -> int:
        log = self._server.log_path
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def _containers(self) -> Held:
        return self._watch.containers(self._plan) if self._kill.backend == "docker" else Held()

    def _strike(self) -> bool:
        """Kill the victim, as soon as there is one; False where the run had ended before."""
        assert self._process is not None
        while self._running():
            match self._kill.victim:
                case "program":
                    self._process.kill()
                    return True
                case "engine":
                    assert self._engine is not None
                    self._engine.kill()
                    return True
                case "container":
                    self._victims = set(list(self._containers().started)[:1])
                    if any(self._watch.kill_container(one) for one in self._victims):
                        return True
                case _:
                    self._victims = set(self._watch.supervisors()[:1])
                    if any(_killed(pid) for pid in self._victims):
                        return True
            time.sleep(0.005)
        return False

    def _victim_gone(self, held: Held) -> None:
        """Wait until what was killed, and what depends on it, is gone; nobody helps it."""
        match self._kill.victim:
            case "program":
                self._ended()
                _wait(lambda: not self._watch.processes(), "processes are left")
                _wait(lambda: not self._containers().started, "containers are left")
            case "engine":
                _wait(lambda: not self._watch.inside(), "processes of sandboxes are left")
            case "container":
                _wait(lambda: not self._victims & self._containers().started, "the container is left")
            case _:
                _wait(lambda: not self._victims & set(self._watch.supervisors()), "the supervisor is left")

    def _ended(self) -> int:
        """Wait for the program's end: killed, or by itself, whatever became of its sandboxes."""
        assert self._process is not None
        _, said = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert "Traceback" not in said, said
        assert "a bug of ours" not in said, said
        return self._process.returncode

    def _all_gone(self, held: Held, *, engine: bool) -> int:
        """Nothing that the engine or we made is left; gives how many containers wait that were never started.

        Where the engine is dead, containers and mounts go when it starts again: it removes what had ended.
        """
        _wait(lambda: not self._watch.processes(), "processes are left")
        if not engine:
            return 0
        _wait(lambda: not self._containers().started, "containers are left")
        _wait(lambda: not held.places & mounts(), "mounts are left")
        _wait(lambda: not cgroups_of(held.started), "control groups are left")
        left = self._containers()
        if held.volumes - left.volumes:
            _wait(lambda: not (held.volumes - left.volumes) & self._watch.volumes(), "volumes are left")
        return len(left.never_started)

    def _clean(self, held: Held) -> None:
        """The next command removes the rest, the one after it finds nothing."""
        names = self._program.json("clean")["removed"]
        again = self._program.json("clean")["removed"]
        assert not [name for name in again if self._plan in name], f"{names}, and then {again}"
        left = self._containers()
        assert not left.started | left.never_started, left
        assert not held.places & mounts()
        assert not held.volumes & self._watch.volumes()
        if self._engine is not None:
            assert not self._watch.volumes()  # its image declares one
        state = Path(self._program.env["XDG_STATE_HOME"])
        assert not list(state.glob("mimo-orchestrate/*/runs/*"))

    def _finish(self, owned: Owned) -> None:
        """What was begun is finished by `resume`, once, and the stores are whole."""
        program = self._program
        runs = program.json("runs")
        if runs and runs[0]["status"] != "done":
            assert program.json("resume", "last")["status"] == "done"
        owned.untouched(main_may_move=not self._kill.held)
        if runs:
            branch = f"refs/heads/mimo/{runs[0]['run']}/main" if self._kill.held else "main"
            assert program.tree(branch) == {**FILES_TEXT, "one.txt": "1", "two.txt": "2", "three.txt": "3"}
            assert program.run("audit", "verify", "last").returncode == 0
        owned.whole()
        _wait(lambda: not self._watch.processes(), "processes are left")


FILES = {"a.txt": "a\n", "deep/b.txt": "b\n"}
FILES_TEXT = {name: text.rstrip("\n") for name, text in FILES.items()}


def _program(place: Path, server: ScriptedServer, engine: OwnEngine | None) -> Program:
    program = make_program(place, server, FILES)
    return replace(program, env={**program.env, "DOCKER_HOST": engine.url}) if engine is not None else program


def _conversations() -> list[dict[str, Any]]:
    turns = {
        name: (shell(f"echo {number} > {name}.txt"), shell("sleep 0.3"), shell(f"cat {name}.txt"), done())
        for number, name in enumerate(("one", "two", "three"), start=1)
    }
    return [
        talk("editor", f"Write {name}.", *({"delay_seconds": 0.1, **turn} for turn in said))
        for name, said in turns.items()
    ]


def _plan_file(program: Program, name: str, canary: str, *, image: str | None) -> Path:
    sandbox: dict[str, Any] = {"env": {"KILLS_CANARY": canary}, **({"image": image} if image else {})}
    tasks = [
        editor("one", "Write one."),
        editor("two", "Write two."),
        editor("three", "Write three.", needs=["one", "two"]),
    ]
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(*tasks, name=name, sandbox=sandbox, verify=["true"], limits={"parallel": 2}))
    return path


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)
