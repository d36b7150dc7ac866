"""What a Dockerfile is built from: its text, its arguments, and files, as an archive that is the same for the same."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Protocol, cast

from sandbox.image import image_tag

DOCKERFILE = ".mimo-dockerfile"
"""The Dockerfile's name in the archive; its own may be left out of it by .dockerignore."""

_WANTS_FILES = re.compile(r"^\s*(ONBUILD\s+)?(COPY|ADD)\s|--mount=", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """A file or link of a context: its path, the id of its content, whether it may be executed."""

    path: str
    id: str
    executable: bool = False
    link: bool = False


class BuildContext(Protocol):
    """The files that a Dockerfile may copy."""

    @property
    def files(self) -> Iterable[ContextFile]:
        """All of them, in one order."""
        ...

    def contents(self) -> Iterator[tuple[ContextFile, bytes]]:
        """Each with its content, a link with its text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """A Dockerfile with what it is given; `context` is None where it copies nothing."""

    dockerfile: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    context: BuildContext | None = None

    def tag(self, base: str) -> str:
        """The tag of what is built from it: it changes with all that goes in. `base` is the content of BASE."""
        told = [f"{name}={value}" for name, value in sorted(self.arguments.items())]
        told += [] if self.target is None else [f"target {self.target}"]
        if self.context is not None:
            told += [f"{file.path}\0{file.id}\0{file.executable}\0{file.link}" for file in self.context.files]
        if not told:
            return image_tag(self.dockerfile, base)
        given = hashlib.sha256("\n".join(told).encode(errors="surrogateescape")).hexdigest()
        return image_tag(f"{self.dockerfile}\0{given}", base)

    def archive(self, into: IO[bytes]) -> None:
        """Write the Dockerfile and the context as a tar archive, and go back to its beginning."""
        with tarfile.open(fileobj=into, mode="w") as archive:
            _add(archive, DOCKERFILE, self.dockerfile.encode(), mode=0o644)
            for file, data in self.context.contents() if self.context is not None else ():
                if file.path != DOCKERFILE:  # of two of a name the engine would take the later one
                    _add(archive, file.path, data, mode=0o755 if file.executable else 0o644, link=file.link)
        into.seek(0)


def copies_files(dockerfile: str) -> bool:
    """Whether a Dockerfile may want files of its context; one that does not is built without any."""
    return _WANTS_FILES.search(dockerfile) is not None


def kept_by(ignore: str) -> Callable[[str], bool]:
    """Whether a path stays in the context, by the text of its .dockerignore."""
    from docker.utils.build import PatternMatcher

    lines = [line.strip() for line in ignore.splitlines()]
    matcher = PatternMatcher([line for line in lines if line and not line.startswith("#")])

    def kept(path: str) -> bool:
        return not matcher.matches(cast("os.PathLike[str]", path))  # it takes plain text, whatever its hints say

    return kept


def _add(archive: tarfile.TarFile, path: str, data: bytes, *, mode: int, link: bool = False) -> None:
    # No time and no owner: the same files are the same archive, and the engine finds what it built of them before.
    about = tarfile.TarInfo(path)
    about.mode = mode
    if link:
        about.type, about.linkname = tarfile.SYMTYPE, data.decode(errors="surrogateescape")
        archive.addfile(about)
        return
    about.size = len(data)
    archive.addfile(about, io.BytesIO(data))
