"""Files of the base commit, read as data: what the repository says about how it wants to be worked on."""

from __future__ import annotations

from orchestrator.airlock.git import Git
from orchestrator.airlock.refs import require_oid
from orchestrator.errors import UsageProblem

LARGEST_BYTES = 1024**2


def read_base_file(git: Git, commit: str, path: str, *, missing: str | None = None) -> str:
    """The text of a file of the base commit, `missing` where there is none; raises UsageProblem without `missing`."""
    data = base_blob(git, commit, path)
    if data is not None:
        return data.decode(errors="replace")
    if missing is not None:
        return missing
    raise UsageProblem(f"the base commit has no file {path}", hint="commit it, or give an absolute path")


def base_blob(git: Git, commit: str, path: str) -> bytes | None:
    """The bytes of a regular file of the base commit; None where there is none, or it is over a megabyte."""
    listing = git.run(["ls-tree", "-z", "-l", "--full-tree", require_oid(commit), "--", path])
    entries = [entry.split(b"\t", 1) for entry in listing.split(b"\0") if entry]
    for head, name in entries:
        mode, kind, oid, size = head.split()
        if name == path.encode() and kind == b"blob" and mode != b"120000" and int(size) <= LARGEST_BYTES:
            return git.run(["cat-file", "blob", oid.decode()])
    return None
