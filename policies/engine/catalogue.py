"""What programs do with their arguments, read from `policies/catalogue/*.yaml`: an entry for one or several alike.

A file is split into its entries without parsing it; an entry is parsed when its program is first met, so that the
catalogue costs nothing at start however long it grows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from policies.document import read_document

_DIRECTORY = Path(__file__).parent.parent / "catalogue"
_ENTRY = re.compile(r"^(?=\S)(?!#)", re.MULTILINE)
_VALUES = {"": "", "=": "required", "==": "two", "?": "attached"}
_NAMES = re.compile(r'"([^"\n]+)":|([^"#:\n]+):')


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option: whether it takes a value (`required`, `two`, or `attached` only), and what value or option does."""

    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is known of a program or of one of its subcommands. CONTRIBUTING says what the fields mean.

    `risky`: it has an option that is refused, so that a file's name taken for an option does harm.
    """

    name: str
    options: dict[str, Option] = field(default_factory=dict)
    operands: tuple[str, ...] = ()
    first: frozenset[str] = frozenset()
    dynamic: str = ""
    style: str = ""
    numeric: bool = False
    stop: bool = False
    wrapper: int | None = None
    at_least: str = ""
    check: str = ""
    plain: re.Pattern[str] | None = None
    argument_files: bool = False
    subcommands: dict[str, Program] = field(default_factory=dict)
    risky: bool = False


@lru_cache(maxsize=4096)
def find_program(name: str) -> Program | None:
    """The catalogue's entry for a program's bare name, or None."""
    exact, patterns = _index()
    source = exact.get(name)
    if source is None:
        source = next((text for pattern, text in patterns if fnmatchcase(name, pattern)), None)
    return _entry(source) if source is not None else None


def family_of(name: str, program: Program) -> frozenset[str]:
    """The name that rules may call a program by beside its own: that of its family, where it is a version of it."""
    return frozenset() if name in _index()[0] else frozenset({program.name})


def known_names() -> frozenset[str]:
    """All exact names in the catalogue."""
    return frozenset(_index()[0])


@cache
def _index() -> tuple[dict[str, str], list[tuple[str, str]]]:
    exact: dict[str, str] = {}
    patterns: list[tuple[str, str]] = []
    for path in sorted(_DIRECTORY.glob("*.yaml")):
        for entry in _ENTRY.split(path.read_text()):
            found = _NAMES.match(entry)
            for name in (found[1] or found[2]).split() if found else ():
                if "*" in name:
                    patterns.append((name, entry))
                else:
                    exact[name] = entry
    return exact, patterns


@cache
def _entry(source: str) -> Program:
    [(names, data)] = read_document(source, file="catalogue").data.items()
    return _program(names.split()[0], data or {})


def _program(name: str, data: dict[str, Any], shared: dict[str, Any] | None = None) -> Program:
    groups = {**(shared or {}), **data.get("groups", {})}
    options = _options(data, groups)
    return Program(
        name=name,
        options=options,
        risky=any(option.effect.startswith("deny") for option in options.values()),
        operands=tuple(data.get("operands", "").split()),
        first=frozenset(data.get("first", "").split()),
        dynamic=data.get("dynamic", ""),
        style=data.get("style", ""),
        numeric=data.get("numeric", False),
        stop=data.get("stop", False),
        wrapper=data.get("wrapper"),
        at_least=data.get("at_least", ""),
        check=data.get("check", ""),
        plain=re.compile(data["plain"], re.DOTALL) if "plain" in data else None,
        argument_files=data.get("argument_files", False),
        subcommands={
            alias: _program(f"{name} {names.split()[0]}", inner or {}, groups)
            for names, inner in data.get("subcommands", {}).items()
            for alias in names.split()
        },
    )


def _options(data: dict[str, Any], groups: dict[str, Any]) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for group in data.get("include", "").split():
        options |= _options(groups[group], groups)
    for token in data.get("options", "").split():
        name = token.rstrip("=?")
        options[name] = Option(value=_VALUES[token[len(name) :]])
    for name, effect in data.get("effects", {}).items():
        for each in name.split():
            bare = each.rstrip("=?")
            known = options.get(bare, Option(value=_VALUES[each[len(bare) :]]))
            options[bare] = Option(value=known.value, effect=effect)
    return options
