"""Every way in which a provider goes wrong, as it is on the wire, and what the program makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

Json = dict[str, Any]

Becomes = Literal["asked again", "refused", "too long", "credentials", "no money"]
"""A fault of the moment is asked again; the others come out at the first try."""

NO_PAGE = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
SOON = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)


def error(status: int, message: str, code: str | None = None, **headers: str) -> Json:
    """An error body as OpenAI words it."""
    body = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return {"kind": "raw", "status": status, "body": json.dumps(body), "headers": headers}


def chunk(reason: str | None = None, **delta: Any) -> Json:
    """One chunk of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def events(*data: Json | str, **more: Any) -> Json:
    """A stream of these."""
    return {"kind": "events", "events": [each if isinstance(each, str) else json.dumps(each) for each in data], **more}


def whole(message: Any, reason: Any = "stop", **more: Any) -> Json:
    """A whole completion."""
    choice = {"index": 0, "message": message, "finish_reason": reason}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}
    return {"kind": "raw", "body": json.dumps(body)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFault:
    """One: as it is sent in a stream and in place of a whole answer; None where it can't be.

    `paid` says that the provider had begun to answer, and wants money for it.
    """

    name: str
    streamed: Json | None
    unstreamed: Json | None
    becomes: Becomes = "asked again"
    paid: bool = False

    def sent(self, *, stream: bool) -> Json | None:
        """What is on the wire."""
        return self.streamed if stream else self.unstreamed


def _both(name: str, sent: Json, becomes: Becomes = "asked again") -> ProviderFault:
    return ProviderFault(name=name, streamed=sent, unstreamed=sent, becomes=becomes)


HALF = chunk(content="half of it")
CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "shell", "arguments": '{"comm'}}

FAULTS = [
    _both("rate limit", error(429, "Rate limit reached", "rate_limit_exceeded")),
    _both("rate limit with seconds", error(429, "Rate limit reached", **{"Retry-After": "0.2"})),
    _both("rate limit with milliseconds", error(429, "Rate limit reached", **{"retry-after-ms": "200"})),
    _both("rate limit with a date", error(429, "Rate limit reached", **{"Retry-After": SOON})),
    _both("rate limit with nonsense", error(429, "Rate limit reached", **{"Retry-After": "soon"})),
    _both("conflict", error(409, "Another request is being processed")),
    _both("server error", error(500, "The server had an error", "server_error")),
    _both("overloaded", error(529, "Overloaded", "overloaded_error")),
    _both("unavailable without words", {"kind": "raw", "status": 503}),
    _both("a page with 502", {"kind": "raw", "status": 502, "type": "text/html", "body": NO_PAGE}),
    _both("a page with 200", {"kind": "raw", "status": 200, "type": "text/html", "body": NO_PAGE}),
    _both("nothing with 200", {"kind": "raw", "status": 200, "body": ""}),
    _both("silence", {"kind": "hang", "seconds": 30}),
    ProviderFault(name="cut", streamed=events(HALF, then="cut"), unstreamed={"kind": "cut"}, paid=True),
    ProviderFault(
        name="cut in a call", streamed=events(chunk(tool_calls=[CALL]), then="cut"), unstreamed=None, paid=True
    ),
    ProviderFault(name="an end without an end", streamed=events(HALF), unstreamed=None, paid=True),
    ProviderFault(
        name="silence in the middle", streamed=events(HALF, then="hang", seconds=30), unstreamed=None, paid=True
    ),
    ProviderFault(name="no JSON", streamed=events(HALF, "{this is none"), unstreamed={"kind": "garbage"}, paid=True),
    ProviderFault(
        name="an error in the stream",
        streamed=events(HALF, {"error": {"message": "Overloaded", "type": "overloaded_error", "code": 529}}),
        unstreamed=None,
        paid=True,
    ),
    ProviderFault(
        name="no choices",
        streamed=events({**chunk(), "choices": []}, "[DONE]"),
        unstreamed={"kind": "raw", "body": json.dumps({"id": "c", "object": "chat.completion", "choices": []})},
        paid=True,
    ),
    ProviderFault(
        name="a list for a message",
        streamed=events({**chunk(), "choices": "none"}),
        unstreamed=whole(["hello"]),
        paid=True,
    ),
    ProviderFault(
        name="a number for calls",
        streamed=events(chunk(tool_calls=7), chunk("stop")),
        unstreamed=whole({"role": "assistant", "content": None, "tool_calls": 7}),
        paid=True,
    ),
    _both("an unknown model", error(404, "The model does not exist", "model_not_found"), "refused"),
    _both("a malformed request", error(400, "Invalid parameter: temperature", "invalid_request_error"), "refused"),
    _both("a flagged prompt", error(403, "Your input was flagged: it requires moderation"), "refused"),
    _both("no quota", error(429, "You exceeded your current quota", "insufficient_quota"), "no money"),
    _both("no credits", error(402, "This request requires more credits"), "no money"),
    _both("no credit", error(400, "Your credit balance is too low to access the API.", "invalid_request"), "no money"),
    _both(
        "not for this key", error(403, "Project x does not have access to model y", "model_not_found"), "credentials"
    ),
    _both("a page with 403", {"kind": "raw", "status": 403, "type": "text/html", "body": NO_PAGE}, "credentials"),
    _both("a key of nobody", error(400, "API key not valid. Please pass a valid API key."), "credentials"),
    _both(
        "a bad key", error(401, "Incorrect API key provided: sk-scripted-0123456789", "invalid_api_key"), "credentials"
    ),
    *(
        _both(f"too long: {words}", error(status, words, code), "too long")
        for status, words, code in (
            (400, "This model's maximum context length is 8192 tokens, you requested 9000.", "context_length_exceeded"),
            (400, "prompt is too long: 210000 tokens > 200000 maximum", "invalid_request_error"),
            (400, "Input is too long for requested model.", None),
            (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", None),
            (400, "Please reduce the length of the messages or completion.", None),
            (400, "the request exceeds the available context size. try increasing the context size", None),
            (
                400,
                "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context",
                None,
            ),
            (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", None),
            (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096", None),
            (413, "Request Entity Too Large", None),
            (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 35000.", "tokens"),
            (500, "context size exceeded: the prompt has 9000 tokens", None),
        )
    ),
]
