"""What is refused before it is sent: the supervisor ends at a request that is not of the protocol."""

from __future__ import annotations

import posixpath

from sandbox.errors import CommandRefused, FileRefused
from sandbox.sandbox import WORKSPACE, Command

MAX_ARGUMENT_BYTES = 128 * 1024 - 1
"""The kernel's bound on one argument of a program, and on one variable of its environment."""

MAX_VARIABLES = 4096
MAX_COMMAND_BYTES = 16 * 1024**2
"""A script with all its variables, on the wire; far above what the kernel takes, which the supervisor tells exactly."""

MAX_TIMEOUT_SECONDS = 30.0 * 24 * 3600


def check_command(command: Command) -> None:
    """Raises CommandRefused for a command that the kernel would cut, or not take."""
    if "\0" in command.script or "\0" in command.cwd:
        raise CommandRefused("it holds a NUL byte")
    if len(_encoded(command.script)) > MAX_ARGUMENT_BYTES:
        raise CommandRefused(
            f"longer than {MAX_ARGUMENT_BYTES} bytes, all that the kernel takes as one argument; put it into a file"
        )
    _encoded(command.cwd)
    if len(command.env) > MAX_VARIABLES:
        raise CommandRefused(f"more than {MAX_VARIABLES} environment variables")
    total = sum(_check_variable(name, value) for name, value in command.env.items())
    if total > MAX_COMMAND_BYTES:
        raise CommandRefused(f"its environment is larger than {MAX_COMMAND_BYTES} bytes")


def _check_variable(name: str, value: str) -> int:
    if not name or "=" in name or "\0" in name + value:
        raise CommandRefused(f"the environment variable {name!r} can't be set")
    size = len(_encoded(f"{name}={value}"))
    if size > MAX_ARGUMENT_BYTES:
        raise CommandRefused(f"the environment variable {name[:80]!r} is longer than {MAX_ARGUMENT_BYTES} bytes")
    return size


def _encoded(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise CommandRefused("it holds half a character (a lone surrogate), which no byte stands for") from None


def relative(path: str) -> str:
    """A path below the worktree as the supervisor takes it; raises FileRefused for what can't be one."""
    inside = path.removeprefix(WORKSPACE + "/")
    if inside.startswith("/") or "\0" in inside or ".." in inside.split("/"):
        raise FileRefused(path, f"not a path below {WORKSPACE}")
    plain = posixpath.normpath(inside)
    if plain == "." or inside.endswith("/"):
        raise FileRefused(path, "a directory")
    try:
        plain.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise FileRefused(path, "not a name that a file can have") from None
    return plain
