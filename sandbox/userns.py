"""What keeps bubblewrap from opening a sandbox, as far as the kernel's settings tell, and what to type about it."""

from __future__ import annotations

import os
from pathlib import Path

_SETTINGS = (
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user.max_user_namespaces", "0", "15000"),
)
"""Settings under which a user can't make a user namespace: what they are then, and what they have to be."""


def userns_remedy(settings: Path = Path("/proc/sys")) -> str:
    """What to do where bubblewrap was refused its namespaces."""
    wrong = [f"{name}={right}" for name, bad, right in _SETTINGS if _read(settings, name) == bad]
    if wrong:
        return f"let users make user namespaces: sudo sysctl {' '.join(wrong)}"
    if os.getuid() == 0:
        return "root may not mount here, as in most containers: run it as an ordinary user, or not in the container"
    return "the container, or what else this runs in, forbids user namespaces: allow them, or run it outside"


def _read(settings: Path, name: str) -> str | None:
    try:
        return (settings / name.replace(".", "/")).read_text().strip()
    except OSError:  # a kernel that does not have it
        return None
