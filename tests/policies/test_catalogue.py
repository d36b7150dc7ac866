"""The catalogue is whole: every file parses, and entries are found as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

import policies.engine
from policies.document import read_document
from policies.engine.arguments import parse_arguments
from policies.engine.catalogue import Program, find_program, known_names
from policies.engine.checks import CHECKS, SELF_JUDGED
from policies.shell.words import Word

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
