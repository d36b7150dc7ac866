"""The tools as a model sees them: few, with small schemas."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agents.model import ToolSchema
from agents.roles import RoleSpec


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShellArguments(_Arguments):
    """Arguments of `shell`."""

    command: Annotated[str, Field(min_length=1, max_length=65_536)]
    timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None


class EditArguments(_Arguments):
    """Arguments of `edit`; an empty `old` creates the file."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    old: str
    new: str


class RecallArguments(_Arguments):
    """Arguments of `recall`."""

    query: Annotated[str, Field(min_length=1, max_length=1000)]


TOOLS: dict[str, tuple[type[_Arguments], str]] = {
    "shell": (
        ShellArguments,
        "Run a bash script in a fresh shell at /workspace (cd and variables don't carry over; nothing keeps running). "
        "Long output is cut in the middle; recall finds the rest.",
    ),
    "edit": (
        EditArguments,
        "Replace `old`, which must occur exactly once in the file, by `new`. An empty `old` creates the file.",
    ),
    "recall": (
        RecallArguments,
        "Search the whole output of your earlier steps and what other tasks found; `step 12` shows that step.",
    ),
}


@cache
def tool_schemas(role: RoleSpec) -> tuple[ToolSchema, ...]:
    """The tools of a role, `finish` with the role's own result as its schema."""
    schemas = []
    for name in role.tools:
        arguments, description = (role.result, role.finishing) if name == "finish" else TOOLS[name]
        schemas.append(ToolSchema(name=name, description=description, parameters=schema_of(arguments)))
    return tuple(schemas)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, short: references written out, titles and docstrings left out."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    short: dict[str, Any] = _shorten(schema, definitions)
    return short


def _shorten(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_shorten(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _shorten(definitions[value["$ref"].rsplit("/", 1)[-1]], definitions)
    if "anyOf" in value:
        # An optional argument is one that may be left out: null need not be offered.
        value = next(option for option in value["anyOf"] if option.get("type") != "null")
    kept = {
        key: item
        for key, item in value.items()
        if key not in {"title", "description", "maxLength", "maximum", "default"}
    }
    if "properties" in kept:
        kept["properties"] = {name: _shorten(item, definitions) for name, item in kept["properties"].items()}
    return {key: item if key == "properties" else _shorten(item, definitions) for key, item in kept.items()}
