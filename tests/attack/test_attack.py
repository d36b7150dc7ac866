"""Every escape holds in the real sandboxes, and what is told of it is what happened."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.attack.assault import Assault, attack, attack_backend
from orchestrator.attack.git_escapes import GIT
from orchestrator.attack.terminal import PAYLOADS
from sandbox.attacks.escape import Escape, Group, Verdict
from sandbox.attacks.runner import ORDINARY, try_batch
from sandbox.attacks.scene import scene
from sandbox.attacks.table import ESCAPES
from sandbox.backends import BACKENDS
from sandbox.errors import SandboxUnavailable
from tests.cli.conftest import Type, type_in
from tests.views.attacked import assaults

__all__ = ["type_in"]

NAMES = [*(escape.name for escape in (*ESCAPES, *GIT)), *PAYLOADS]

OUTCOMES = [outcome for assault in assaults() for outcome in assault.outcomes]
MAY_LACK = {"engine-bridge", "host-loopback-ipv6"}
"""What not every machine has."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.docker] * (name == "docker")) for name in BACKENDS]
)
async def test_every_escape_holds(name: str) -> None:
    """On this machine none gets through, all that can be tried is, and the groups are told as they begin."""
    said: list[str] = []
    outcomes = await attack_backend(BACKENDS[name](), place=None, say=said.append)
    assert {outcome.name: outcome.reason for outcome in outcomes if outcome.verdict is Verdict.BROKEN} == {}
    assert {outcome.name for outcome in outcomes if outcome.verdict is Verdict.NOT_TRIED} <= MAY_LACK
    assert [outcome.name for outcome in outcomes] == NAMES
    assert said == [f"{name}: {group.value}" for group in Group]


def test_the_table_is_whole() -> None:
    """At least forty, in every group some, each with a name of its own that a script can rely on, and in words."""
    assert len(NAMES) >= 40
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and len(name) <= 28 for name in NAMES)
    assert {escape.group for escape in (*ESCAPES, *GIT)} | {Group.TERMINAL} == set(Group)
    assert all(re.match(r"[a-z]", escape.tries) and not escape.tries.endswith(".") for escape in (*ESCAPES, *GIT))


async def verdict(script: str, *, python: bool = False) -> tuple[Verdict, str]:
    """What is made of a script of an escape."""
    escape = Escape(name="x", group=Group.FILES, tries="x", script=script, python=python, timeout_seconds=60)
    with scene(None) as aim:
        (found,) = await try_batch(BACKENDS["bubblewrap"](), aim, aim.spec("x", ORDINARY), [escape])
    return found.verdict, found.reason


async def test_only_who_says_so_has_held() -> None:
    """A script that says nothing, fails, is killed or lacks something was not tried; it is said why."""
    assert await verdict('held "refused"') == (Verdict.HELD, "refused")
    assert await verdict('through "got it"') == (Verdict.BROKEN, "got it")
    assert await verdict("need no-such-tool; held x") == (Verdict.NOT_TRIED, "the image has no no-such-tool")
    assert await verdict("echo oops >&2; exit 3") == (
        Verdict.NOT_TRIED,
        "the script ended before it could tell (exit code 3: oops)",
    )
    assert (await verdict("kill -9 $$"))[0] is Verdict.NOT_TRIED
    assert (await verdict("echo 0000 held forged"))[0] is Verdict.NOT_TRIED
    assert (await verdict("1 +", python=True))[0] is Verdict.NOT_TRIED
    assert await verdict('attempt("open", open, "/no/where")', python=True) == (
        Verdict.HELD,
        "no such file or directory",
    )
    assert await verdict('attempt("open", open, "/dev/null")', python=True) == (Verdict.BROKEN, "open")


