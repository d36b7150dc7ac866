"""A state as plain JSON and back, by the types of its fields.

pydantic does this too, but takes a good part of the time that `status` has just to be imported.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

Read = Callable[[Any], Any]


class NotThatShape(ValueError):
    """A value is not of the type that was wanted."""


def to_plain(value: Any) -> Any:
    """Dicts, lists, texts, numbers: what `json.dumps` takes."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def of_plain(kind: type[T], value: Any) -> T:
    """The dataclass that a plain value is of; raises NotThatShape where it has not exactly its fields and types."""
    made: T = _reader(cast(Hashable, kind))(value)
    return made


@cache
def _reader(kind: Any) -> Read:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value: value
    if origin in {Union, UnionType}:
        return _optional(args)
    if origin in {dict, list, tuple}:
        return _container(origin, args)
    if is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, Enum):
        return _enum(kind)
    return _scalar(kind)


def _dataclass(kind: Any) -> Read:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or value.keys() != readers.keys():
            raise NotThatShape(f"no {kind.__name__}")
        return kind(**{name: reader(value[name]) for name, reader in readers.items()})

    return read


def _optional(args: tuple[Any, ...]) -> Read:
    (kind,) = (arg for arg in args if arg is not NoneType)
    reader = _reader(kind)
    return lambda value: None if value is None else reader(value)


def _container(origin: Any, args: tuple[Any, ...]) -> Read:
    readers = [_reader(arg) for arg in args if arg is not Ellipsis]

    def read_dict(value: Any) -> Any:
        return {readers[0](key): readers[1](item) for key, item in _of(dict, value).items()}

    def read_list(value: Any) -> Any:
        return origin(map(readers[0], _of(list, value)))

    def read_tuple(value: Any) -> Any:
        if len(_of(list, value)) != len(readers):
            raise NotThatShape(f"not {len(readers)} values")
        return tuple(reader(item) for reader, item in zip(readers, value, strict=True))

    if origin is dict:
        return read_dict
    return read_list if origin is list or Ellipsis in args else read_tuple


def _enum(kind: type[Enum]) -> Read:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError as error:
            raise NotThatShape(str(error)) from error

    return read


def _scalar(kind: type) -> Read:
    # JSON has one kind of number: what was 1.0 comes back as that, but a caller may have put an int where floats go.
    accepted = (int, float) if kind is float else kind

    def read(value: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise NotThatShape(f"{value!r} is no {kind.__name__}")
        return value

    return read


def _of(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise NotThatShape(f"no {kind.__name__}")
    return value
