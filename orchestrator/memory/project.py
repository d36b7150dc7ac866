"""What a repository tells its agents: AGENTS.md in any directory and `.mimo/memory/*.md`, of the base commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agents.assignment import Note
from agents.redact import Redactor
from orchestrator.airlock.git import Git
from orchestrator.airlock.refs import require_oid
from orchestrator.plan.globs import overlap_example

INSTRUCTIONS = "AGENTS.md"
MEMORY = ".mimo/memory/"

LARGEST_BYTES = 256 * 1024
"""Of one file: a larger one was not written to be read at the start of each task."""

MOST_FILES = 200
MOST_BYTES = 4 * 1024**2
"""Of all files together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMemory:
    """The files by path, in the order of their names; `left_out` says of others why they are not read."""

    files: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def instructions(self) -> str:
        """The text of AGENTS.md at the top."""
        return self.files.get(INSTRUCTIONS, "")

    def notes(self, paths: Sequence[str] = ()) -> tuple[Note, ...]:
        """For a task that may change `paths`: AGENTS.md of their directories, the nearest last, then the memory.

        An AGENTS.md of other directories is only there to be recalled.
        """
        near = [path for path in self.files if path != INSTRUCTIONS and not path.startswith(MEMORY)]
        told = [path for path in near if any(overlap_example(glob, f"{_directory(path)}/**") for glob in paths)]
        told += [path for path in self.files if path.startswith(MEMORY)]
        return tuple(Note(source=path, text=self.files[path]) for path in told)


def read_project(git: Git, commit: str, redactor: Redactor) -> ProjectMemory:
    """The memory as a commit has it, without the secrets that `redactor` knows; raises GitFailed."""
    files: dict[str, str] = {}
    left_out: dict[str, str] = {}
    room = MOST_BYTES
    for path, oid, size in sorted(_listed(git, commit), key=_importance):
        if size > LARGEST_BYTES:
            left_out[path] = f"it is over {LARGEST_BYTES // 1024} KiB"
        elif len(files) >= MOST_FILES or size > room:
            left_out[path] = f"only {MOST_FILES} files and {MOST_BYTES // 1024**2} MiB of them are read"
        else:
            files[path] = redactor.text(git.run(["cat-file", "blob", oid]).decode(errors="replace"))
            room -= size
    return ProjectMemory(files=files, left_out=left_out)


def _importance(listed: tuple[str, str, int]) -> tuple[int, int, str]:
    """AGENTS.md at the top, the memory by name, then each AGENTS.md before those below it."""
    path = listed[0]
    kind = 0 if path == INSTRUCTIONS else 1 if path.startswith(MEMORY) else 2
    return kind, path.count("/"), path


def _listed(git: Git, commit: str) -> Iterator[tuple[str, str, int]]:
    """Path, object and size of every regular file that is part of the memory."""
    listing = git.run(["ls-tree", "-r", "-z", "-l", "--full-tree", require_oid(commit)])
    for entry in listing.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        if not name.endswith(b".md"):
            continue
        path = name.decode(errors="replace")
        mode, kind, oid, size = head.split()
        if kind == b"blob" and mode != b"120000" and _is_memory(path):
            yield path, oid.decode(), int(size)


def _is_memory(path: str) -> bool:
    below = path.removeprefix(MEMORY)
    return path.rsplit("/", 1)[-1] == INSTRUCTIONS or (below != path and "/" not in below)


def _directory(path: str) -> str:
    return path.rsplit("/", 1)[0]
