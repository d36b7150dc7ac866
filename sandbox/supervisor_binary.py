"""Where the built supervisor is."""

from __future__ import annotations

from pathlib import Path

from sandbox.errors import SandboxUnavailable

_BINARY = Path(__file__).parent / "_bin" / "supervisor"


def supervisor_binary(path: Path = _BINARY) -> Path:
    """The supervisor's executable, readable by every user; raises SandboxUnavailable where it was not built."""
    if not path.is_file():
        raise SandboxUnavailable(
            f"the sandbox supervisor is missing ({path})",
            "reinstall mimo-orchestrate on a machine with a C compiler (gcc), so that its build can make it",
        )
    mode = path.stat().st_mode
    if mode & 0o555 != 0o555:
        path.chmod(0o755)  # installed under a strict umask: the sandbox's user must be able to run it
    return path
