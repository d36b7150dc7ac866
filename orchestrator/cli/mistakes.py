"""What is wrong with a command line, in the program's own words: what may have been meant, and where to look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from orchestrator.errors import UsageProblem
from policies.problems import did_you_mean

_PLAIN = (
    (re.compile(r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)$"), r"unexpected argument: \1"),
    (re.compile(r" \(Possible options: .*\)$"), ""),
    (re.compile(r", unable to parse string as .*$"), ""),
    (re.compile(r"^Invalid value for '(.*?)': Input"), r"\1: it"),
    (re.compile(r"^Invalid value for '(.*?)': (?:Value error, )?"), r"\1: "),
    (re.compile(r"^Missing argument '(.*)'$"), r"missing: \1"),
)
"""What typer says, and how it is said here."""

_CHOICE = re.compile(r"'([^']*)' is not one of (.+)$")


@contextmanager
def told_as_problems(context: Any) -> Iterator[None]:
    """Raises UsageProblem for what typer finds wrong with the words of a command."""
    try:
        yield
    except typer.TyperException as error:
        raise _problem(error, context) from None


def unknown_command(name: str, context: Any) -> UsageProblem:
    """The problem that there is no command of that name."""
    return UsageProblem(f"no such command: {name}", hint=_hint(did_you_mean(name, context.command.commands), context))


def _problem(error: typer.TyperException, context: Any) -> UsageProblem:
    problem = error.format_message().rstrip(".")
    for said, plainly in _PLAIN:
        problem = said.sub(plainly, problem)
    choice = _CHOICE.search(problem)
    if choice is not None:
        meant = did_you_mean(choice[1], re.findall("'([^']+)'", choice[2]))
    else:
        meant = _meant(str(getattr(error, "option_name", "")), context)
    return UsageProblem(f"{problem[:1].lower()}{problem[1:]}", hint=_hint(meant, context))


def _hint(meant: str | None, context: Any) -> str:
    usage = " ".join(context.get_usage().removeprefix("Usage:").split())
    return f"{meant or f'usage: {usage}'}\n  see: {context.command_path} --help"


def _meant(option: str, context: Any) -> str | None:
    """What an option that does not exist may stand for: another one, or that of a command whose name was left out."""
    known = _options(context.command)
    if not option or option in known:
        return None
    commands = getattr(context.command, "commands", {})
    owners = [name for name, command in commands.items() if option in _options(command)]
    if owners:
        return f"it is an option of {', '.join(owners)}: write it behind the command"
    return did_you_mean(option, known)


def _options(command: Any) -> list[str]:
    return ["--help", *(name for param in command.params if param.param_type_name == "option" for name in param.opts)]
