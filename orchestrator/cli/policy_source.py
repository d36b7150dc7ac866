"""Which policy a command of `policy` is about, and as whom it judges."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import ROLES, one_of
from orchestrator.cli.state import current_directory

if TYPE_CHECKING:
    from policies.policy import Policy

DEFAULT_FILE = Path(".mimo/policy.yaml")
DEFAULT_PRESET = "standard"

PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", metavar="F", help="A policy file or preset; default: .mimo/policy.yaml, else standard."),
]


# A misspelt role would be judged by no rule that is for one.
known_role = one_of("--role", ROLES)

RoleOption = Annotated[str, typer.Option("--role", metavar="R", help="Judge as this role.", callback=known_role)]


def load(named: str | None) -> Policy:
    """The policy of a name or path, or the one that holds here; raises DocumentError."""
    from policies.loader import load_policy

    return load_policy(named if named is not None else _default())


def _default() -> str:
    """The policy file of the repository around the current directory, or the preset."""
    here = current_directory()
    for directory in (here, *here.parents):
        if (directory / DEFAULT_FILE).is_file():
            # As one would type it here: it stands in front of every line number.
            return os.path.relpath(directory / DEFAULT_FILE, here)
        if (directory / ".git").exists():
            break
    return DEFAULT_PRESET
