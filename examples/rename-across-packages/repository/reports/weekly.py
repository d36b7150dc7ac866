"""The weekly report."""

from stock import shelf

KIND = "item"


def line(code):
    """Return one line of the report."""
    # The kind of thing comes from the report's configuration.
    find = getattr(shelf, f"get_{KIND}")
    entry = find(code)
    return f"{code}: {entry['name']}" if entry else f"{code}: unknown"
