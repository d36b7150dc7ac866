"""The kinds of values in a plan file: what each refuses, and what the JSON Schema says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from orchestrator.plan.units import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    ZERO_DURATION,
    UnitError,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)
from sandbox.network.allow_list import Entry
from sandbox.network.hosts import HostRefused

_NAME = r"^[a-z0-9-]{1,40}$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_LINE = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
_REVISION = r"^[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*$"
_TEXT = r"^[^\x00]*[^\x00\s][^\x00]*$"
_VALUE = r"^[^\x00]*$"
_GLOB = r"^(?!/)(?!(.*/)?\.\.?(/|$))(?!.*//)(?!.*/$)[^\x00-\x1f\x7f]+$"
_HOST = (
    r"^(private:)?(\*\.)?(([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?$"
)
_LONGEST_NUMBER = 10**12


def _shaped(pattern: str, message: str, *, longest: int = 100_000) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if len(value) > longest:
            raise PydanticCustomError("too_long", "must be at most {longest} characters", {"longest": longest})
        if compiled.fullmatch(value) is None:
            raise PydanticCustomError("shape", "{message}", {"message": message})
        return value

    return check


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


def _duration(value: Any) -> float:
    try:
        return parse_duration(value if isinstance(value, str) else "")
    except UnitError as error:
        raise PydanticCustomError("duration", "{message}", {"message": str(error)}) from None


def _time(value: Any) -> float:
    return 0.0 if isinstance(value, str) and ZERO_DURATION.fullmatch(value) else _duration(value)


def _size(value: Any) -> int:
    try:
        return parse_size(value if isinstance(value, str) else "")
    except UnitError as error:
        raise PydanticCustomError("size", "{message}", {"message": str(error)}) from None


def _listed_host(host: str) -> str:
    try:
        Entry.of(host)
    except HostRefused as refused:
        raise PydanticCustomError("host", "can't be a host on the list: {why}", {"why": str(refused)}) from None
    return host.lower()


def _a_list(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("list", "must be a list, such as [one, two]")
    return value


def _not_empty(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise PydanticCustomError("empty", "must name at least one, or be left out")
    return value


def _quoted(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("unquoted", "must be text: put it in quotes")
    return value


def _chain(value: Any) -> Any:
    """One model id is a chain of one."""
    return [value] if isinstance(value, str) else value


_T = TypeVar("_T")

Listed = Annotated[tuple[_T, ...], BeforeValidator(_a_list)]
"""A list of something; one thing alone is not a list."""

Name = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_NAME, "must be 1 to 40 characters of a-z, 0-9 and -")),
    _schema(_NAME),
]
"""The name of a plan or a task: it becomes part of branch names and of directory names."""

Line = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_LINE, "must be one line of text, without spaces around it", longest=1000)),
    _schema(_LINE),
]
"""One line of text."""

Revision = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_REVISION, "must be the name of a branch", longest=250)),
    _schema(_REVISION),
]
"""The name of a branch, as far as its shape can tell."""

Text = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_TEXT, "must not be empty")),
    _schema(_TEXT),
]
"""Text of any number of lines that is not blank."""

VariableName = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_VARIABLE, "must be the name of an environment variable", longest=200)),
    _schema(_VARIABLE),
]
"""The name of an environment variable."""

VariableValue = Annotated[
    str,
    BeforeValidator(_quoted),
    AfterValidator(_shaped(_VALUE, "must hold no zero byte")),
    _schema(_VALUE),
]
"""What an environment variable holds: text, never a bare number or a bare true."""

Glob = Annotated[
    str,
    Strict(),
    AfterValidator(
        _shaped(
            _GLOB,
            "must be a path or glob from the top of the repository, such as src/**, without . or ..",
            longest=1000,
        )
    ),
    _schema(_GLOB),
]
"""Paths of the repository: `*` within a segment, `**/` none or more segments."""

Globs = Annotated[
    Listed[Glob],
    AfterValidator(_not_empty),
    WithJsonSchema({"type": "array", "items": {"type": "string", "pattern": _GLOB}, "minItems": 1}),
]
"""Globs, at least one."""

Host = Annotated[
    str,
    Strict(),
    AfterValidator(_shaped(_HOST, 'must be a host such as "packages.example.com:443" or "*.example.org"', longest=260)),
    AfterValidator(_listed_host),
    _schema(_HOST),
]
"""A host that may be reached, all of its subdomains with `*.`, at a private address with `private:`, and its port."""

ModelChain = Annotated[
    Listed[Line],
    BeforeValidator(_chain),
    AfterValidator(_not_empty),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _LINE},
                {"type": "array", "items": {"type": "string", "pattern": _LINE}, "minItems": 1},
            ]
        }
    ),
]
"""Model ids, tried first to last; one may stand alone."""

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
"""Seconds, written with a unit."""

Time = Annotated[
    float,
    BeforeValidator(_time),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
"""Seconds that may be used, written with a unit; zero means none."""

Size = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN}),
]
"""Bytes, written with a unit."""

Count = Annotated[int, Strict(), Field(ge=0, le=_LONGEST_NUMBER)]
"""How many at most; zero means none."""

PositiveCount = Annotated[int, Strict(), Field(ge=1, le=_LONGEST_NUMBER)]
"""How many at most, at least one."""

Dollars = Annotated[float, Strict(), Field(ge=0, le=_LONGEST_NUMBER, allow_inf_nan=False)]
"""US dollars; zero means none."""
