"""Paths as a command would reach them: made absolute and plain without looking at any disk."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

from policies.pattern import starred

WORKSPACE = "/workspace"
HOME = "/home/agent"

_SEGMENTS = "(?:[^/]*/)*"
_SLASHES = re.compile("/{2,}")
# Directories that the system keeps as links: `..` behind one leads out of where the link leads, not of where it is.
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/proc/net": "/proc/self/net",
    "/proc/thread-self": "/proc/self/task/self",
    "/var/lock": "/run/lock",
    "/var/run": "/run",
}
_LEADS_ANYWHERE = re.compile(r"/proc/[^/]+(?:/task/[^/]+)?/(?:cwd|root|exe|fd/[^/]+)")


@lru_cache(maxsize=4096)
def resolve(path: str, cwd: str | None) -> str | None:
    """The absolute path without `.`, `..` and doubled slashes; None where its directory is not known."""
    if not path.startswith("/"):
        if cwd is None:
            return None
        path = f"{cwd}/{path}"
    # normpath keeps a leading double slash, which Linux does not.
    path = _SLASHES.sub("/", path)
    return _stepped(path) if "/.." in path else posixpath.normpath(path)


def _stepped(path: str) -> str:
    """A path walked as the kernel does where the system has links; out of one that may lead anywhere no `..` comes."""
    walked = ""
    for segment in path.split("/"):
        if segment == ".." and not _LEADS_ANYWHERE.match(walked):
            walked = walked.rpartition("/")[0]
        elif segment not in ("", ".", ".."):
            walked = f"{walked}/{segment}"
            walked = _LINKS.get(walked, walked)
    return walked or "/"


def is_inside(path: str, directory: str) -> bool:
    """Whether a resolved path is a directory or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def glob_regex(
    patterns: Iterable[str], *, with_directory: bool, root: str = WORKSPACE, home: str = HOME
) -> re.Pattern[str]:
    """One expression that matches a whole resolved path where any glob does.

    `*` and `?` stay within a segment, `**/` is none or more segments, `/**` is everything below a directory, and the
    directory itself as well `with_directory` (for what is refused, where too much is the safe side).
    """
    return re.compile("|".join(_translated(anchored(glob, root, home), with_directory) for glob in patterns) or r"(?!)")


def glob_fault(glob: str) -> str | None:
    """Why no resolved path is like a glob, or None."""
    bare = glob.removeprefix("~").removeprefix("/")
    segments = bare.split("/") if bare else []
    if segments and segments[-1] == "":
        return f"a path has no slash at its end; write {glob}** for what is in it"
    if any(segment in ("", ".", "..") for segment in segments):
        return "paths are compared without `.`, `..` and doubled slashes"
    if any("**" in segment and segment != "**" for segment in segments):
        return "`**` is a whole segment, as in src/**/test_*"
    if glob.startswith("~") and glob[1:2] not in ("", "/"):
        return "`~` is the agent's home alone"
    return None


def anchored(glob: str, root: str = WORKSPACE, home: str = HOME) -> str:
    """A glob as it is compared with absolute paths; what begins with neither `/`, `~` nor `**/` is below the root."""
    while "**/**" in glob:
        glob = glob.replace("**/**", "**" if glob != "**/**" else "**/*")
    if glob == "~" or glob.startswith("~/"):
        return home + glob[1:]
    return glob if glob.startswith("/") or (root == WORKSPACE and glob.startswith("**/")) else f"{root}/{glob}"


def _translated(glob: str, with_directory: bool) -> str:
    glob = glob.removeprefix("/") if glob.startswith("/**/") else glob
    below = "" if not glob.endswith("/**") else "(?:/.*)?" if with_directory else "/.*"
    begin, *parts = glob.removesuffix("/**").split("**/") if below else glob.split("**/")
    # Between two `**` the first place that fits is as good as any, and trying each would take hours for a few of them.
    middle = "".join(f"(?>{_SEGMENTS}?{_within(part)})" for part in parts[:-1])
    last = "".join(f"{_SEGMENTS}{_within(part)}" for part in parts[-1:])
    return f"(?s:{_within(begin)}{middle}{last}{below})"


def _within(part: str) -> str:
    """The expression of some segments, none of them `**`."""
    return "/".join(starred(segment, "[^/]", _escaped) for segment in part.split("/"))


def _escaped(text: str) -> str:
    return "[^/]".join(map(re.escape, text.split("?")))
