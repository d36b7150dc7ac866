"""Volumes that an image declares: there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from sandbox.build_context import ImageBuild
from sandbox.docker import DockerBackend
from sandbox.sandbox import Command
from tests.contracts.sandbox.conftest import make_spec

DECLARES = "ARG BASE\nFROM ${BASE}\nUSER 0\nRUN mkdir -m 1777 /var/own\nVOLUME /var/own /workspace\n"


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    """The engine itself."""
    made = docker.from_env()
    yield made
    made.close()


@pytest.mark.docker
async def test_an_image_gets_no_volume(tmp_path: Path, client: docker.DockerClient) -> None:
    """Where an image wants a volume nothing can be written, and none is there that could be left; ours is ours."""
    backend = DockerBackend()
    image = await backend.ensure_image(ImageBuild(dockerfile=DECLARES))
    try:
        async with backend.open(dataclasses.replace(make_spec(tmp_path), image=image)) as sandbox:
            tried = await sandbox.execute(Command(script="touch /var/own/file; touch /workspace/file && ls"))
            mounts = client.containers.get(sandbox.name).attrs["Mounts"]
        assert "Read-only file system" in tried.stderr.text()
        assert tried.stdout.text() == "file\ngone.txt\nkept.txt\n"
        assert "volume" not in {mount["Type"] for mount in mounts}
    finally:
        client.images.remove(image, force=True)
