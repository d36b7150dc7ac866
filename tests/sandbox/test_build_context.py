"""What an engine is handed for a build is what was asked for."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from sandbox.build_context import DOCKERFILE, ContextFile, ImageBuild
from sandbox.image_store import _split


class Files:
    """A context with a file that bears the Dockerfile's name in the archive."""

    files = (ContextFile(path=DOCKERFILE, id="1"), ContextFile(path="a.txt", id="2"))

    def contents(self) -> Iterator[tuple[ContextFile, bytes]]:
        """Each with a text."""
        return ((file, b"FROM theirs\n") for file in self.files)


def test_no_file_takes_the_dockerfiles_place() -> None:
    """Of two of a name an engine takes the later one: a commit could change what is built without the Dockerfile."""
    into = io.BytesIO()
    ImageBuild(dockerfile="FROM ours\n", context=Files()).archive(into)
    with tarfile.open(fileobj=into) as archive:
        assert archive.getnames() == [DOCKERFILE, "a.txt"]
        held = archive.extractfile(DOCKERFILE)
        assert held is not None
        assert held.read() == b"FROM ours\n"


def test_a_port_is_no_tag() -> None:
    """The colon of a registry's port does not cut the name of an image; a digest stays with it."""
    assert _split("localhost:1/x:y") == ("localhost:1/x", "y")
    assert _split("localhost:1/x") == ("localhost:1/x", "latest")
    assert _split("x") == ("x", "latest")
    assert _split("localhost:1/x@sha256:0") == ("localhost:1/x@sha256:0", None)
