"""How a page of help is laid out: how a command is typed, what it is for, what it takes, and what else to know.

The text of a page is the first line of the command's docstring and `pages/NAME.txt` beside this file. There, what comes
before the first heading is about the command and stands above its arguments and options; the rest follows them. An
indented line stays as it is, everything else is filled to the width of the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer.core

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.mistakes import told_as_problems, unknown_command
from orchestrator.cli.terminal import say

WIDEST = 100
"""Lines of text beyond this are hard to read, however wide the terminal is."""

_PAGES = Path(__file__).parent / "pages"
_HEADING = re.compile(r"^(?:Exit codes|Examples|See also):", re.MULTILINE)
_NAMES_COLUMNS = 20
"""Beyond this, an option's name has a line of its own, so that one long name does not push all help to the right."""


def page(name: str) -> tuple[str, str]:
    """What `pages/NAME.txt` says about a command, and what it says after the options."""
    text = (_PAGES / f"{name}.txt").read_text(encoding="utf-8").strip()
    heading = _HEADING.search(text)
    at = heading.start() if heading is not None else len(text)
    return text[:at].strip(), text[at:]


class _AsTyped:
    """Typer's conversion of a word, where there is anything to convert."""

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        """The value itself if it is of the right type, else what typer makes of it; raises as typer does."""
        if value is None or type(value) is param.type_descriptor.annotation:
            return value
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def take_as_typed(params: Iterable[Any]) -> None:
    """Let texts be what was typed: typer imports pydantic, a third of what `status` takes, to make texts of them."""
    for param in params:
        if param.nargs == 1 and not param.multiple:
            param._runtime_param = _AsTyped()


class Command(typer.core.TyperCommand):
    """A command whose options stand in groups."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take arguments and options; raises UsageProblem."""
        take_as_typed(self.get_params(ctx))
        with told_as_problems(ctx):
            return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS] RUN [TASK...]`: what may be left out is in brackets."""
        return ["[OPTIONS]", *(_usage(param) for param in _arguments(self, ctx))]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """What the command does."""
        _write(self.help, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then options by their groups; those without one come last."""
        arguments = [(str(param.metavar), _help(param, ctx)) for param in _arguments(self, ctx)]
        _write_rows("Arguments", arguments, formatter)
        _format_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Exit codes, examples, and where to go on."""
        _write(self.epilog, formatter)


class Group(typer.core.TyperGroup):
    """Commands by what one does with them, in the order of `titles`; without a command, its help is the complaint."""

    titles: tuple[str, ...] = ("Commands",)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options that stand before a command; raises UsageProblem."""
        if not args:
            say(ctx.get_help())
            raise typer.Exit(ExitCode.USAGE)
        take_as_typed(self.get_params(ctx))
        with told_as_problems(ctx):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names; raises UsageProblem."""
        if args[0] not in self.commands:
            raise unknown_command(args[0], ctx)
        return super().resolve_command(ctx, args)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """What the commands are for."""
        _write(self.help, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands by their titles, then the options."""
        width = max(map(len, self.commands))
        for title in self.titles:
            commands = [command for command in self.commands.values() if _title(command, self.titles[0]) == title]
            rows = [(str(command.name).ljust(width), str(command.short_help)) for command in commands]
            _write_rows(title, rows, formatter)
        _format_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples, and where to go on."""
        _write(self.epilog, formatter)


def _arguments(command: Any, ctx: Any) -> list[Any]:
    return [param for param in command.get_params(ctx) if param.param_type_name == "argument"]


def _usage(argument: Any) -> str:
    name = f"{argument.metavar}..." if argument.nargs == -1 else str(argument.metavar)
    return name if argument.required else f"[{name}]"


def _help(param: Any, ctx: Any) -> str:
    # That an argument is required shows in the usage.
    _, text = param.get_help_record(ctx)
    return str(text).removesuffix("[required]").rstrip()


def _format_options(command: Any, ctx: Any, formatter: Any) -> None:
    options = [param for param in command.get_params(ctx) if param.param_type_name == "option" and not param.hidden]
    records = {param: param.get_help_record(ctx) for param in options}
    width = min(max(len(names) for names, _ in records.values()), _NAMES_COLUMNS)
    titles = dict.fromkeys(_title(param, "Options") for param in options)
    for title in sorted(titles, key=lambda title: title == "Options"):
        rows = [
            (names.ljust(width), text) for param, (names, text) in records.items() if _title(param, "Options") == title
        ]
        _write_rows(title, rows, formatter)


def _title(part: Any, default: str) -> str:
    return str(getattr(part, "rich_help_panel", None) or default)


def _write_rows(title: str, rows: Iterable[tuple[str, str]], formatter: Any) -> None:
    shown = list(rows)
    if shown:
        with formatter.section(title):
            formatter.write_dl(shown, col_max=_NAMES_COLUMNS)


def _write(text: str | None, formatter: Any) -> None:
    for paragraph in (text or "").split("\n\n"):
        lines = paragraph.splitlines()
        if lines:
            formatter.write_paragraph()
        if any(line.startswith(" ") for line in lines):
            formatter.write("".join(f"{line}\n" for line in lines))
        elif lines:
            formatter.write_text(" ".join(lines))
