"""The id of a run: NAME-YYYYMMDD-HHMMSS-xxxx, in UTC."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def new_run_id(name: str) -> str:
    """An id that no other run has: the plan's name, the time in UTC, and four random hexadecimal digits."""
    return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
