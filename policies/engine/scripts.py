"""Which files of code a command names: what an approval of it has to be bound to besides its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from policies.engine.arguments import parse_arguments
from policies.engine.catalogue import Option, Program, find_program
from policies.engine.interpreters import read_python
from policies.engine.names import Named
from policies.paths import resolve
from policies.shell.items import Context
from policies.shell.words import UNKNOWN, Known, Word

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_READ_FIRST: Mapping[str, tuple[str, ...]] = {
    "make": _MAKEFILES,
    "gmake": _MAKEFILES,
    "cmake": ("CMakeLists.txt",),
    "just": ("justfile", "Justfile", ".justfile"),
    "ninja": ("build.ninja",),
    "nox": ("noxfile.py",),
    "npm": ("package.json",),
    "pnpm": ("package.json",),
    "pre-commit": (".pre-commit-config.yaml",),
    "tox": ("tox.ini", "pyproject.toml", "setup.cfg"),
    "yarn": ("package.json",),
}
"""The files with commands in them that a program reads from its directory without being told."""

_CODE = re.compile(
    r"(?:.*=)?(?P<path>[^=]+\.(?:bash|bat|cjs|cmake|cts|ex|exs|go|groovy|java|jl|js|jsx|kts?|lua|mjs|mk|mts|php|pl|ps1|"
    r"py|pyz|r|rb|rs|sh|sql|tcl|ts|tsx|zsh))",
    re.DOTALL | re.IGNORECASE,
)
"""A word that names a file of code: of `uv run x.py`, `npx ./x.js`, `node -r ./hook.js`."""

_VALUED = ("-f", "--file", "--makefile", "-C", "--directory", "-o", "-W", "-I")
_FLAGS = ("-b", "-B", "-d", "-e", "-h", "-i", "-k", "-m", "-n", "-p", "-q", "-r", "-R", "-s", "-S", "-t", "-v", "-w")
_BUILD_TOOL = Program(
    name="make",
    options={
        **{name: Option(value="required") for name in _VALUED},
        **{name: Option() for name in _FLAGS},
        **{name: Option(value="attached") for name in ("-j", "-l", "-O")},
    },
)
"""The options of make, so far as they say where it looks; of others they are as good as any."""


def scripts_of(named: Named, words: Sequence[Word], context: Context) -> Iterator[str | None]:
    """The absolute paths of the code that a command runs by name; None stands for one that can't be known.

    A path may well have no file: of several that a program looks for, each counts.
    """
    name = named.bare.rpartition("/")[2]
    program = find_program(name)
    operands = [Word(named.bare)] if named.local else []
    if program is not None and program.check in _OPERANDS:
        operands += _OPERANDS[program.check](program, words[1:])
    if name in _READ_FIRST:
        operands += _read_first(name, words[1:])
    if name == "coverage" or (program is None and not named.local and name not in ("make", "gmake")):
        operands += _code_in(words[1:])
    for word in dict.fromkeys(operands):
        known = word.static and not word.glob
        yield from (resolve(word.text, cwd) if known else None for cwd in sorted(context.cwds, key=str))


def _code_in(words: Sequence[Word]) -> list[Word]:
    return [Word(found["path"], word.known, word.glob) for word in words if (found := _CODE.fullmatch(word.text))]


def _of_shell(program: Program, words: Sequence[Word]) -> list[Word]:
    parsed = parse_arguments(program, words)
    return [] if parsed.given("-c", "-s") else parsed.operands[:1]


def _of_interpreter(program: Program, words: Sequence[Word]) -> list[Word]:
    parsed = parse_arguments(program, words)
    code = any(option.effect == "code" for _, option, _ in parsed.options)
    first, *rest = parsed.operands or [Word("")]
    subject = [] if code or not parsed.operands else rest[:1] if first.text == "run" and rest else [first]
    return [*parsed.values("-f", "-r", "--require", "--import"), *subject]


def _of_python(_: Program, words: Sequence[Word]) -> list[Word]:
    line = read_python(words)
    if line.subject is None or line.mode == "c":
        return []
    if line.mode != "m":
        return [line.subject]
    path = line.subject.text.replace(".", "/")
    covered = _code_in(line.rest) if line.subject.text == "coverage" else []
    return [*(Word(f"{path}{end}", line.subject.known) for end in (".py", "/__main__.py")), *covered]


def _of_env(program: Program, words: Sequence[Word]) -> list[Word]:
    """What `-S` splits is not looked into; a command that is given in words is seen by itself."""
    split = parse_arguments(program, words).given("-S", "--split-string")
    return [Word(UNKNOWN, Known.NOT)] if split else []


def _of_source(program: Program, words: Sequence[Word]) -> list[Word]:
    return parse_arguments(program, words).operands[:1]


_OPERANDS: Mapping[str, Callable[[Program, Sequence[Word]], list[Word]]] = {
    "env": _of_env,
    "interpreter": _of_interpreter,
    "python": _of_python,
    "shell": _of_shell,
    "source": _of_source,
}
"""By the check that the catalogue gives a program: which of its words name code."""


def _read_first(name: str, words: Sequence[Word]) -> list[Word]:
    """What a build tool reads: the files that it is told, or those that it looks for where it is told to go."""
    parsed = parse_arguments(_BUILD_TOOL, words)
    files = parsed.values("-f", "--file", "--makefile") or [Word(file) for file in _READ_FIRST[name]]
    for directory in parsed.values("-C", "--directory"):
        files = [Word(f"{directory.text}/{file.text}", max(directory.known, file.known)) for file in files]
    return files
