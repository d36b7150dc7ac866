"""When a link ends."""

from datetime import datetime, timedelta

STORED = "%Y-%m-%dT%H:%M:%SZ"


def ends_in(days):
    """The end of a link that is made now, as it is stored."""
    return (datetime.utcnow() + timedelta(days=days)).strftime(STORED)


def has_ended(stored):
    """Whether the link with this stored end is over."""
    return datetime.strptime(stored, STORED) <= datetime.utcnow()
