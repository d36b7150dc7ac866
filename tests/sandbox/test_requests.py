"""What is refused before it is sent."""

from __future__ import annotations

import pytest

from sandbox.errors import CommandRefused, FileRefused
from sandbox.requests import MAX_ARGUMENT_BYTES, MAX_VARIABLES, check_command, relative
from sandbox.sandbox import Command


@pytest.mark.parametrize(
    "command",
    [
        Command(script="x" * (MAX_ARGUMENT_BYTES + 1)),
        Command(script="é" * (MAX_ARGUMENT_BYTES // 2 + 1)),
        Command(script="\ud800"),
        Command(script="true", cwd="/workspace/\ud800"),
        Command(script="true", env={"A": "\ud800"}),
        Command(script="true", env={"A": "x" * (MAX_ARGUMENT_BYTES - 1)}),
        Command(script="true", env={f"V{number}": "" for number in range(MAX_VARIABLES + 1)}),
        Command(script="true", env={f"V{number}": "x" * 100_000 for number in range(200)}),
    ],
    ids=["long", "long in bytes", "surrogate", "cwd", "value", "variable", "variables", "environment"],
)
def test_what_the_supervisor_would_end_at(command: Command) -> None:
    """A command that can't be put on the wire, or is too much for it, is refused with the reason."""
    with pytest.raises(CommandRefused):
        check_command(command)


def test_what_is_at_the_bounds() -> None:
    """A command at each bound passes."""
    check_command(Command(script="x" * MAX_ARGUMENT_BYTES, env={"A": "x" * (MAX_ARGUMENT_BYTES - 2)}))
    check_command(Command(script="\udcff", env={f"V{number}": "" for number in range(MAX_VARIABLES)}))


def test_names_of_files() -> None:
    """A file is named below the worktree, in the plain form; anything else is refused."""
    assert relative("/workspace/a//./b") == "a/b"
    for wrong in ("/etc/passwd", "../a", "a/", ".", "a\0b", "a\ud800"):
        with pytest.raises(FileRefused):
            relative(wrong)
