"""Images of the Docker backend: the default one, a plan's own, and one that lacks nearly everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from sandbox.build_context import ImageBuild
from sandbox.docker import DockerBackend
from sandbox.engine import Engine
from sandbox.errors import CommandRefused, SandboxUnavailable
from sandbox.image import image_tag
from sandbox.sandbox import Command, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec

pytestmark = pytest.mark.docker

BARE = """ARG BASE
FROM ${BASE}
USER 0
RUN rm /usr/bin/bash
ENV GIVEN=by-the-image
HEALTHCHECK --interval=1s CMD touch /workspace/health
VOLUME /var/own
ENTRYPOINT ["/bin/false"]
"""


@pytest.fixture
def removed_after() -> Iterator[list[str]]:
    """Tags of images that go when the test is over."""
    tags: list[str] = []
    yield tags
    client = docker.from_env()
    for tag in tags:
        client.images.remove(tag, force=True)
    client.close()


async def test_tools_of_the_default_image(tmp_path: Path) -> None:
    """The default image has what agents need, and a name for their user."""
    async with DockerBackend().open(make_spec(tmp_path)) as sandbox:
        script = (
            "for tool in git rg python3 python gcc make patch bash; do command -v $tool > /dev/null || echo $tool; done"
        )
        missing = await sandbox.execute(Command(script=script))
        assert missing.stdout.text() == ""


async def test_a_plans_own_image(tmp_path: Path, removed_after: list[str]) -> None:
    """Any image with a shell serves: without bash, with an entry point, a health check and a volume of its own."""
    backend, lines = DockerBackend(), list[str]()
    tag = await backend.ensure_image(ImageBuild(dockerfile=BARE), progress=lines.append)
    removed_after.append(tag)
    assert any("rm /usr/bin/bash" in line for line in lines)
    assert tag == image_tag(BARE, Engine().base()[1])
    plain = make_spec(tmp_path)
    spec = SandboxSpec(
        run=plain.run, task=plain.task, worktree=plain.worktree, base_objects=plain.base_objects, image=tag
    )
    async with backend.open(spec) as sandbox:
        result = await sandbox.execute(Command(script="echo $0 $GIVEN $HOME; sleep 1.5; ls"))
    assert result.stdout.text() == "sh by-the-image /home/agent\ngone.txt\nkept.txt\n"


async def test_it_is_built_once(removed_after: list[str]) -> None:
    """The second time the image is there, and nothing is built."""
    dockerfile, lines = "ARG BASE\nFROM ${BASE}\nENV ONCE=1\n", list[str]()
    removed_after.append(await DockerBackend().ensure_image(ImageBuild(dockerfile=dockerfile)))
    await DockerBackend().ensure_image(ImageBuild(dockerfile=dockerfile), progress=lines.append)
    assert lines == []


async def test_a_build_that_fails() -> None:
    """A Dockerfile that does not build is said with its last lines."""
    with pytest.raises(SandboxUnavailable, match="exit 7"):
        await DockerBackend().ensure_image(ImageBuild(dockerfile="ARG BASE\nFROM ${BASE}\nRUN echo trouble; exit 7\n"))


async def test_an_image_without_a_shell(tmp_path: Path, removed_after: list[str]) -> None:
    """In an image without a shell a command is refused with the reason, and the sandbox lives."""
    backend = DockerBackend()
    tag = await backend.ensure_image(ImageBuild(dockerfile="FROM scratch\nENV EMPTY=1\n"))
    removed_after.append(tag)
    plain = make_spec(tmp_path)
    spec = SandboxSpec(
        run=plain.run, task=plain.task, worktree=plain.worktree, base_objects=plain.base_objects, image=tag
    )
    async with backend.open(spec) as sandbox:
        with pytest.raises(CommandRefused, match="cannot start the shell: No such file or directory"):
            await sandbox.execute(Command(script="true"))
        assert await sandbox.read_file("kept.txt", max_bytes=10) == b"kept\n"