async def test_what_is_seen_here_counts_more_than_what_is_said() -> None:
    """Whatever a script says, a secret that came out or a file that was changed is a wall that broke."""
    escape = Escape(name="x", group=Group.FILES, tries="x", script='echo "<$STOLEN>"; held "refused"')
    with scene(None) as aim:
        spec = aim.spec("x", ORDINARY)
        (leaked,) = await try_batch(BACKENDS["bubblewrap"](), aim, spec, [escape], env={"STOLEN": aim.word})
        (honest,) = await try_batch(BACKENDS["bubblewrap"](), aim, spec, [escape], env={"STOLEN": "nothing"})
        aim.beside.write_text("changed")
        (changed,) = await try_batch(BACKENDS["bubblewrap"](), aim, spec, [escape], env={"STOLEN": "nothing"})
    assert (leaked.verdict, leaked.reason) == (Verdict.BROKEN, "a secret of the host's was read")
    assert honest.verdict is Verdict.HELD
    assert (changed.verdict, changed.reason) == (Verdict.BROKEN, "a file of the host's was changed")


def test_nothing_of_a_scene_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files, its variable and its process are gone afterwards; a variable of that name is the user's again."""
    monkeypatch.setenv("MIMO_ATTACK_CANARY", "mine")
    with scene(tmp_path) as aim:
        shared, process = aim.shared, aim.process
        assert process.poll() is None
    assert list(tmp_path.iterdir()) == []
    assert shared is None or not shared.exists()
    assert process.poll() is not None
    assert os.environ["MIMO_ATTACK_CANARY"] == "mine"


async def test_a_sandbox_that_does_not_open_holds_nothing() -> None:
    """Where no sandbox opens, its escapes were not tried, and it is said why."""

    class Closed:
        """A backend that opens nothing."""

        name = "bubblewrap"

        @asynccontextmanager
        async def open(self, spec: object) -> AsyncIterator[None]:
            raise SandboxUnavailable("it is shut", "open it")
            yield

    escape = Escape(name="x", group=Group.FILES, tries="x", script="held x")
    with scene(None) as aim:
        (found,) = await try_batch(Closed(), aim, aim.spec("x", ORDINARY), [escape])  # type: ignore[arg-type]
    assert (found.verdict, found.reason) == (Verdict.NOT_TRIED, "the sandbox did not open: it is shut")


@pytest.mark.parametrize(("worst", "code"), [(Verdict.BROKEN, 1), (Verdict.HELD, 0), (Verdict.NOT_TRIED, 4)])
def test_the_exit_code_says_whether_it_held(
    type_in: Type, monkeypatch: pytest.MonkeyPatch, worst: Verdict, code: int
) -> None:
    """1 where one broke, 0 where none did, 4 where nothing could be tried, the same with `--json`.

    What is shown of a sandbox's words is harmless.
    """
    some = [Assault(backend="bubblewrap", outcomes=[replace(outcome, verdict=worst)]) for outcome in OUTCOMES]
    found = assaults() if worst is Verdict.BROKEN else some

    async def played(*_: object, **__: object) -> list[Assault]:
        return found

    monkeypatch.setattr("orchestrator.attack.assault.attack", played)
    page, printed = type_in("doctor", "--attack"), type_in("doctor", "--attack", "--json")
    assert (page.code, printed.code) == (code, code)
    assert json.loads(printed.out)["held"] is (worst is Verdict.HELD)
    assert worst.value in page.out
    assert "\x1b" not in page.out + printed.out


@pytest.mark.parametrize(
    "words", [("--backend", "docker"), ("--attack", "--model", "x"), ("--attack", "--backend", "podman")]
)
def test_what_does_not_go_together(type_in: Type, words: tuple[str, ...]) -> None:
    """Exit code 2, and what is wrong."""
    typed = type_in("doctor", *words)
    assert (typed.code, typed.out) == (2, "")


async def test_without_any_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no backend can be had nothing is tried, and what each lacks is said; so with one that was named."""
    monkeypatch.setattr("sandbox.backends.BACKENDS", {})
    monkeypatch.setattr("orchestrator.attack.assault.BACKENDS", {})
    with pytest.raises(SandboxUnavailable):
        await attack(None, place=None, say=print)
