"""Says yes, no or ask; does nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.policy import Policy

__all__ = ["Policy"]


def __getattr__(name: str) -> object:
    # The policy needs pydantic; what only wants `policies.printable`, as `--help` does, must not pay for that.
    if name == "Policy":
        from policies.policy import Policy

        return Policy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
