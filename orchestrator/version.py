"""The version of the program, as it was installed."""

from __future__ import annotations

DISTRIBUTION = "mimo-orchestrate"


def version() -> str:
    """The installed version; "unknown" where the program runs without having been installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
