"""The faults of a sandbox, all of them the machine's and never a result of the agent's command.

SandboxError
├── SandboxUnavailable   this machine can't keep a promise: what is missing and how to get it
├── SandboxLost          the sandbox died or its pipe broke: retry on a fresh one
├── CommandRefused       a command that could not be started as it stands, with the reason
├── SecretLeft           a setup wrote a secret where it would be kept
├── FileRefused          a file request of ours that the supervisor would not serve, with the reason
└── SnapshotTooLarge     more changed than one snapshot may carry
"""

from __future__ import annotations


class SandboxError(Exception):
    """Base of all faults of a sandbox."""


class SandboxUnavailable(SandboxError):
    """A sandbox can't be had here; `what` is missing, `remedy` says how to get it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}")


class SandboxLost(SandboxError):
    """The sandbox ended under a request; `why` as far as it is known."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why
        super().__init__(f"sandbox {name} was lost: {why}")


class SecretLeft(SandboxError):
    """A setup left a secret in what would be kept; `places` say which and where, and nothing was kept."""

    def __init__(self, places: list[str]) -> None:
        self.places = places
        super().__init__(f"a secret was left in what would be kept: {', '.join(places[:5])}")


class FileRefused(SandboxError):
    """A read or write of one file that was not served; `why` may be shown to the agent."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path}: {why}")


class CommandRefused(SandboxError):
    """A command that was not started (a NUL byte, too long, a bad directory); `why` may be shown to the agent."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the command was not started: {why}")


class SnapshotTooLarge(SandboxError):
    """More changed than one snapshot may carry; `why` names the budget and may be shown to the agent."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the snapshot was given up: {why}")
