"""The program: its commands in a table written by hand, and the way from a command line to an exit code."""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from orchestrator.cli import audit, memory, policy
from orchestrator.cli.answer import approve, deny
from orchestrator.cli.arguments import INSTALL, SHOW, with_command
from orchestrator.cli.boundary import PROGRAM, guarded
from orchestrator.cli.check import check
from orchestrator.cli.clean import clean
from orchestrator.cli.completion.shells import SHELLS, VARIABLE
from orchestrator.cli.demo import demo
from orchestrator.cli.doctor import doctor
from orchestrator.cli.draft import draft
from orchestrator.cli.fork import fork_
from orchestrator.cli.help import help_
from orchestrator.cli.land import merge, revert
from orchestrator.cli.layout import WIDEST, Command, Group, page
from orchestrator.cli.log import log
from orchestrator.cli.replay import replay
from orchestrator.cli.restore import restore
from orchestrator.cli.resume import cancel, resume
from orchestrator.cli.review import review
from orchestrator.cli.run import run
from orchestrator.cli.runs import runs
from orchestrator.cli.schema import schema
from orchestrator.cli.status import status
from orchestrator.cli.terminal import write_results

_COMMANDS: Mapping[str, tuple[Callable[..., None] | typer.Typer, ...]] = {
    "Plan and run": (demo, draft, check, run, schema),
    "See what happens": (runs, status, log, review),
    "Answer and steer": (approve, deny, resume, cancel),
    "Go back": (restore, fork_, replay),
    "Land": (merge, revert),
    "Policy, memory and proof": (policy.app, memory.app, audit.app),
    "This machine": (doctor, clean, help_),
}
"""Every command, by what one does with it and in the order of the help; each has its page in `pages/`."""


class _Program(Group):
    titles = tuple(_COMMANDS)


def main() -> None:
    """The console script, which shells ask for completions as well."""
    if VARIABLE in os.environ:
        from orchestrator.cli.completion.answer import answer

        answer(command_line)
        return
    # What is imported by now stays: looking at it again and again was a tenth of what `status` takes.
    gc.freeze()
    sys.exit(guarded(lambda: run_program(sys.argv[1:])))


def run_program(arguments: list[str]) -> int:
    """Run one command line and give its exit code; raises what the command raises."""
    names = {_name(row) for rows in _COMMANDS.values() for row in rows} - {_name(help_)}
    words = with_command(arguments, commands={*names, _name(help_)})
    # To make all commands takes longer than most of them: help and mistakes alone have a use for them.
    only = words[0] if words and words[0] in names else None
    try:
        code = command_line(only).main(args=words, prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as end:
        code = end.code
    return code if isinstance(code, int) else 0


def command_line(only: str | None = None) -> Any:
    """The tree of commands that is run, and asked for completions."""
    return typer.main.get_command(build(only))


def build(only: str | None = None) -> typer.Typer:
    """The command line, with every command that there is, or with one `only`."""
    about, after = page(PROGRAM)
    app = typer.Typer(
        name=PROGRAM,
        cls=_Program,
        help=f"{_program.__doc__}\n\n{about}",
        epilog=after,
        add_completion=False,
        subcommand_metavar="PLAN.yaml | COMMAND [ARGS...]",
        options_metavar="",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
    )
    app.callback()(_program)
    for title, rows in _COMMANDS.items():
        for row in rows:
            if only not in {None, _name(row)}:
                continue
            if isinstance(row, typer.Typer):
                app.add_typer(_group(row), rich_help_panel=title)
            else:
                _add(app, row, name=_name(row), title=title)
    return app


def _name(row: Callable[..., None] | typer.Typer) -> str:
    """What a command is called; functions that would hide a name of the language end with an underscore."""
    return str(row.info.name) if isinstance(row, typer.Typer) else row.__name__.rstrip("_")


def _group(members: typer.Typer) -> typer.Typer:
    name, summary = str(members.info.name), str(members.info.help)
    about, after = page(name)
    group = typer.Typer(
        name=name,
        cls=Group,
        help=f"{summary}\n\n{about}",
        short_help=summary,
        epilog=after,
        subcommand_metavar="COMMAND [ARGS...]",
        options_metavar="",
        rich_markup_mode=None,
    )
    # A callback keeps a group with one command a group.
    group.callback()(lambda: None)
    for command in members.registered_commands:
        if command.callback is not None:
            _add(group, command.callback, name=command.name or _name(command.callback), below=name)
    return group


def _add(
    app: typer.Typer,
    function: Callable[..., None],
    *,
    name: str,
    below: str = "",
    title: str | None = None,
) -> None:
    """Add a command with its page."""
    summary = (inspect.getdoc(function) or "").splitlines()[0]
    about, after = page(f"{below}-{name}" if below else name)
    app.command(
        name, cls=Command, help=f"{summary}\n\n{about}", short_help=summary, epilog=after, rich_help_panel=title
    )(function)


def _print_version(wanted: bool) -> None:
    if wanted:
        from orchestrator.version import version

        write_results(f"{PROGRAM} {version()}\n")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        from orchestrator.cli.completion.install import chosen_shell
        from orchestrator.cli.completion.shells import script

        write_results(script(chosen_shell(shell, option=SHOW)))
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        from orchestrator.cli.completion.install import chosen_shell, install

        install(chosen_shell(shell, option=INSTALL))
        raise typer.Exit


def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
    show_completion: Annotated[
        str | None,
        typer.Option(
            SHOW, metavar="|".join(SHELLS), help="Print the script for Tab.", is_eager=True, callback=_show_completion
        ),
    ] = None,
    install_completion: Annotated[
        str | None,
        typer.Option(
            INSTALL,
            metavar="|".join(SHELLS),
            help="Have Tab complete in your shell.",
            is_eager=True,
            callback=_install_completion,
        ),
    ] = None,
) -> None:
    """Large refactorings, done by agents that nobody has to trust."""
