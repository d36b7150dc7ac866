"""What an answer is bound to besides the text that was asked about: a yes to one script is none to another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from agents.absence import ABSENT
from sandbox.errors import FileRefused
from sandbox.sandbox import WORKSPACE, Sandbox

_MOST_BYTES = 16 * 1024**2
_UNCHANGING = ("/bin/", "/lib/", "/lib64/", "/sbin/", "/usr/")
"""Directories of the sandbox that no command in it can write."""

_MISSING = "no such file"
"""How the supervisor says that there is nothing at a path."""


def bound_text(subject: str, cwd: str | None, files: Mapping[str, str]) -> str:
    """The one text that tells two questions apart: what is asked about, where it would run, and what it names."""
    if cwd is None and not files:
        return subject
    return json.dumps([subject, cwd, dict(files)], sort_keys=True)


async def scripts_bound(sandbox: Sandbox, paths: Iterable[str | None], *, call: str) -> dict[str, str]:
    """The SHA-256 of each script by its path. One that can't be read is bound to this `call`; raises SandboxLost."""
    bound = {}
    for path in paths:
        if path is None:
            bound["a script that can't be known"] = f"for {call} alone"
        elif path.startswith(f"{WORKSPACE}/"):
            bound[path] = await _content(sandbox, path.removeprefix(f"{WORKSPACE}/"), call)
        elif not path.startswith(_UNCHANGING):
            bound[path] = f"for {call} alone: it lies outside of {WORKSPACE}"
    return bound


def text_bound(*texts: str) -> str:
    """The SHA-256 of some texts."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


async def _content(sandbox: Sandbox, path: str, call: str) -> str:
    try:
        return hashlib.sha256(await sandbox.read_file(path, max_bytes=_MOST_BYTES)).hexdigest()
    except FileRefused as refused:
        return ABSENT if refused.why.lower().startswith(_MISSING) else f"for {call} alone: {refused.why}"
