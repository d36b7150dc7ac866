"""Images that a page has the engine make: gone when the page was played, so that it is played the same again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker

from orchestrator.run.setup import REPOSITORY as SETUP
from sandbox.engine import Engine
from sandbox.image import image_tag
from tests.docs.pages import blocks
from tests.docs.sessions import FILE


@contextmanager
def images_removed(page: Path) -> Iterator[None]:
    """At the end, remove the images of the page's Dockerfiles, and what a setup made of them."""
    try:
        yield
    finally:
        client = docker.from_env()
        for block in blocks(page):
            named = FILE.search(block.text) if block.language == "dockerfile" else None
            if named is not None:
                remove(client, image_tag(block.text[named.end() + 1 :], Engine().base()[1]))
        client.close()


def remove(client: docker.DockerClient, tag: str) -> None:
    """Remove an image, if it is there, and those that were made from it by a setup."""
    for image in client.images.list(filters={"reference": tag}):
        for made in client.images.list(SETUP):
            if made.attrs["Parent"] == image.id:
                client.images.remove(str(made.id), force=True)
        client.images.remove(tag, force=True)
