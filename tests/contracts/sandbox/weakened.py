"""Sandboxes that lack one protection each: what the table of `test_taken_away` opens."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hatch_build import compile_supervisor
from sandbox import bubblewrap, docker
from sandbox.git_settings import GIT_SETTINGS
from sandbox.network.doorway import Doorway
from sandbox.sandbox import SandboxSpec
from sandbox.supervisor_binary import supervisor_binary
from tests.contracts.sandbox.ground import Ground

TOP = Path(__file__).parents[3]

Weaken = Callable[[pytest.MonkeyPatch, Ground], None]
"""Takes one protection away from the sandboxes that a backend opens until the end of the test."""


def container(**changed: object) -> Weaken:
    """A container with other walls: keys of `host_config` are replaced, and left out where the value is None."""
    return _altered("host_config", changed)


def content(**changed: object) -> Weaken:
    """The same for keys of `container_config`."""
    return _altered("container_config", changed)


def _altered(function: str, changed: dict[str, object]) -> Weaken:
    def weaken(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
        whole = getattr(docker, function)

        def altered(*given: Any) -> dict[str, Any]:
            made = {name: value(ground) if callable(value) else value for name, value in changed.items()}
            return {name: value for name, value in {**whole(*given), **made}.items() if value is not None}

        monkeypatch.setattr(docker, function, altered)

    return weaken


def mounts(*, of: str | None = None, read_only: bool = True, more: Sequence[str] = ()) -> Weaken:
    """A container whose mount of a target is another, or with more of the host's paths."""

    def weaken(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
        whole = docker.host_config

        def altered(*given: Any) -> dict[str, Any]:
            config = whole(*given)
            for mount in config["mounts"]:
                mount["ReadOnly"] = read_only if mount["Target"] == of else mount["ReadOnly"]
            shown = [path.format(outside=ground.outside) for path in more]
            config["mounts"] += [docker._bind(path, path, read_only=True) for path in shown]
            return config

        monkeypatch.setattr(docker, "host_config", altered)

    return weaken


def unwrapped(*edits: tuple[Sequence[str], Sequence[str]]) -> Weaken:
    """A `bwrap` whose arguments are others: each sequence of words is replaced wherever it stands."""

    def weaken(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
        whole = bubblewrap._arguments

        def altered(*given: Any) -> list[str]:
            arguments = whole(*given)
            for old, new in edits:
                words = [word.format(outside=ground.outside, word=ground.word) for word in new]
                arguments = _replaced(arguments, list(old), words)
            return arguments

        monkeypatch.setattr(bubblewrap, "_arguments", altered)

    return weaken


def _replaced(arguments: list[str], old: list[str], new: list[str]) -> list[str]:
    places = [at for at in range(len(arguments)) if arguments[at : at + len(old)] == old]
    assert places, f"{old} is not among the arguments: the table is out of date"
    for at in reversed(places):
        arguments = arguments[:at] + new + arguments[at + len(old) :]
    return arguments


def sharing(kind: str) -> Weaken:
    """A `bwrap` that leaves one namespace to be the host's."""
    kinds = ("ipc", "pid", "net", "uts", "cgroup")
    return unwrapped((["--unshare-all"], [f"--unshare-{one}" for one in kinds if one != kind]))


def as_root(monkeypatch: pytest.MonkeyPatch, _ground: Ground) -> None:
    """Root's `bwrap` started as root, as it would be for anybody else; it maps its user to ours inside."""
    staged = bubblewrap._places

    def places_of_a_user(spec: SandboxSpec, door: Doorway) -> bubblewrap._Places:
        return replace(
            staged(spec, door),
            bwrap=str(bubblewrap._bundled()),
            supervisor=str(supervisor_binary()),
            worktree=str(spec.worktree),
            base_objects=str(spec.base_objects),
            prefix=(),
        )

    monkeypatch.setattr(bubblewrap, "_places", places_of_a_user)


def without_ceilings(*options: str) -> Weaken:
    """A supervisor that is not told these ceilings, and a sandbox in no cgroup."""

    def weaken(monkeypatch: pytest.MonkeyPatch, _ground: Ground) -> None:
        whole = bubblewrap._ceilings

        def altered(*given: Any) -> list[str]:
            words = whole(*given)
            pairs = zip(words[::2], words[1::2], strict=True)
            return [word for pair in pairs if pair[0] not in options for word in pair]

        monkeypatch.setattr("sandbox.cgroups.places", list)
        monkeypatch.setattr(bubblewrap, "_ceilings", altered)

    return weaken


def unwatched(monkeypatch: pytest.MonkeyPatch, _ground: Ground) -> None:
    """A supervisor that does not look at what the worktree takes of the disk."""
    monkeypatch.setattr(bubblewrap, "supervisor_words", lambda _spec: [])


def supervisor(*edits: tuple[str, str, str]) -> Weaken:
    """A supervisor of the same source but for some places: file, what stands there, what stands there instead."""

    def weaken(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
        binary = ground.outside / "supervisor"
        binary.write_bytes(_built(edits))
        binary.chmod(0o755)
        for module in (bubblewrap, docker):
            monkeypatch.setattr(module, "supervisor_binary", lambda: binary)

    return weaken


@cache
def _built(edits: tuple[tuple[str, str, str], ...]) -> bytes:
    with tempfile.TemporaryDirectory() as checkout:
        source = Path(checkout, "sandbox", "supervisor")
        shutil.copytree(TOP / "sandbox" / "supervisor", source)
        for file, old, new in edits:
            text = (source / file).read_text()
            assert old in text, f"{old} is not in {file}: the table is out of date"
            (source / file).write_text(text.replace(old, new))
        return compile_supervisor(Path(checkout)).read_bytes()


def without_git_settings(monkeypatch: pytest.MonkeyPatch, _ground: Ground) -> None:
    """A git that is told nothing."""
    monkeypatch.setitem(GIT_SETTINGS, "GIT_CONFIG_COUNT", "0")


def both(*parts: Weaken) -> Weaken:
    """Several protections of which each alone would hold."""

    def weaken(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
        for part in parts:
            part(monkeypatch, ground)

    return weaken


def host_environment(_ground: Ground) -> dict[str, str]:
    """All that the program has in its environment."""
    return dict(os.environ)
