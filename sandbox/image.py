"""The default image: where its Dockerfile is, and what its tag is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sandbox.errors import SandboxUnavailable

REPOSITORY = "mimo-orchestrate"
"""The name of images that are built from a Dockerfile, ours or a plan's."""

SETUP_REPOSITORY = "mimo-orchestrate-setup"
"""The name of images in which a setup was done."""

MAKER_LABEL = "io.mimo-orchestrate.made-by"
"""Says in an image whose state directory it belongs to, so that nobody removes what another made."""

LOCAL_BASE = "mimo-orchestrate-base:bookworm"
"""What scripts/build-base makes, for machines that no registry answers."""

REGISTRY_BASE = "debian:bookworm-slim"

_PACKAGED = Path(__file__).parent / "_image" / "Dockerfile"
_CHECKOUT = Path(__file__).parent.parent / "Dockerfile"


def default_dockerfile() -> str:
    """The text of the packaged Dockerfile (of the checkout's, in an editable install); raises SandboxUnavailable."""
    for path in (_PACKAGED, _CHECKOUT):
        if path.is_file():
            return path.read_text()
    raise SandboxUnavailable(f"the default image's Dockerfile is missing ({_PACKAGED})", "reinstall mimo-orchestrate")


def image_tag(dockerfile: str, base: str) -> str:
    """A tag that changes with the Dockerfile's text and with the base it is built on."""
    content = hashlib.sha256(f"{base}\0{dockerfile}".encode()).hexdigest()
    return f"{REPOSITORY}:{content[:16]}"
