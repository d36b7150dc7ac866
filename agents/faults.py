"""Which of ours an exception of litellm is: try again, give up, or shorten the prompt."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from agents.errors import ContextTooLong, CredentialsRefused, ModelError, ModelFault, ModelRefused
from agents.fence import one_line
from agents.redact import Redactor

WHY_CHARS = 300

TRY_AGAIN_STATUSES = {408, 409, 425, 429}
"""Those below 500 that are about the moment and not about the request."""

FINAL_WORDS = ("insufficient_quota",)
"""A final error that comes with the status of one that may pass: no money (429)."""

KEY_MISSING_WORDS = ("Missing credentials", "api_key client option must be set")
"""No key at all: litellm says so with the status of a server's error (500)."""

KEY_REFUSED_STATUS = 401

_LAYERS = re.compile(r"^litellm\.\w+: (?:\w+Error: )?(?:\w+Exception - )?(?=\S)")
"""The names of exceptions that litellm puts before the provider's own words."""


def model_error(error: Exception, *, model: str, redactor: Redactor) -> ModelError:
    """The error as ours; known secrets are taken out of its words."""
    why = one_line(_LAYERS.sub("", redactor.text(str(error))), WHY_CHARS)
    if type(error).__name__ == "ContextWindowExceededError":
        return ContextTooLong(model, why)
    status = getattr(error, "status_code", None)
    if str(status) == str(KEY_REFUSED_STATUS) or any(words in str(error) for words in KEY_MISSING_WORDS):
        return CredentialsRefused(model, why)
    if is_final(status) or any(words in str(error) for words in FINAL_WORDS):
        return ModelRefused(model, why)
    return ModelFault(model, why, retry_after_seconds=retry_after_seconds(error))


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
        for name, value in (dict(headers) if headers else {}).items():
            if str(name).lower() == "retry-after":
                return _seconds(str(value))
    return None


def _seconds(value: str) -> float | None:
    try:
        return max(0.0, min(float(value), 86_400.0))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
