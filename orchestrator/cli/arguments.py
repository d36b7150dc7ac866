"""`mimo-orchestrate PLAN.yaml` means `mimo-orchestrate run PLAN.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

RUN = "run"
INSTALL = "--install-completion"
SHOW = "--show-completion"

OWN_OPTIONS = frozenset({"--help", "-h", "--version", INSTALL, SHOW})
"""What the program takes without a command."""

_PLAN_SUFFIXES = (".yaml", ".yml")


def with_command(
    arguments: Sequence[str], *, commands: Collection[str], own_options: Collection[str] = OWN_OPTIONS
) -> list[str]:
    """The arguments with `run` put in front where a plan stands in place of a command."""
    if not arguments or arguments[0] in commands or arguments[0] in own_options:
        # An option's value can't be left out for typer; for the program it can.
        return [*arguments, ""] if list(arguments) in ([INSTALL], [SHOW]) else list(arguments)
    if arguments[0].startswith("-"):
        # Options before the plan: `mimo-orchestrate --hold plan.yaml`.
        plans = [word for word in arguments if not word.startswith("-") and _is_plan(word)]
        return [RUN, *arguments] if plans else list(arguments)
    return [RUN, *arguments] if _is_plan(arguments[0]) else list(arguments)


def _is_plan(word: str) -> bool:
    return word.endswith(_PLAN_SUFFIXES) or Path(word).is_file()
