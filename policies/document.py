"""Read a YAML file that a user wrote into plain data, remembering where each key and value stands.

It reads the part of YAML that a plan or a policy needs: one document of mappings, lists and scalars. Tags, anchors and
aliases are refused, so that no file can grow when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from policies.problems import DocumentError, Problem, did_you_mean, render

__all__ = ["Document", "DocumentError", "KeyPath", "Place", "Problem", "did_you_mean", "read_document", "render"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 40

KeyPath: TypeAlias = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: Mapping[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Place(NamedTuple):
    """A position in a file; both count from 1."""

    line: int
    col: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's text, its plain data (dict, list, str, int, float, bool, None), and where keys and values stand."""

    file: str
    text: str
    data: Any
    keys: Mapping[KeyPath, Place]
    values: Mapping[KeyPath, Place]

    def key_place(self, path: KeyPath) -> Place:
        """Where the key at the end of a path stands; of a list's item, where the item stands."""
        return self.keys.get(path) or self.value_place(path)

    def value_place(self, path: KeyPath) -> Place:
        """Where the value at a path begins, or else the nearest mapping or list around it; 1:1 for the whole file."""
        while path:
            if (place := self.values.get(path)) is not None:
                return place
            path = path[:-1]
        return Place(1, 1)

    def problem(self, path: KeyPath, message: str, *, hint: str | None = None, at_key: bool = False) -> Problem:
        """A problem of this file at the value of a path, or at its key."""
        line, col = self.key_place(path) if at_key else self.value_place(path)
        return Problem(file=self.file, line=line, col=col, message=message, hint=hint)


def read_document(source: bytes | str, *, file: str) -> Document:
    """Read a YAML file; `file` is the name that problems carry.

    Raises:
        DocumentError: it is too large, not UTF-8, not YAML, or uses what is not read here.

    """
    text = _decoded(source, file)
    builder = _Builder(file=file)
    data = builder.build(text)
    if builder.problems:
        raise DocumentError(builder.problems, text)
    return Document(file=file, text=text, data=data, keys=builder.keys, values=builder.values)


def _decoded(source: bytes | str, file: str) -> str:
    def refuse(message: str, line: int = 1, col: int = 1) -> DocumentError:
        return DocumentError([Problem(file=file, line=line, col=col, message=message)], "")

    try:
        raw = source if isinstance(source, bytes) else source.encode()
        if len(raw) > MAX_BYTES:
            raise refuse(f"the file is larger than {MAX_BYTES} bytes")
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line_start = before.rfind(b"\n") + 1
        place = before.count(b"\n") + 1, len(before[line_start:].decode(errors="replace")) + 1
        raise refuse("the file is not UTF-8", *place) from None
    except UnicodeEncodeError:
        raise refuse("the file holds a lone surrogate, which is not UTF-8") from None


class _Stop(Exception):
    """Reading can't go on after the problem that was just noted."""


@dataclass(slots=True, kw_only=True)
class _Builder:
    """Build plain data out of the parser's events, noting places and problems."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)

    def build(self, text: str) -> Any:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            return self._document(YAML(typ="safe", pure=True).parse(text))
        except _Stop:
            return None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._note(mark, " ".join(part for part in (error.context, error.problem) if part) or "not YAML")
        except YAMLError as error:
            # A character that YAML forbids: the reader knows no line, its message names the character.
            self._note(None, f"not YAML: {str(error).splitlines()[0]}")
        return None

    def _document(self, events: Iterator[Any]) -> Any:
        data, documents = None, 0
        for event in events:
            match type(event).__name__:
                case "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        raise self._stop(event, "a second document begins here; one file holds one document")
                case "StreamStartEvent" | "StreamEndEvent" | "DocumentEndEvent" | "CommentEvent":
                    continue
                case _:
                    data = self._value(event, events, ())
        return data

    def _value(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        self._refuse_extras(event)
        self.values[path] = _place(event.start_mark)
        if len(path) > MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} deep")
        match type(event).__name__:
            case "MappingStartEvent":
                return self._mapping(events, path)
            case "SequenceStartEvent":
                return self._sequence(events, path)
            case _:
                return _scalar(event.value) if event.implicit[0] else event.value

    def _sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            items.append(self._value(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            self._refuse_extras(event)
            if type(event).__name__ != "ScalarEvent":
                raise self._stop(event, "a key must be a word, not a list or a mapping")
            key, here = event.value, (*path, event.value)
            if key in pairs:
                self._note(event.start_mark, f"duplicate key {key!r}")
            self.keys[here] = _place(event.start_mark)
            pairs[key] = self._value(next(events), events, here)
        return pairs

    def _refuse_extras(self, event: Any) -> None:
        if type(event).__name__ == "AliasEvent" or event.anchor is not None:
            starred = " (a word that begins with `*` needs quotes)" if type(event).__name__ == "AliasEvent" else ""
            raise self._stop(event, f"anchors and aliases are not read here; write the value out{starred}")
        if getattr(event, "tag", None) is not None:
            raise self._stop(event, f"tags are not read here: {event.tag}")

    def _stop(self, event: Any, message: str) -> _Stop:
        self._note(event.start_mark, message)
        return _Stop()

    def _note(self, mark: Any, message: str) -> None:
        line, col = _place(mark) if mark is not None else Place(1, 1)
        self.problems.append(Problem(file=self.file, line=line, col=col, message=message))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _scalar(text: str) -> Any:
    """What a plain scalar means, by the core schema of YAML 1.2."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        # Base 10 on purpose for a leading zero: a version or an identifier is not octal.
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
