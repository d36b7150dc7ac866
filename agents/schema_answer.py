"""An answer held to a JSON Schema: a tool's arguments as the whole answer, from models that take such a schema.

The rest of the program sees a call of that tool either way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents.errors import ModelError, ModelRefused
from agents.model import Message, ModelRequest, ToolCall, ToolSchema

TAKE_BOTH = frozenset({"openai", "azure"})
"""Providers of litellm whose models take tools and `response_format` in one request. Others refuse the two together
(Gemini), or get the schema as a tool that the model is then forced to call (Anthropic), so that it could never look."""


def answer_tool(litellm: Any, model: str, request: ModelRequest) -> ToolSchema | None:
    """The tool whose arguments this model is to answer with; None where it is to call it as any other."""
    if request.answer is None:
        return None
    try:
        _, provider, _, _ = litellm.get_llm_provider(model)
        takes = provider in TAKE_BOTH and litellm.supports_response_schema(model=model)
    except Exception:  # noqa: BLE001 - litellm has no one error for a model that it does not know
        return None
    return next((tool for tool in request.tools if takes and tool.name == request.answer), None)


def without_call(request: ModelRequest, tool: ToolSchema) -> ModelRequest:
    """The request as if the model had never had this tool: its calls are answers, what came back is ours to say."""
    called: set[str | None] = set()
    messages = []
    for message in request.messages:
        calls = [call for call in message.tool_calls if call.name == tool.name]
        if len(calls) == len(message.tool_calls) == 1:
            called.add(calls[0].id)
            message = Message(role="assistant", content=calls[0].arguments)
        elif message.role == "tool" and message.tool_call_id in called:
            message = Message(role="user", content=message.content)
        messages.append(message)
    tools = tuple(each for each in request.tools if each is not tool)
    return replace(request, messages=tuple(messages), tools=tools)


def response_format(tool: ToolSchema) -> dict[str, Any]:
    """What makes a model answer with the tool's arguments; not `strict`, which takes no optional properties."""
    schema = {"name": tool.name, "description": tool.description, "schema": dict(tool.parameters), "strict": False}
    return {"type": "json_schema", "json_schema": schema}


def as_call(message: Message, tool: ToolSchema) -> Message:
    """The answer as a call of the tool, where it called no other."""
    if message.tool_calls or not message.content.strip():
        return message
    call = ToolCall(id="", name=tool.name, arguments=message.content)
    return Message(role="assistant", tool_calls=(call,))


def refuses_schema(error: ModelError) -> bool:
    """Whether a provider says that it takes no such schema, though litellm's table says that its model does."""
    words = error.why.lower()
    return isinstance(error, ModelRefused) and any(word in words for word in ("response_format", "json_schema"))
