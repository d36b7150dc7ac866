"""The base commit's tree as the context of a Dockerfile: what is committed, and nothing else of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.airlock.git import Git
from orchestrator.airlock.refs import require_oid
from orchestrator.airlock.trees import EXECUTABLE, GITLINK, LINK, object_reader
from orchestrator.errors import UsageProblem
from orchestrator.run.base_files import base_blob
from sandbox.build_context import ContextFile, kept_by

MOST_BYTES = 1024**3
"""An engine is handed the whole context before it begins."""

_IGNORE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class TreeContext:
    """The files of a commit below a directory; their contents are read when they are asked for."""

    git: Git
    files: Sequence[ContextFile]

    def contents(self) -> Iterator[tuple[ContextFile, bytes]]:
        """Each file with its content, one after the other."""
        with object_reader(self.git) as reader:
            for file in self.files:
                yield file, reader.read(file.id)


def context_of(git: Git, commit: str, directory: str, *, dockerfile: str) -> TreeContext:
    """The context at `directory` (`""`: the top) without what its .dockerignore leaves out; raises UsageProblem.

    As with `docker build`, DOCKERFILE.dockerignore goes before .dockerignore.
    """
    above = f"{directory}/" if directory else ""
    own = base_blob(git, commit, f"{dockerfile}{_IGNORE}")
    ignored = own if own is not None else base_blob(git, commit, f"{above}{_IGNORE}")
    kept = kept_by(ignored.decode(errors="replace")) if ignored is not None else None
    files, size = [], 0
    for file, length in _below(git, commit, above):
        if kept is None or kept(file.path):
            files.append(file)
            size += length
    if size > MOST_BYTES:
        raise UsageProblem(
            f"{dockerfile} copies files, and its context has {size // 1024**2} MiB of them, "
            f"more than {MOST_BYTES // 1024**2}",
            hint=f"leave out what it does not copy in a {_IGNORE}",
        )
    return TreeContext(git, tuple(files))


def _below(git: Git, commit: str, above: str) -> Iterator[tuple[ContextFile, int]]:
    listing = git.run(["ls-tree", "-r", "-z", "-l", "--full-tree", require_oid(commit)])
    for line in listing.split(b"\0"):
        head, tab, path = line.partition(b"\t")
        if not tab:
            continue
        mode, _, oid, size = head.split()
        kind = int(mode, 8)
        if kind == GITLINK:
            continue
        name = path.decode(errors="surrogateescape")
        if not name.startswith(above):
            continue
        name = name.removeprefix(above)
        file = ContextFile(path=name, id=oid.decode(), executable=kind == EXECUTABLE, link=kind == LINK)
        yield file, int(size)
