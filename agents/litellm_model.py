"""Every provider, through litellm: the only module that imports it, and only when a model is asked."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio

from agents.abandonable import TooManyLeft, run_abandonable
from agents.cache_marks import marked, wants_marks
from agents.conversation import CHARS_PER_TOKEN, estimate
from agents.errors import ModelError, ModelFault, ModelRefused
from agents.faults import model_error
from agents.lean_client import send_as_given
from agents.leftovers import keep_for_good
from agents.model import Bill, Message, ModelReply, ModelRequest, ToolSchema, Usage
from agents.prices import Price
from agents.redact import Redactor
from agents.schema_answer import answer_tool, as_call, refuses_schema, response_format, without_call
from agents.wire import Assembly, Incomplete, sent_messages, sent_tools

GRACE_SECONDS = 30.0
"""Beyond its whole time an answer is given up even where no byte of it came in that could have ended it."""


class LitellmModel:
    """One model id of litellm, asked once for each request: no retries here, and none of litellm's own.

    `timeout_seconds` is the longest silence of the provider, `total_seconds` the longest answer. Keys and endpoints
    come from litellm's own environment variables; `redactor` takes them out of errors.
    """

    def __init__(
        self,
        id: str,
        *,
        redactor: Redactor,
        prices: Mapping[str, Price] | None = None,
        stream: bool = True,
        timeout_seconds: float = 120.0,
        total_seconds: float = 900.0,
    ) -> None:
        self.id = id
        self._redactor = redactor
        self._price = (prices or {}).get(id)
        self._stream = stream
        self._timeout_seconds = timeout_seconds
        self._total_seconds = total_seconds
        self._takes_schema = True
        self._caches: bool | None = None
        self.window: int | None = None
        """From litellm's table; known from the first request on, because reading it takes seconds."""

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Ask once, in a thread; raises ModelFault, ModelRefused or ContextTooLong."""
        seconds = self._total_seconds + GRACE_SECONDS
        try:
            with anyio.move_on_after(seconds):
                return await run_abandonable(partial(self._ask, request))
        except TooManyLeft as error:
            raise ModelFault(self.id, str(error)) from None
        raise ModelFault(self.id, f"no end of the answer within {seconds:g} s")

    def _ask(self, request: ModelRequest, abandoned: threading.Event) -> ModelReply:
        litellm = load_litellm()
        self._look_up(litellm)
        from agents.bounded_http import Bounds, within

        began, cpu_began = time.monotonic(), time.thread_time()
        answer = answer_tool(litellm, self.id, request) if self._takes_schema else None
        bounds, assembly = Bounds(total_seconds=self._total_seconds, abandoned=abandoned), Assembly()
        try:
            with within(bounds):
                self._complete(litellm, self._arguments(request, answer), assembly)
            message = assembly.message() if answer is None else as_call(assembly.message(), answer)
        except Exception as error:  # noqa: BLE001 - litellm raises whatever its providers' adapters raise
            failure = self._failure(error, bounds.overrun)
        else:
            return self._reply(litellm, request, assembly, message, began=began, cpu_began=cpu_began)
        if answer is not None and refuses_schema(failure):
            self._takes_schema = False
            return self._ask(request, abandoned)
        if bounds.begun:
            usage = _usage(request, assembly)
            failure.bill = Bill(usage=usage, cost=self._cost(litellm, usage))
        # Outside the handler, so that the original, which may hold the key, does not travel along as its context.
        raise failure

    def _look_up(self, litellm: Any) -> None:
        if self._caches is None:
            self._caches, self.window = wants_marks(litellm, self.id), window_of(litellm, self.id)

    def _failure(self, error: Exception, overrun: str | None) -> ModelError:
        if overrun is not None or isinstance(error, Incomplete):
            return ModelFault(self.id, overrun or str(error))
        return model_error(error, model=self.id, redactor=self._redactor)

    def _reply(
        self,
        litellm: Any,
        request: ModelRequest,
        assembly: Assembly,
        message: Message,
        *,
        began: float,
        cpu_began: float,
    ) -> ModelReply:
        usage = _usage(request, assembly)
        return ModelReply(
            model=self.id,
            message=message,
            finish_reason=assembly.finish_reason or "stop",
            usage=usage,
            cost=self._cost(litellm, usage),
            latency_seconds=time.monotonic() - began,
            client_ms=(time.thread_time() - cpu_began) * 1000,
        )

    def _complete(self, litellm: Any, arguments: dict[str, Any], assembly: Assembly) -> None:
        response = litellm.completion(**arguments)
        if not self._stream:
            assembly.take(response.model_dump(warnings=False))
            return
        try:
            for chunk in response:
                assembly.take(chunk.model_dump(warnings=False))
        finally:
            close_stream(response)
        require_end(response)

    def _arguments(self, request: ModelRequest, answer: ToolSchema | None) -> dict[str, Any]:
        held = {} if answer is None else {"response_format": response_format(answer)}
        request = request if answer is None else without_call(request, answer)
        streaming = {"stream": True, "stream_options": {"include_usage": True}} if self._stream else {}
        tools = {"tools": sent_tools(request)} if request.tools else {}
        messages = sent_messages(request)
        return {
            "model": self.id,
            "messages": marked(messages) if self._caches else messages,
            "max_tokens": request.max_tokens,
            "timeout": self._timeout_seconds,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
            # Without it litellm imports the `mcp` package, which it does not depend on, as soon as there are tools.
            "_skip_mcp_handler": True,
            **tools,
            **held,
            **streaming,
        }

    def _cost(self, litellm: Any, usage: Usage) -> float | None:
        if self._price is not None:
            return self._price.cost(usage)
        try:
            prompt, completion = litellm.cost_per_token(
                model=self.id,
                prompt_tokens=usage.prompt,
                completion_tokens=usage.completion,
                cache_read_input_tokens=usage.cached,
                cache_creation_input_tokens=usage.cache_written,
            )
        except Exception:  # noqa: BLE001 - litellm has no one error for "not in the table"
            return None
        return float(prompt + completion)


def load_litellm() -> Any:
    """Import litellm, offline and quiet; takes seconds, so call it in a thread."""
    # Read at import: the first keeps it from fetching its price table, the second from reading any .env file.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    litellm: Any = importlib.import_module("litellm")
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.disable_streaming_logging = True
    litellm.turn_off_message_logging = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai"):
        # It writes to stderr by handlers of its own; whoever listens to all loggers hears what is worth a warning.
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.setLevel(logging.WARNING)
    if litellm.client_session is None:
        _bound(litellm)
        send_as_given()
        keep_for_good()
    return litellm


def _bound(litellm: Any) -> None:
    """Have all of litellm's clients use our transport; those of OpenAI's kind take a client, the others a transport."""
    from agents.bounded_http import bounded_client, bounded_transport

    handler = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    certificate = os.environ.get("SSL_CERTIFICATE")
    transport = bounded_transport(verify=handler.get_ssl_configuration(), certificate=certificate)
    litellm.sync_transport = transport
    litellm.client_session = bounded_client(transport)


def window_of(litellm: Any, model: str) -> int | None:
    """The most tokens that a prompt of this model may have, by litellm's table; None where that has nothing of it."""
    try:
        known = litellm.get_model_info(model).get("max_input_tokens")
    except Exception:  # noqa: BLE001 - litellm has no one error for "not in the table"
        return None
    return int(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What it takes to ask a model: its provider, and the environment variables that are still `lacking`."""

    provider: str
    lacking: tuple[str, ...]


def wanted_variables(model: str) -> Wanted:
    """What litellm knows of a model's credentials; takes seconds. Raises ModelRefused where it knows no provider."""
    litellm = load_litellm()
    try:
        provider = str(litellm.get_llm_provider(model)[1])
    except Exception as error:
        raise ModelRefused(model, "litellm knows no provider for that name") from error
    # It takes a variable that is empty, as secrets of a CI often are, for one that is set.
    empty = [name for name, value in os.environ.items() if not value]
    for name in empty:
        del os.environ[name]
    try:
        lacking = litellm.validate_environment(model)["missing_keys"]
    finally:
        os.environ.update(dict.fromkeys(empty, ""))
    return Wanted(provider=provider, lacking=tuple(map(str, lacking)))


def close_stream(response: Any) -> None:
    """Give the connection of a stream back, however the stream ended."""
    stream = getattr(response, "completion_stream", None)
    close = getattr(stream, "close", None)
    if callable(close):
        close()


def require_end(response: Any) -> None:
    """See that a stream had an end: where its provider sent none litellm makes one up. Raises Incomplete."""
    names = ("received_finish_reason", "intermittent_finish_reason")
    ends = [getattr(response, name) for name in names if hasattr(response, name)]
    if ends and not any(ends):
        raise Incomplete("the answer ended before its end")


def _usage(request: ModelRequest, assembly: Assembly) -> Usage:
    """As the provider counted it, or as we do; litellm says zero where a provider counted nothing."""
    if assembly.usage is not None and assembly.usage.prompt > 0:
        return assembly.usage
    return Usage(prompt=estimate(request.messages), completion=int(assembly.chars / CHARS_PER_TOKEN))
