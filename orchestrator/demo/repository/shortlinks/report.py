"""The daily report."""

from datetime import datetime


def heading(owner):
    """The first line: whose links these are, and as of when."""
    made = datetime.utcnow().isoformat(timespec="seconds") + "Z"
    return "Links of " + owner + ", " + made
