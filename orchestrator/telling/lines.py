"""How a record of a log is written: its context and its fields as JSON without secrets, or as a line for a terminal."""

from __future__ import annotations

import logging
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict

from orchestrator.telling.known import KNOWN

LONGEST = 4_000
"""Characters of one field; a traceback may have more."""

LONGEST_TRACEBACK = 40_000

CONTEXT = ("run", "task", "agent", "step", "sandbox")
"""What a line is about, first of all; bound once, where each begins."""


def as_json() -> logging.Formatter:
    """A line of JSON for each record."""
    return _formatter(JSONRenderer())


def as_line() -> logging.Formatter:
    """`task  event key=value ...` for each record."""
    return _formatter(_line)


def _formatter(render: Any) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=[
            _add_origin,
            _add_fields,
            merge_contextvars,
            add_log_level,
            TimeStamper(fmt="iso", utc=True),
        ],
        processors=[format_exc_info, ProcessorFormatter.remove_processors_meta, _ordered, _without_secrets, render],
    )


def _add_origin(_: Any, __: str, event: EventDict) -> EventDict:
    event["logger"] = event["_record"].name
    return event


def _add_fields(_: Any, __: str, event: EventDict) -> EventDict:
    for name, value in getattr(event["_record"], "fields", {}).items():
        event.setdefault(name, value)
    return event


def _ordered(_: Any, __: str, event: EventDict) -> EventDict:
    first = ("timestamp", "level", "event", *CONTEXT)
    return {key: event[key] for key in (*first, *(key for key in event if key not in first)) if key in event}


def _without_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    """Plain values alone, redacted before they are cut: half of a secret is not known again."""
    return {key: _cut(key, value) for key, value in KNOWN.kept.data(_plain(event)).items()}


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case bytes():
            return value.decode(errors="backslashreplace")
        case _:
            return repr(value)


def _cut(key: str, value: Any) -> Any:
    most = LONGEST_TRACEBACK if key == "exception" else LONGEST
    if isinstance(value, str) and len(value) > most:
        return f"{value[: most // 2]}[... {len(value) - most} characters ...]{value[-most // 2 :]}"
    return value


def _line(_: Any, __: str, event: EventDict) -> str:
    hidden = {"timestamp", "level", "event", "run", "task", "logger", "exception"}
    fields = [f"{key}={value}" for key, value in event.items() if key not in hidden and value is not None]
    return " ".join([f"{event.get('task') or 'run':<16}", f" {event['event']}", *fields])
