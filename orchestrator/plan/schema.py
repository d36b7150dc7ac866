"""The JSON Schema of a plan file, for editors: as strict as the loader in all that one value can tell."""

from __future__ import annotations

from typing import Any

from orchestrator.plan.models import MAIN, Plan
from orchestrator.plan.units import DURATION_PATTERN, SIZE_PATTERN, format_duration, format_size

_WRITTEN = {DURATION_PATTERN: format_duration, SIZE_PATTERN: format_size}


def plan_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that takes what a plan file may hold."""
    schema: dict[str, Any] = _tidied(Plan.model_json_schema(by_alias=True))
    definitions = schema["$defs"]
    definitions["Task"]["properties"]["id"]["not"] = {"const": MAIN}
    definitions["Task"]["properties"]["needs"]["uniqueItems"] = True
    definitions["Task"]["properties"]["gates"]["uniqueItems"] = True
    definitions["SandboxSettings"]["not"] = {"required": ["image", "dockerfile"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "mimo-orchestrate plan"}


def _tidied(node: Any) -> Any:
    """The schema without what speaks of the program's inside: class names, docstrings, None, seconds, bytes."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(value) for key, value in node.items() if not _is_inside(key, value)}
    write = _WRITTEN.get(tidy.get("pattern", ""))
    if write is not None and "default" in tidy:
        tidy["default"] = write(tidy["default"])
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    return _without_null(tidy)


def _is_inside(key: str, value: Any) -> bool:
    if key == "default":
        return value is None or isinstance(value, dict | list)
    return key in {"title", "description"} and isinstance(value, str)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    members = node.get("anyOf")
    if not isinstance(members, list) or {"type": "null"} not in members:
        return node
    others = [member for member in members if member != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return rest | (others[0] if len(others) == 1 else {"anyOf": others})
