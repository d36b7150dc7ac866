"""Every command line in the documents and in the program's own help is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.arguments import with_command
from orchestrator.cli.boundary import PROGRAM
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.main import build
from tests.docs.pages import INLINE, blocks, pages, rows, section, text, words_of_code
from tests.tree import TOP

COMMANDS_PAGE = Path("docs/reference/commands.md")
PROMPT = "$ "
OWN_OPTIONS = frozenset({"--help", "-h", "--version", "--install-completion", "--show-completion"})
END = re.compile(r"\d?>{1,2}|<|\||\|\||&|&&")
"""Where a command line ends, as far as the program sees it."""

OPTION = re.compile(r"(?<!\S)--[a-z-]+")


@cache
def program() -> Any:
    """The command line as a tree of commands."""
    return typer.main.get_command(build())


def leaves(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words, those of groups included."""
    members = getattr(command, "commands", None)
    if members is None:
        yield before, command
        return
    for name, member in members.items():
        yield from leaves(member, (*before, name))


def parse(words: list[str]) -> tuple[str, ...]:
    """The command that a command line names, its arguments parsed but nothing run; fails where they don't fit."""
    command = program()
    if OWN_OPTIONS.intersection(words):
        return (PROGRAM,)
    names = frozenset(command.commands)
    rest = with_command(words, commands=names, own_options=OWN_OPTIONS)
    named: tuple[str, ...] = ()
    while hasattr(command, "commands"):
        context = command.make_context(PROGRAM, rest)
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        named = (*named, str(name))
    command.make_context(" ".join(named), rest)
    return named


def shown() -> list[tuple[str, str]]:
    """Places and command lines: of blocks, of words in backticks, and of the examples in the program's help."""
    lines = [
        (f"{block.page}:{block.line + number}", line)
        for page in pages()
        for block in blocks(page)
        if block.language in {"", "sh", "console"}
        for number, line in enumerate(block.text.splitlines())
    ]
    lines = [(place, line.removeprefix(PROMPT).removeprefix("until ")) for place, line in lines]
    lines += [(f"{page}", words) for page in pages() for words in words_of_code(page) if " COMMAND" not in words]
    for words, command in leaves(program()):
        lines += [(f"help of {' '.join(words)}", line.strip()) for line in (command.epilog or "").splitlines()]
    return [(place, line) for place, line in lines if line.startswith(f"{PROGRAM} ")]


def words_of(line: str) -> list[str]:
    """The arguments of a shown command line: comments, redirections and the brackets of placeholders are no part."""
    words = shlex.split(line, comments=True)[1:]
    end = next((at for at, word in enumerate(words) if END.fullmatch(word)), len(words))
    return [word.strip("[]").removesuffix("...") for word in words[:end]]


@pytest.mark.parametrize(("place", "line"), [pytest.param(*one, id=" ".join(one)) for one in dict.fromkeys(shown())])
def test_a_shown_command_line_is_valid(place: str, line: str) -> None:
    """The command exists, has these options, and takes that many arguments; prose may name it without any."""
    words = words_of(line)
    if place.endswith(".md") and tuple(words) in dict(leaves(program())):
        return
    assert parse(words)


@pytest.mark.parametrize(
    "line", ["stauts", "status --jsn", "resume", "schema plans", "policy chekc ls", "status a b c"]
)
def test_a_mistake_would_be_seen(line: str) -> None:
    """What the program would refuse is refused here."""
    with pytest.raises(Exception, match=r"(?i)no such|missing|not one of|unexpected"):
        parse(line.split())


def test_every_command_is_on_the_page_of_commands() -> None:
    """Whoever reads that page knows all that there is, and nothing that there isn't."""
    code = words_of_code(COMMANDS_PAGE)
    missing = [" ".join(words) for words, _ in leaves(program()) if not any(said(words, line) for line in code)]
    assert missing == []
    lines = [line for row in rows(section(COMMANDS_PAGE, "Commands")) for line in INLINE.findall(row[0])]
    for line in lines:
        assert parse(words_of(line if line.startswith(PROGRAM) else f"{PROGRAM} {line}"))


def said(words: tuple[str, ...], line: str) -> bool:
    """Whether a line of code begins with these words."""
    return tuple(line.split()[: len(words)]) == words


def test_every_option_in_the_text_exists() -> None:
    """An option that prose names belongs to some command."""
    known = {
        name for _, command in leaves(program()) for option in command.params for name in option.opts
    } | OWN_OPTIONS
    named = {
        option
        for page in pages()
        for words in words_of_code(page)
        if words.startswith(("--", PROGRAM))
        for option in OPTION.findall(words)
    }
    assert named - known == set()
    assert named


def test_every_option_of_a_run_is_on_the_page() -> None:
    """The table of options has each option of `run`, and says which of the other commands take it."""
    told = {}
    for names, commands, _ in rows(section(COMMANDS_PAGE, "Options of a run")):
        told.update(dict.fromkeys(OPTION.findall(" ".join(INLINE.findall(names))), commands.split(", ")))
    takers = ("run", "resume", "fork", "check", "draft", "merge", "revert")
    options = {name: {option.opts[-1] for option in program().commands[name].params} for name in takers}
    assert set(told) == {option for option in options["run"] if option.startswith("--")} - OWN_OPTIONS
    assert told == {option: [name for name in takers if option in options[name]] for option in told}


def test_the_program_has_its_own_options() -> None:
    """Those that prose names without a command; help is given to every command."""
    own = {name for option in program().params for name in option.opts}
    assert OWN_OPTIONS - {"--help", "-h"} <= own


def test_every_exit_code_is_on_the_page() -> None:
    """The table has a row for each code, and no other."""
    rows = re.findall(r"^\| (\d+) \|", text(COMMANDS_PAGE), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(code.value for code in ExitCode)


def test_every_option_of_run_has_its_variable() -> None:
    """As the page says: `--backend` by MIMO_BACKEND, and so on."""
    run = program().commands["run"]
    options = [option for option in run.params if option.opts[0].startswith("--") and option.opts[0] not in OWN_OPTIONS]
    variables = {option.opts[0]: option.envvar for option in options}
    assert variables == {name: f"MIMO_{name.strip('-').replace('-', '_').upper()}" for name in variables}


def test_every_script_in_the_text_exists() -> None:
    """What a page says to type is there and can be executed."""
    named = {word for page in pages() for word in re.findall(r"(?<![\w/])\.?/?(scripts/[a-z-]+)", text(page))}
    assert named >= {"scripts/demo", "scripts/check", "scripts/bench"}
    for name in named:
        assert (TOP / name).is_file(), name


def test_the_help_is_what_is_parsed_here() -> None:
    """The tree that these tests walk is the program that users type."""
    ran = CliRunner().invoke(build(), ["--help"])
    assert ran.exit_code == 0
    assert all(words[0] in ran.output for words, _ in leaves(program()))
