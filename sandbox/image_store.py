"""Blocking calls about an engine's images: pulled, built, searched for secrets, listed and removed."""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from sandbox.build_context import DOCKERFILE, ImageBuild
from sandbox.errors import SandboxUnavailable
from sandbox.image import MAKER_LABEL, REPOSITORY, SETUP_REPOSITORY
from sandbox.search import found_in

if TYPE_CHECKING:
    from docker import APIClient

BUILD_SECONDS = 1800
SHOWN_LINES = 8
"""How many of the last lines of a build that failed are shown."""

_CHATTER = (" ---> ", "Removing intermediate container ")
"""What an engine says of itself between the lines of a build."""

SAY_SECONDS = 5.0
"""How often a pull says how far it is."""


class ImageStore:
    """The images of an engine; `connected` opens a connection to it."""

    def __init__(self, connected: Callable[[], AbstractContextManager[APIClient]]) -> None:
        """Nothing is asked yet."""
        self._connected = connected

    def pull(self, image: str, progress: Callable[[str], None]) -> None:
        """Fetch an image from its registry; raises SandboxUnavailable."""
        from docker.errors import APIError

        with self._connected() as api:
            repository, tag = _split(image)
            progress(f"pulling the image {image}")
            try:
                steps = api.pull(repository, tag=tag, stream=True, decode=True)
                fault = _watched(steps, image, progress)
            except APIError as error:
                fault = error.explanation or str(error)
        if fault is not None:
            raise not_pulled(image, fault)

    def build(self, build: ImageBuild, tag: str, *, labels: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """Build an image; `progress` gets each line. Raises SandboxUnavailable with the last ones."""
        lines: list[str] = []
        failed = False
        with self._connected() as api, tempfile.TemporaryFile() as archive:
            build.archive(archive)
            steps = api.build(
                fileobj=archive,
                custom_context=True,
                dockerfile=DOCKERFILE,
                tag=tag,
                rm=True,
                forcerm=True,
                buildargs=dict(build.arguments),
                target=build.target,
                labels=dict(labels),
                decode=True,
                timeout=BUILD_SECONDS,
            )
            for step in steps:
                for line in str(step.get("stream", "") or step.get("error", "")).splitlines():
                    if line.strip() and not line.startswith(_CHATTER):
                        lines.append(line.rstrip())
                        progress(line.rstrip())
                failed = failed or "error" in step  # read to the end all the same: that is what frees the connection
        if failed:
            told = "".join(f"\n    {line}" for line in lines[-SHOWN_LINES:])
            raise SandboxUnavailable(
                f"the image {tag} could not be built:{told}",
                "mend what failed; or see that the engine reaches a registry and a package mirror (scripts/build-base "
                "makes a base where none is in reach)",
            )

    def leaked(self, name: str, secrets: Mapping[str, Iterable[bytes]]) -> list[str]:
        """Where a container's root holds one of the values: `NAME in /path` for each; raises SandboxUnavailable."""
        found = []
        with self._connected() as api, tarfile.open(fileobj=_Stream(api.export(name)), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    found += [f"{secret} in /{member.name}" for secret in found_in(content, secrets)]
        return found

    def made_by(self, maker: str) -> list[str]:
        """The tags of images that bear this maker's label and our name, the newest first; raises SandboxUnavailable.

        An image that somebody built from one of ours inherits the label and not the name, and is theirs.
        """
        with self._connected() as api:
            listed = api.images(filters={"label": f"{MAKER_LABEL}={maker}"})
        return [
            str(tag)
            for image in sorted(listed, key=lambda image: int(image.get("Created", 0)), reverse=True)
            for tag in image.get("RepoTags") or ()
            if tag.rpartition(":")[0] in {REPOSITORY, SETUP_REPOSITORY}
        ]

    def remove(self, tag: str) -> str | None:
        """Remove an image; why it stays where a container is on it. Raises SandboxUnavailable."""
        from docker.errors import APIError, ImageNotFound

        with self._connected() as api:
            try:
                api.remove_image(tag)
            except ImageNotFound:
                return None
            except APIError as error:
                if error.status_code != 409:
                    raise
                return "a container or another image is made of it"
        return None

    def bytes_used(self) -> int:
        """What all images of the engine take of the disk; raises SandboxUnavailable."""
        with self._connected() as api:
            return int(api.df().get("LayersSize") or 0)


def not_pulled(image: str, fault: str) -> SandboxUnavailable:
    """The error for an image that is not here and can't be fetched."""
    return SandboxUnavailable(
        f"the image {image} is not on this machine and could not be pulled ({' '.join(fault.split())[:200]})",
        f"build or load it yourself (`docker pull {image}`), or leave it out of the plan",
    )


def _split(image: str) -> tuple[str, str | None]:
    """The repository and the tag; a digest stays with its repository."""
    if "@" in image:
        return image, None
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _watched(steps: Iterator[dict[str, Any]], image: str, progress: Callable[[str], None]) -> str | None:
    """Follow a pull to its end; what went wrong, if something did."""
    sizes: dict[str, tuple[int, int]] = {}
    fault, said = None, time.monotonic()
    for step in steps:
        fault = str(step["error"]) if "error" in step else fault
        detail = step.get("progressDetail") or {}
        if step.get("status") == "Downloading" and detail.get("total"):
            sizes[str(step.get("id"))] = (int(detail.get("current", 0)), int(detail["total"]))
        if sizes and time.monotonic() - said >= SAY_SECONDS:
            said = time.monotonic()
            done, total = (sum(column) // 10**6 for column in zip(*sizes.values(), strict=True))
            progress(f"pulling the image {image}: {done} of {total} MB")
    return fault


class _Stream(io.RawIOBase):
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        parts: Sequence[bytes] = [self._rest]
        length = len(self._rest)
        while (size < 0 or length < size) and (chunk := next(self._chunks, b"")):
            parts = [*parts, chunk]
            length += len(chunk)
        whole = b"".join(parts)
        taken, self._rest = (whole, b"") if size < 0 else (whole[:size], whole[size:])
        return taken
