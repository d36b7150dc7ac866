"""The program: its commands in a table written by hand, and the way from a command line to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from orchestrator.cli import audit, policy
from orchestrator.cli.answer import approve, deny
from orchestrator.cli.arguments import with_command
from orchestrator.cli.boundary import PROGRAM, guarded
from orchestrator.cli.check import check
from orchestrator.cli.clean import clean
from orchestrator.cli.demo import demo
from orchestrator.cli.doctor import doctor
from orchestrator.cli.draft import draft
from orchestrator.cli.land import merge, revert
from orchestrator.cli.log import log
from orchestrator.cli.resume import cancel, resume
from orchestrator.cli.review import review
from orchestrator.cli.run import run
from orchestrator.cli.runs import runs
from orchestrator.cli.schema import schema
from orchestrator.cli.status import status

_OWN_OPTIONS = frozenset({"--help", "-h", "--version"})


_COMMANDS: Mapping[Callable[..., None], tuple[str, ...]] = {
    run: ("plan.yaml", "run plan.yaml --hold --limit cost=5", "run plan.yaml --dry-run"),
    demo: ("demo", "demo /tmp/shortlinks", "demo --backend docker"),
    draft: (
        'draft "Replace requests by httpx" -o plan.yaml',
        'draft "Type the settings" --limit cost=1',
    ),
    check: ("check plan.yaml", "check plan.yaml --json"),
    runs: ("runs", "runs --json"),
    status: ("status", "status last --json"),
    log: ("log last", "log last port-client", "log last --follow"),
    review: ("review", "review last port-client"),
    merge: ("merge last", "merge last port-client"),
    revert: ("revert last port-client",),
    resume: ("resume last", "resume last --limit cost=20"),
    cancel: ("cancel last",),
    approve: ("approve last ID",),
    deny: ('deny last ID --why "not on this branch"',),
    doctor: ("doctor", "doctor --model openai/gpt-5.2", "doctor --json"),
    clean: ("clean",),
    schema: ("schema plan > plan.schema.json",),
}
"""Every command, in the order of the help, with examples of how it is typed."""


_POLICY_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "check": ('policy check "git push"', 'policy check "rm -r build" --role tester --json'),
    "test": ("policy test", "policy test standard --cases cases.jsonl"),
    "show": ("policy show", "policy show --policy strict --json"),
}


def main() -> None:
    """The console script."""
    sys.exit(guarded(lambda: run_program(sys.argv[1:])))


def run_program(arguments: list[str]) -> int:
    """Run one command line and give its exit code; raises what the command raises."""
    command = typer.main.get_command(build())
    names = frozenset(getattr(command, "commands", ()))
    words = with_command(arguments, commands=names, own_options=_OWN_OPTIONS)
    try:
        command.main(args=words, prog_name=PROGRAM)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def build() -> typer.Typer:
    """The command line, with every command that there is."""
    app = typer.Typer(
        name=PROGRAM,
        help="Large refactorings, done by agents that nobody has to trust.",
        epilog=_examples(
            f"{PROGRAM} check plan.yaml", f"{PROGRAM} plan.yaml", f"{PROGRAM} review last", f"{PROGRAM} merge last"
        ),
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for function, examples in _COMMANDS.items():
        app.command(function.__name__, epilog=_examples(*examples))(function)
    app.add_typer(_policy())
    app.add_typer(_audit())
    return app


def _policy() -> typer.Typer:
    for command in policy.app.registered_commands:
        name = str(command.name or getattr(command.callback, "__name__", ""))
        command.epilog = _examples(*_POLICY_EXAMPLES.get(name, (f"policy {name}",)))
    return policy.app


def _audit() -> typer.Typer:
    group = typer.Typer(name="audit", help="Check what the journal holds.", no_args_is_help=True, rich_markup_mode=None)
    # A callback keeps a group with one command a group.
    group.callback()(lambda: None)
    group.command("verify", epilog=_examples("audit verify last"))(audit.verify)
    return group


def _print_version(wanted: bool) -> None:
    if wanted:
        from orchestrator.version import version

        typer.echo(f"{PROGRAM} {version()}")
        raise typer.Exit


def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what stands before the command; `--version` has been served when this is called."""


def _examples(*lines: str) -> str:
    # The line with the control character keeps the formatter from joining what follows.
    return "\b\nExamples:\n" + "\n".join(f"  {PROGRAM} {line.removeprefix(PROGRAM).strip()}" for line in lines)
