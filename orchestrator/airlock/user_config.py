"""The user's own git configuration, read as data: reading it starts nothing."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.git import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a commit is by."""

    name: str
    email: str


def identity(git: Git) -> Identity:
    """The user's git identity, as git itself would find it; where there is none, their account's."""
    account = _account()
    name = os.environ.get("GIT_AUTHOR_NAME") or user_value(git, "user.name") or account
    email = os.environ.get("GIT_AUTHOR_EMAIL") or user_value(git, "user.email") or f"{account}@localhost"
    return Identity(name=_plain(name) or account, email=_plain(email) or f"{account}@localhost")


def user_value(git: Git, key: str) -> str | None:
    """The last value of `key` in the system's, the user's and the repository's files; None if unset."""
    value = _last_of_files(git, key, "--no-type")
    return value.decode(errors="replace") if value is not None else None


def _last_of_files(git: Git, key: str, kind: str) -> bytes | None:
    finished = git.attempt(["config", "--null", "--show-scope", kind, "--get-all", key], env=_with_user_files())
    fields = finished.stdout.split(b"\0")
    # The settings that every git process of ours is given are in the listing as well.
    values = [value for scope, value in zip(fields[0::2], fields[1::2], strict=False) if scope != b"command"]
    return values[-1] if values else None


def declared_safe() -> tuple[str, ...]:
    """The `safe.directory` values of the user and the system: whose repositories git may read for them."""
    values: list[str] = []
    for scope in ("--system", "--global"):
        finished = Git(git_dir=None).attempt(
            ["config", scope, "--null", "--get-all", "safe.directory"], env=_with_user_files()
        )
        values += [os.fsdecode(value) for value in finished.stdout.split(b"\0")[:-1]]
    return tuple(values)


def filter_drivers(git: Git) -> tuple[str, ...]:
    """The names of the filter drivers that the repository's own configuration defines."""
    finished = git.attempt(["config", "--null", "--name-only", "--get-regexp", r"^filter\."])
    keys = {os.fsdecode(key) for key in finished.stdout.split(b"\0")[:-1]}
    return tuple(sorted({key.removeprefix("filter.").rpartition(".")[0] for key in keys}))


def no_filters(drivers: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Settings under which none of these drivers runs, and git goes on without it."""
    settings = []
    for driver in drivers:
        settings += [(f"filter.{driver}.{kind}", "") for kind in ("process", "clean", "smudge")]
        settings.append((f"filter.{driver}.required", "false"))
    return tuple(settings)


def attribute_settings(git: Git) -> tuple[str, ...]:
    """`-c` words for what decides the line endings of a user's files: their attributes file and their own settings.

    For commands that write to, or ask about, a checkout; reading these starts nothing.
    """
    path = _last_of_files(git, "core.attributesFile", "--type=path")
    attributes = os.fsdecode(path) if path is not None else _default_attributes()
    settings = [f"core.attributesFile={attributes}"]
    for key in ("core.autocrlf", "core.eol", "core.safecrlf"):
        value = user_value(git, key)
        settings += [f"{key}={value}"] if value is not None else []
    return tuple(word for setting in settings for word in ("-c", setting))


def _default_attributes() -> str:
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path(os.environ.get("HOME", "/nonexistent")) / ".config")
    return f"{home}/git/attributes"


def _with_user_files() -> Mapping[str, str | None]:
    names = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
    return {name: os.environ.get(name) for name in names}


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without an entry in the user database
        return f"uid{os.getuid()}"


def _plain(text: str) -> str:
    """Without what would break a commit's header."""
    return "".join(char for char in text if char.isprintable() and char not in "<>").strip()
