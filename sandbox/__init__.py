"""Runs commands somewhere safe, on a worktree. Backends are chosen in `sandbox.backends`, which imports more."""

from sandbox.errors import (
    CommandRefused,
    FileRefused,
    SandboxError,
    SandboxLost,
    SandboxUnavailable,
    SnapshotTooLarge,
)
from sandbox.identity import FIXED_UID, sandbox_uid
from sandbox.sandbox import (
    BASE_OBJECTS,
    HOME,
    WORKSPACE,
    Backend,
    Command,
    CommandResult,
    LimitHit,
    Limits,
    Output,
    Probe,
    Record,
    RecordKind,
    Sandbox,
    SandboxSpec,
)

__all__ = [
    "BASE_OBJECTS",
    "FIXED_UID",
    "HOME",
    "WORKSPACE",
    "Backend",
    "Command",
    "CommandRefused",
    "CommandResult",
    "FileRefused",
    "LimitHit",
    "Limits",
    "Output",
    "Probe",
    "Record",
    "RecordKind",
    "Sandbox",
    "SandboxError",
    "SandboxLost",
    "SandboxSpec",
    "SandboxUnavailable",
    "SnapshotTooLarge",
    "sandbox_uid",
]
