"""Which of ours an exception of litellm is: try again, give up, or shorten the prompt."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from agents.errors import AccountEmpty, ContextTooLong, CredentialsRefused, ModelError, ModelFault, ModelRefused
from agents.fence import one_line
from agents.redact import Redactor

WHY_CHARS = 300
SAID_CHARS = 4000

TRY_AGAIN_STATUSES = {408, 409, 425, 429}
"""Those below 500 that are about the moment and not about the request."""

NO_MONEY_STATUS = "402"

_NO_MONEY = re.compile(r"insufficient_quota|credit balance is too low|insufficient (?:balance|credits)", re.IGNORECASE)
"""No money, with the status of what may pass (429) or of a request that is wrong (400)."""

LONGEST_RETRY_SECONDS = 86_400.0
"""A provider that asks for more than a day is taken to have meant a day: nothing waits that long."""

KEY_WORDS = ("Missing credentials", "api_key client option must be set", "API key not valid")
"""No key at all, which litellm says with the status of a server's error (500), or a wrong one, with that of a wrong
request (400)."""

KEY_REFUSED_STATUS = "401"

FORBIDDEN_STATUS = "403"
"""For this key, mostly: a model, a region, an account that it is not for."""

_OF_THE_PROMPT = re.compile(r"moderation|flagged|content.policy", re.IGNORECASE)
"""What is forbidden is this one request."""

TOO_LARGE_STATUS = "413"
"""A gateway's word for a request that is longer than it takes."""

RATE_STATUS = "429"
MAY_MEAN_LENGTH = {"400", "422", RATE_STATUS, "500"}
"""Statuses that come with words about the prompt's length; 500 from servers that people run themselves."""

_TOO_LARGE = re.compile("request too large", re.IGNORECASE)
"""More tokens at once than the account has for a whole minute: no wait makes that fit."""

_TOO_LONG = re.compile(
    r"context.{0,3}length.{0,3}exceeded|maximum context|context (?:window|size|limit|length)|exceed\w* (?:the )?context"
    r"|prompt is too long|input is too long|too many (?:input |prompt )?tokens|request too large"
    r"|(?:input|prompt|token count)\W.{0,60}(?:exceeds|longer than|too large)"
    r"|reduce the length of the (?:messages|prompt|input)|input length .{0,40}exceed",
    re.IGNORECASE,
)
"""Words by which providers say that a prompt is longer than what their model takes; litellm knows some of them."""

_NO_LENGTH = re.compile(r"string_above_max_length|string too long", re.IGNORECASE)
"""A parameter that is too long, which litellm takes for the prompt."""

_LAYERS = re.compile(r"^litellm\.\w+: (?:\w+Error: )?(?:\w+Exception - )?(?=\S)")
"""The names of exceptions that litellm puts before the provider's own words."""


def model_error(error: Exception, *, model: str, redactor: Redactor) -> ModelError:
    """The error as ours; known secrets are taken out of its words."""
    if type(error).__name__ == "MidStreamFallbackError":
        error = getattr(error, "original_exception", None) or error
    why = one_line(_LAYERS.sub("", redactor.text(str(error))), WHY_CHARS)
    status = str(getattr(error, "status_code", None))
    if _is_too_long(error, status):
        return ContextTooLong(model, why)
    if status == NO_MONEY_STATUS or _NO_MONEY.search(_said(error)):
        return AccountEmpty(model, why)
    if _is_of_the_key(error, status):
        return CredentialsRefused(model, why)
    if is_final(status):
        return ModelRefused(model, why)
    return ModelFault(model, why, retry_after_seconds=retry_after_seconds(error))


def _is_of_the_key(error: Exception, status: str) -> bool:
    if status == FORBIDDEN_STATUS:
        return _OF_THE_PROMPT.search(_said(error)) is None
    return status == KEY_REFUSED_STATUS or any(words in str(error) for words in KEY_WORDS)


def _is_too_long(error: Exception, status: str) -> bool:
    said = _said(error)
    if _NO_LENGTH.search(said):
        return False
    if type(error).__name__ == "ContextWindowExceededError" or status == TOO_LARGE_STATUS:
        return True
    words = _TOO_LARGE if status == RATE_STATUS else _TOO_LONG
    return status in MAY_MEAN_LENGTH and words.search(said) is not None


def _said(error: Exception) -> str:
    """The words of an error and of its body, in which the code is that tells most."""
    return f"{str(error)[:SAID_CHARS]} {str(getattr(error, 'body', None))[:SAID_CHARS]}"


def is_final(status: object) -> bool:
    """Whether an HTTP status says that asking again can't help; without a status nothing says so."""
    try:
        number = int(str(status))
    except ValueError:
        return False
    return 400 <= number < 500 and number not in TRY_AGAIN_STATUSES


def retry_after_seconds(error: Exception) -> float | None:
    """The provider's Retry-After, if it gave one that makes sense."""
    sources = (error, getattr(error, "response", None))
    candidates = [
        getattr(error, "litellm_response_headers", None),
        *(getattr(item, "headers", None) for item in sources),
    ]
    for headers in candidates:
        given = {str(name).lower(): str(value) for name, value in (dict(headers) if headers else {}).items()}
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            seconds = _seconds(given[name], unit) if name in given else None
            if seconds is not None:
                return seconds
    return None


def _seconds(value: str, unit: float) -> float | None:
    try:
        return _bounded(float(value) * unit)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _bounded((moment - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float | None:
    return None if math.isnan(seconds) else max(0.0, min(seconds, LONGEST_RETRY_SECONDS))
