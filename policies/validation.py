"""Turn what pydantic says about a document into problems with places, all in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from policies.document import Document
from policies.problems import DocumentError, Problem, did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from policies.document import KeyPath

    Model = TypeVar("Model", bound=BaseModel)

_SHOWN_INPUT = 60


def validate(document: Document, model: type[Model]) -> Model:
    """The document as an instance of a model.

    Raises:
        DocumentError: it does not fit the model; every reason has its place.

    """
    from pydantic import ValidationError

    if document.data is None:
        raise DocumentError([document.problem((), "the file is empty")], document.text)
    if not isinstance(document.data, dict):
        raise DocumentError([document.problem((), "the file must hold a mapping: `key: value` lines")], document.text)
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise DocumentError(validation_problems(error, document, model), document.text) from None


def validation_problems(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """One problem for each place that pydantic complains about; unknown keys carry a "did you mean"."""
    schema = model.model_json_schema()
    found: dict[tuple[KeyPath, bool], list[tuple[str, str | None]]] = {}
    for detail in error.errors(include_url=False):
        path = _path_in(document.data, detail["loc"])
        at_key = detail["type"] == "extra_forbidden"
        said = found.setdefault((path, at_key), [])
        if (message := _message(detail, path, schema)) not in said:
            said.append(message)
    return [_problem(document, path, at_key, said) for (path, at_key), said in found.items()]


def _problem(document: Document, path: KeyPath, at_key: bool, said: Sequence[tuple[str, str | None]]) -> Problem:
    # Several messages at one value are the members of a union: it could have been any of them.
    message = "; or ".join(text for text, _ in said)
    hint = next((hint for _, hint in said if hint), None)
    return document.problem(path, message, hint=hint, at_key=at_key)


def _path_in(data: Any, loc: Sequence[str | int]) -> KeyPath:
    """The part of a pydantic location that exists in the data; names of union members and missing keys drop out."""
    path: list[str | int] = []
    for step in loc:
        if isinstance(data, dict) and str(step) in data:
            data = data[str(step)]
            path.append(str(step))
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
            path.append(step)
    return tuple(path)


def _message(detail: Any, path: KeyPath, schema: Mapping[str, Any]) -> tuple[str, str | None]:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_known_keys(schema, path[:-1]))
            return f"unknown key {name!r}", did_you_mean(name, known) or _among(known)
        case "missing":
            return f"{name!r} is missing", None
        case "literal_error" | "enum":
            expected = str(detail["ctx"]["expected"])
            return f"must be {expected}, not {_shown(detail['input'])}", _close(detail["input"], expected)
        case "value_error" | "assertion_error":
            return str(detail["ctx"]["error"]), None
        case "model_type" | "model_attributes_type" | "dict_type":
            known = sorted(_known_keys(schema, path))
            return f"must be a mapping, not {_shown(detail['input'])}", _among(known)
        case "list_type":
            given = detail["input"]
            hint = f"in brackets: [{given}]" if isinstance(given, str | int) else None
            return f"must be a list, not {_shown(given)}", hint
        case "string_too_short" | "too_short":
            return "must not be empty", None
        case _:
            said = str(detail["msg"]).replace("Input should be", "must be")
            return f"{said[0].lower()}{said[1:]}, not {_shown(detail['input'])}", None


def _among(known: Sequence[str]) -> str | None:
    return f"known here: {', '.join(known)}" if known else None


def _close(given: Any, expected: str) -> str | None:
    known = expected.replace(" or ", ", ").replace("'", "").split(", ")
    return "without quotes" if given in known else did_you_mean(str(given), known)


def _shown(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "nothing"}
    if type(value) in kinds:
        return kinds[type(value)]
    text = repr(value)
    return text if len(text) <= _SHOWN_INPUT else text[: _SHOWN_INPUT - 3] + "..."


def _known_keys(schema: Mapping[str, Any], path: KeyPath) -> set[str]:
    """The keys that a JSON schema knows in the mapping at a path, whichever member of a union that mapping may be."""
    here = list(_branches(schema, schema))
    for step in path:
        here = [branch for node in here for branch in _step(node, step, schema)]
    return {key for node in here for key in node.get("properties", {})}


def _step(node: Mapping[str, Any], step: str | int, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if isinstance(step, int):
        child = node.get("items")
    else:
        child = node.get("properties", {}).get(step) or node.get("additionalProperties")
    return list(_branches(child, root)) if isinstance(child, dict) else []


def _branches(node: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in node:
        return _branches(root["$defs"][str(node["$ref"]).rsplit("/", 1)[1]], root)
    members = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    return [node, *(branch for member in members for branch in _branches(member, root))]
