"""From a command to the rule that it is an example of: as general as the catalogue can judge by itself, and no more.

Of a program whose arguments the catalogue knows they are left free: its own limits bind them under any rule. Of
another program every word is kept. Nothing that takes code in an argument, or runs another command, is left free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from policies.engine.catalogue import Program, find_program
from policies.lookups import Lookup
from policies.paths import WORKSPACE, is_inside, resolve
from policies.pattern import Pattern
from policies.shape import Shape, shape_of

Candidates = Sequence[tuple[str, ...]]

FORMS_OF_A_SCRIPT = 3
"""With so many different arguments a script of the workspace is taken to be run with any, where that is allowed."""

_MODULES = frozenset({"pytest", "ruff", "mypy", "black", "isort", "flake8", "coverage"})
"""Modules of python whose arguments the catalogue knows by the name of the program that they also are."""

_INTERPRETERS = frozenset({"python", "interpreter", "shell"})
_WRAPPERS = frozenset({"wrapper", "env", "xargs", "command"})


def is_needed(lookup: Lookup) -> bool:
    """Whether a command runs only where a rule allows it; no rule needs to be about one that only runs another."""
    program = _program(lookup.name)
    if program is None or program.check not in _WRAPPERS:
        return True
    return not lookup.candidates[0] or _asks_what_a_name_means(program, lookup.candidates[0])


def generalised(lookup: Lookup) -> Shape | None:
    """The safe form that a command is an example of; None where it has none, or where no pattern can say it."""
    name = lookup.name
    program = _program(name)
    if program is None:
        return _closed(name, lookup.candidates)
    return _FORMS.get(program.check, _listed)(name, program, lookup.candidates)


def exact(lookup: Lookup) -> Shape | None:
    """The command itself, whatever it is spelled like; None where that would leave code free, or can't be said."""
    form = generalised(lookup)
    return form if form is None or form.closed else _closed(lookup.name, lookup.candidates)


def narrowed(pattern: Pattern, lookups: Sequence[Lookup]) -> tuple[list[Shape], list[Lookup]]:
    """What of an allowing pattern was used: shapes that match no more than it does, and the commands that have none."""
    shapes: list[Shape] = []
    left: list[Lookup] = []
    scripts: dict[Shape, set[Shape]] = {}
    for lookup in lookups:
        shape, script = _within(pattern, lookup)
        if shape is None:
            left.append(lookup)
            continue
        shapes.append(shape)
        if script is not None and shape.closed:
            scripts.setdefault(script, set()).add(shape)
    return [*shapes, *(script for script, forms in scripts.items() if len(forms) >= FORMS_OF_A_SCRIPT)], left


def script_of(shape: Shape) -> str | None:
    """The file of the workspace that a shape runs, as a program or by an interpreter."""
    name, *given = (words[0] for words in shape.words)
    if name.startswith("./"):
        return name
    program = _program(name)
    runs_file = program is not None and program.check in _INTERPRETERS and bool(given) and _is_script(given[0])
    return given[0] if runs_file else None


def _within(pattern: Pattern, lookup: Lookup) -> tuple[Shape | None, Shape | None]:
    """The shape of a command within a pattern, and the script or the pattern's own words that it gives arguments to."""
    given = next(words for words in lookup.candidates if pattern.matches(words))
    names = _names(pattern, lookup)
    begun = given[: len(pattern.rest)]
    if pattern.closed:
        return _named(shape_of(("", *begun), closed=True), names), None
    form = generalised(lookup)
    if form is None:
        return None, None
    words = tuple(word[0] for word in form.words[1:])
    if form.closed or not pattern.matches(max(words, begun, key=len)):
        whole = _named(shape_of(("", *given), closed=True), names)
        script = _script(pattern, lookup, given)
        return whole, _named(shape_of(("", *script), closed=False), names) if script is not None else None
    return _named(shape_of(("", *max(words, begun, key=len)), closed=False), names), None


def _names(pattern: Pattern, lookup: Lookup) -> tuple[str, ...]:
    """The first words of a pattern that name the program; of python all that it is called by."""
    matching = sorted(pattern.names & lookup.names)
    name = lookup.name
    program = _program(name)
    if program is not None and program.check == "python" and pattern.names:
        return tuple(sorted(found for found in pattern.names if find_program(found) is program))
    if name in matching or not matching:
        return (name,)
    return tuple(matching[:1])


def _named(shape: Shape | None, names: tuple[str, ...]) -> Shape | None:
    return Shape(words=(names, *shape.words[1:]), closed=shape.closed) if shape is not None else None


def _script(pattern: Pattern, lookup: Lookup, given: tuple[str, ...]) -> tuple[str, ...] | None:
    """The arguments that say what runs, where those behind them may well be any: a script's path, or a rule's words."""
    program = _program(lookup.name)
    if program is None and "/" in lookup.name:
        return given[: len(pattern.rest)]
    if program is not None and program.check in _INTERPRETERS:
        return given[: max(1, len(pattern.rest))] if given and _is_script(given[0]) else None
    return given[: len(pattern.rest)] if pattern.rest else None


def _program(name: str) -> Program | None:
    return find_program(name) if "/" not in name else None


def _is_script(path: str) -> bool:
    found = resolve(path, WORKSPACE) if path and not path.startswith("-") else None
    return found is not None and found != WORKSPACE and is_inside(found, WORKSPACE)


def _closed(name: str, candidates: Candidates) -> Shape | None:
    return shape_of((name, *candidates[-1]), closed=True)


def _listed(name: str, program: Program, candidates: Candidates) -> Shape | None:
    if program.at_least:
        return None
    if not program.subcommands:
        return shape_of((name,), closed=False)
    inner = program.subcommands.get(candidates[-1][0]) if candidates[-1] else None
    if inner is None:
        return _closed(name, candidates)
    return shape_of((name, candidates[-1][0]), closed=False) if not inner.at_least else None


def _python(name: str, _: Program, candidates: Candidates) -> Shape | None:
    given = candidates[-1]
    match given:
        case ("-m", module, *_) if module in _MODULES or find_program(f"python.{module}") is not None:
            return shape_of((name, "-m", module), closed=False)
        case ("-m", _, *_):
            return shape_of((name, *given), closed=True)
        case (flag,) if flag.startswith("--") or flag in {"-V", "-VV", "-h"}:
            return shape_of((name, flag), closed=True)
        case (script, *_) if _is_script(script):
            return shape_of((name, *given), closed=True)
        case _:
            return None


def _interpreter(name: str, _: Program, candidates: Candidates) -> Shape | None:
    given = candidates[-1]
    if given and (_is_script(given[0]) or (len(given) == 1 and given[0] in {"--version", "--help", "-v", "-V"})):
        return shape_of((name, *given), closed=True)
    return None


def _wrapper(name: str, program: Program, candidates: Candidates) -> Shape | None:
    if program.at_least:
        return None
    if _asks_what_a_name_means(program, candidates[0]):
        return shape_of((name, candidates[0][0]), closed=False)
    return shape_of((name,), closed=True) if not candidates[0] else None


def _asks_what_a_name_means(program: Program, given: Sequence[str]) -> bool:
    return program.name == "command" and bool(given) and given[0] in {"-v", "-V"}


_FORMS: Mapping[str, Callable[[str, Program, Candidates], Shape | None]] = {
    "python": _python,
    "interpreter": _interpreter,
    "shell": _interpreter,
    **dict.fromkeys(_WRAPPERS, _wrapper),
}
