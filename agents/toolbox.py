"""The table of tools, and how a model sees those of a role: few, with small schemas."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agents.model import ToolSchema
from agents.tool import Tool
from agents.tools.edit import EDIT
from agents.tools.recall import RECALL
from agents.tools.shell import SHELL

if TYPE_CHECKING:
    from agents.roles import RoleSpec

FINISH = "finish"
"""What every role has besides: the one call that hands its result over."""

LEARNT = "`learnt`: lasting facts about the repository for later runs, if any; its owners decide."
"""How it is said to a role that may propose them."""

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (SHELL, EDIT, RECALL)}
"""Adding a tool: one file in `agents/tools`, and its name here. The order is that of the request."""


def tools_for(*, writes: bool) -> tuple[str, ...]:
    """The names of what a role has that `writes` files, or does not."""
    return (*(name for name, tool in TOOLS.items() if writes or not tool.writes), FINISH)


@cache
def tool_schemas(role: RoleSpec) -> tuple[ToolSchema, ...]:
    """The tools of a role, `finish` with the role's own result as its schema."""
    schemas = []
    for name in role.tools:
        if name == FINISH:
            schemas.append(ToolSchema(name=name, description=_finishing(role), parameters=schema_of(role.result)))
        else:
            tool = TOOLS[name]
            schemas.append(ToolSchema(name=name, description=tool.description, parameters=schema_of(tool.arguments)))
    return tuple(schemas)


def _finishing(role: RoleSpec) -> str:
    return f"{role.finishing} {LEARNT}" if "learnt" in role.result.model_fields else role.finishing


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


def tools_tokens(tools: tuple[ToolSchema, ...]) -> int:
    """About how many tokens the tools' schemas take in each request."""
    return sum(len(f"{tool.name}{tool.description}{tool.parameters}") // 4 for tool in tools)
