"""`mimo-orchestrate PLAN.yaml` means `mimo-orchestrate run PLAN.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

RUN = "run"

_PLAN_SUFFIXES = (".yaml", ".yml")


def with_command(arguments: Sequence[str], *, commands: Collection[str], own_options: Collection[str]) -> list[str]:
    """The arguments with `run` put in front where a plan stands in place of a command.

    `own_options` are those that the program takes without a command.
    """
    if not arguments or arguments[0] in commands or arguments[0] in own_options:
        return list(arguments)
    if arguments[0].startswith("-"):
        # Options before the plan: `mimo-orchestrate --hold plan.yaml`.
        plans = [word for word in arguments if not word.startswith("-") and _is_plan(word)]
        return [RUN, *arguments] if plans else list(arguments)
    return [RUN, *arguments] if _is_plan(arguments[0]) else list(arguments)


def _is_plan(word: str) -> bool:
    return word.endswith(_PLAN_SUFFIXES) or Path(word).is_file()
