"""Machines that lack something: command lines and values under which the program finds itself on one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_GIT = str(Path(sys.executable).parent)
"""A PATH that leads to the program and to nothing else."""

SANDBOX_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NO_FURTHER = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
HIDDEN = 'mount --bind /dev/null "$0" && exec "$@"'


def nowhere(place: Path) -> str:
    """A DOCKER_HOST at which nobody answers."""
    return f"unix://{place}/nowhere.sock"


def no_namespaces() -> tuple[str, ...]:
    """What to put before a command line so that no user namespace can be made below it; skips where that can't be.

    The setting is one of a user namespace of its own, in which there is one user, called root.
    """
    words = ("unshare", "--user", "--map-root-user", "sh", "-c", NO_FURTHER, "sh")
    return _usable(words)


def without_python() -> tuple[str, ...]:
    """What to put before a command line so that a bubblewrap sandbox has no Python; skips where that can't be."""
    found = shutil.which("python3", path=SANDBOX_PATH)
    if found is None:
        return ()
    python = Path(found).resolve()
    if os.getuid() != 0 or python == Path(sys.executable).resolve():
        pytest.skip("the Python of this machine can't be hidden from the program's sandboxes alone")
    return _usable(("unshare", "--mount", "sh", "-c", HIDDEN, str(python)))


def _usable(words: tuple[str, ...]) -> tuple[str, ...]:
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make such a namespace")
    return words
