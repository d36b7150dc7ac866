"""The program and its surroundings: Python, git, the repository, the state directory, other packages."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

from orchestrator.airlock.errors import DetachedHead, GitUnusable, NotARepository, RepositoryUnusable
from orchestrator.airlock.git import OLDEST, require_git
from orchestrator.airlock.repository import UserRepository
from orchestrator.doctor.finding import Finding, missing, note, ok
from orchestrator.errors import CannotRun
from orchestrator.telling.files import LOGS
from orchestrator.version import version
from orchestrator.views.words import size

DISTRIBUTION = "mimo-orchestrate"
PACKAGES = ("orchestrator", "agents", "sandbox", "policies")
"""The names that we import our own by, which others may use as well."""

ROOM_BYTES = 1024**3
"""With less room than this the copy of a large history, and what runs leave behind, may not fit."""

_INSTALLERS = {
    "apt-get": "apt-get install",
    "dnf": "dnf install",
    "zypper": "zypper install",
    "pacman": "pacman -S",
    "apk": "apk add",
}


def the_program() -> Finding:
    """Which version runs, on what."""
    kernel = os.uname()
    system = f"{kernel.sysname} {kernel.release} on {kernel.machine}"
    return ok("program", f"version {version()}, Python {platform.python_version()}, {system}")


def the_packages() -> Finding:
    """Whether another distribution provides a package that we import by the same name."""
    provided = packages_distributions()
    others = {
        name: sorted(set(provided.get(name, ())) - {DISTRIBUTION})
        for name in PACKAGES
        if set(provided.get(name, ())) - {DISTRIBUTION}
    }
    if not others:
        return ok("packages", f"no other distribution provides {', '.join(PACKAGES)}")
    told = "; ".join(f"{', '.join(distributions)} provides {name}" for name, distributions in others.items())
    remedy = f"install this program into an environment of its own: uv tool install {DISTRIBUTION}"
    return note("packages", f"{told}: one of the two may be taken for the other", remedy)


def the_git() -> Finding:
    """Whether there is a git, and one that serves."""
    needed = f"{OLDEST[0]}.{OLDEST[1]}"
    try:
        found = require_git()
    except GitUnusable as error:
        return missing("git", str(error), install_command("git"))
    return ok("git", f"version {found[0]}.{found[1]} ({needed} or later is needed)")


def install_command(package: str) -> str | None:
    """How a package is installed here; None on a system that is not known."""
    words = next((words for tool, words in _INSTALLERS.items() if shutil.which(tool)), None)
    as_root = "" if os.geteuid() == 0 else "sudo "
    return f"{as_root}{words} {package}" if words is not None else None


def the_repository(stand: Callable[[], Path]) -> Finding:
    """The repository around where the user stands, if there is one; git is known to serve."""
    try:
        where = stand()
        repository = UserRepository.locate(where)
        base = repository.base()
    except (CannotRun, DetachedHead, NotARepository) as error:
        return note("repository", error.what, error.remedy)
    except RepositoryUnusable as error:
        return missing("repository", error.what, error.remedy)
    return ok("repository", f"{repository.top}, branch {base.branch}")


def the_state(home: Callable[[], Path]) -> Finding:
    """Whether the state directory can be written, and how much room there is; nothing is made."""
    try:
        directory = home()
    except CannotRun as error:
        return missing("state", error.what, error.remedy)
    try:
        nearest = next(place for place in (directory, *directory.parents) if place.exists())
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"\0")
        free = shutil.disk_usage(nearest).free
    except OSError as error:
        why = f"{directory} can't be written: {error.strerror}"
        return missing("state", why, "export XDG_STATE_HOME=DIRECTORY, one that can be written")
    found = f"{directory}, {size(free)} free; logs of runs are in */{LOGS} there, reports of bugs in reports"
    return (
        ok("state", found)
        if free >= ROOM_BYTES
        else note("state", found, "make room, or point XDG_STATE_HOME at a larger disk")
    )
