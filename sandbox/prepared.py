"""What a setup leaves under bubblewrap: a home and an `/opt` in a directory of ours, laid into each later sandbox.

The machine's `/usr` belongs to a user that a sandbox does not have, so nothing can be installed there. What a setup
can fill is its home (`pip install --user`, `npm --prefix ~/.local`, cargo) and `/opt` (virtual environments). Later
sandboxes have what it left there read-only, at the same paths; the rest of their home stays a bounded file system in
memory.
"""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sandbox.errors import SandboxUnavailable
from sandbox.identity import sandbox_uid
from sandbox.sandbox import HOME
from sandbox.search import found_in

LOCAL_BIN = f"{HOME}/.local/bin"
"""Where `pip install --user` and the like put programs."""

MAX_ENTRIES = 500
"""Each entry of the home is a mount of its own."""

_SHARED = frozenset({".local", ".local/share", ".cache", ".config"})
"""Directories that many programs write in: what is in them is laid in, and they stay open to new entries."""

_STATE_OF_PROGRAMS = ("/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/local/lib")


def make_prepared(directory: Path) -> None:
    """Make the empty places that a setup fills, owned by the sandbox's user; raises OSError."""
    for path in (directory, directory / "home", directory / "opt"):
        path.mkdir(mode=0o755)
        path.chmod(0o755)  # whatever the umask says: the sandbox's user goes through it
        if os.getuid() == 0:
            os.chown(path, sandbox_uid(), sandbox_uid())


def host_programs() -> str:
    """What identifies this machine's programs, as far as a setup depends on them: it changes when packages do."""
    release = Path("/etc/os-release")
    known = [release.read_text() if release.is_file() else "", platform.machine(), str(sandbox_uid())]
    known += [f"{place} {Path(place).stat().st_mtime_ns}" for place in _STATE_OF_PROGRAMS if Path(place).is_dir()]
    return "\n".join(known)


def prepared_arguments(directory: Path, shown: str, *, writable: bool) -> list[str]:
    """Arguments of `bwrap` that lay in what is in `directory`, which the process that becomes it sees as `shown`.

    With `writable`, for a setup, home and `/opt` are the directory's own. Raises SandboxUnavailable.
    """
    if writable:
        return ["--bind", f"{shown}/home", HOME, "--bind", f"{shown}/opt", "/opt"]
    arguments = ["--ro-bind", f"{shown}/opt", "/opt"]
    entries = list(_entries(directory / "home", ""))
    if len(entries) > MAX_ENTRIES:
        raise SandboxUnavailable(
            f"the setup left {len(entries)} entries in its home, more than the {MAX_ENTRIES} that can be laid in",
            "let it put them into one directory, or into /opt",
        )
    for name, kind, target in entries:
        if kind == "link":
            arguments += ["--symlink", target, f"{HOME}/{name}"]
        else:
            arguments += ["--ro-bind", f"{shown}/home/{name}", f"{HOME}/{name}"]
    return arguments


def _entries(directory: Path, above: str) -> Iterator[tuple[str, str, str]]:
    """The entries that are laid in: name, whether it is a link, and its text.

    A link is never followed here: what it points to would be this machine's, not the sandbox's.
    """
    for entry in sorted(os.scandir(directory), key=lambda found: found.name):
        name = f"{above}{entry.name}"
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            yield name, "link", os.readlink(entry.path)  # noqa: PTH115 - its text, byte for byte
        elif stat.S_ISDIR(mode) and name in _SHARED:
            yield from _entries(Path(entry.path), f"{name}/")
        elif stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            yield name, "file", ""


def secrets_left(directory: Path, secrets: Mapping[str, Iterable[bytes]]) -> list[str]:
    """Where a setup left one of the secrets (the forms of each, by name): `NAME in PATH` for each; raises OSError."""
    found = []
    for above, _, names in os.walk(directory) if secrets else ():
        for name in names:
            path = Path(above, name)
            if not stat.S_ISREG(path.lstat().st_mode):
                continue
            with path.open("rb") as content:
                shown = path.relative_to(directory).as_posix()
                inside = shown.replace("home/", f"{HOME}/", 1) if shown.startswith("home/") else f"/{shown}"
                found += [f"{secret} in {inside}" for secret in found_in(content, secrets)]
    return found
