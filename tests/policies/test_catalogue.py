"""The catalogue is whole: every file parses, and entries are found as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

import policies.engine
from policies.document import read_document
from policies.engine.arguments import Arguments, parse_arguments
from policies.engine.catalogue import Program, find_program, known_names
from policies.engine.checks import CHECKS, SELF_JUDGED
from policies.shell.words import Word
from policies.verdict import Verdict
from tests.policies.judging import policy_of, verdict

CATALOGUE = Path(policies.engine.__file__).parent.parent / "catalogue"
FIELDS = frozenset(
    "options effects operands first dynamic style numeric stop wrapper at_least check subcommands groups "
    "include plain argument_files".split()
)
ROLES = frozenset("text free read write delete into code".split())


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_reads_as_its_entries_do(path: Path) -> None:
    """Splitting a file into entries loses none, and no name stands twice."""
    data = read_document(path.read_bytes(), file=path.name).data
    for names, entry in data.items():
        assert set(entry) <= FIELDS, names
        for name in names.split():
            program = find_program(name.replace("*", "x"))
            assert program is not None
            assert program.name == names.split()[0]


def test_no_program_is_described_twice() -> None:
    """A name belongs to one entry of one file."""
    names = [
        name
        for path in CATALOGUE.glob("*.yaml")
        for key in read_document(path.read_bytes(), file=path.name).data
        for name in key.split()
    ]
    assert len(names) == len(set(names))


def _every() -> list[Program]:
    programs = [program for name in known_names() if (program := find_program(name)) is not None]
    return programs + [inner for program in programs for inner in program.subcommands.values()]


def test_effects_roles_and_checks_are_ones_that_the_judge_knows() -> None:
    """A misspelt effect or check in the catalogue can't pass for none."""
    for program in _every():
        assert program.check in {"", *CHECKS, *SELF_JUDGED}, program.name
        assert {role.removesuffix("...") for role in program.operands} <= ROLES, program.name
        assert program.dynamic in {"", "any", "loop"}
        for name, option in program.options.items():
            known = option.effect in ROLES | {""} or option.effect.partition(": ")[0] in {"ask", "deny"}
            assert known, f"{program.name} {name}"
            assert option.value or option.effect not in ROLES, f"{program.name} {name} has a role and no value"


@pytest.mark.parametrize(
    ("name", "line", "options", "operands"),
    [
        ("sort", "-rk2 -o out in", ["-r", "-k", "-o"], ["in"]),
        ("sort", "--outp=x in", ["--output"], ["in"]),
        ("sort", "in -- -r", [], ["in", "-r"]),
        ("sed", "-i.bak -e p f", ["-i", "-e"], ["f"]),
        ("tar", "xzf a.tar b", ["-x", "-z", "-f"], ["b"]),
        ("tar", "-C d -xf a", ["-C", "-x", "-f"], []),
        ("find", ". -name x -print", ["-name", "-print"], ["."]),
        ("head", "-20 f", [], ["f"]),
        ("timeout", "-k 1 5 ls -l", ["-k"], ["5", "ls", "-l"]),
        ("jq", "--arg a b .x f", ["--arg"], [".x", "f"]),
        ("chmod", "-x -R f", ["-R"], ["-x", "f"]),
        ("od", "--strings f", ["--strings"], ["f"]),
    ],
)
def test_arguments_are_read_as_the_program_would(name: str, line: str, options: list[str], operands: list[str]) -> None:
    """Clusters, attached and separate values, abbreviations, `--`, old styles and long single-dash options."""
    program = find_program(name)
    assert program is not None
    parsed = parse_arguments(program, [Word(text) for text in line.split()])
    assert [option for option, _, _ in parsed.options] == options
    assert [word.text for word in parsed.operands] == operands
    assert not parsed.unknown


def _read(name: str, line: str) -> Arguments:
    program = find_program(name)
    assert program is not None
    return parse_arguments(program, [Word(text) for text in line.split()])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ls", "--no-such-option"),
        ("ls", "-la?"),
        ("ls", "--all=x"),
        ("head", "-5q"),
        ("find", ". -no-such-test"),
        ("find", ". -print=x"),
        ("cp", "--s x a b"),
    ],
)
def test_what_the_catalogue_does_not_know_is_said_to_be_unknown(name: str, line: str) -> None:
    """An option it does not list, a value for one that takes none, a beginning that several options share."""
    assert _read(name, line).unknown


def _allowed_programs() -> list[tuple[str, Program]]:
    plain = {name: program for name in known_names() if (program := find_program(name)) is not None}
    found = [(name, program) for name, program in plain.items() if not program.subcommands]
    found += [(f"{name} {inner}", sub) for name, program in plain.items() for inner, sub in program.subcommands.items()]
    return [(name, program) for name, program in found if program.plain is None and "." not in name]


def test_an_unknown_option_is_never_allowed() -> None:
    """Of no program or subcommand that the catalogue lists, in whichever form."""
    forms = ("--no-such-option", "--no-such-option=x", "-\u20ac", "x --no-such-option")
    allowed = [
        f"{name} {form}"
        for name, program in _allowed_programs()
        for form in forms
        if not (program.stop and form.startswith("x"))
        if verdict(f"{name} {form}") is Verdict.ALLOW
    ]
    assert not allowed


def test_an_unknown_subcommand_is_never_allowed() -> None:
    """A rule that allows a program allows those of its subcommands that are known."""
    for name in ("git", "ruff", "coverage"):
        everything = policy_of(f"commands: [{{allow: {name}}}]")
        assert verdict(f"{name} no-such-command", policy=everything) is Verdict.ASK


@pytest.mark.parametrize(
    "command", ["tty", "vdir", "zgrep x f", "egrep2 x", "gsed p f", "dmypy run", "pypy3 -m pytest"]
)
def test_a_rule_means_the_program_that_it_names(command: str) -> None:
    """What shares an entry of the catalogue with an allowed program is not allowed by that."""
    assert verdict(command) is Verdict.ASK


def test_a_version_goes_by_its_familys_name() -> None:
    """A rule on python is one on python3.12, whichever its verdict."""
    assert verdict("python3.12 -m pytest -q") is Verdict.ALLOW
    assert verdict("python3.12 -m http.server") is Verdict.DENY
