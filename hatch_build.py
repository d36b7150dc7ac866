"""Build hook: compiles the supervisor into the package, and puts the default image's Dockerfile beside it.

The supervisor is a static program that asks nothing of the machine but its kernel, so the wheel's tag promises every
Linux of this architecture: manylinux (glibc) and musllinux (musl) alike, each from an old version on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = [
    "-static",
    "-Os",
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-Wall",
    "-Wextra",
    "-Wformat=2",
    "-Wshadow",
    "-fstack-protector-strong",
    "-D_FORTIFY_SOURCE=2",
    "-Wl,-z,relro,-z,now",
    "-s",
]


ARCHITECTURES = {"linux-x86_64": "x86_64", "linux-aarch64": "aarch64"}
"""The platforms that the supervisor's table of system calls is written for, as Python names them."""

NO_COMPILER = "building mimo-orchestrate needs a C compiler: install gcc and libc6-dev (or set CC)"
NO_STATIC_LIBRARY = (
    "the supervisor did not compile; it is linked statically, so the C library is needed as an archive too: "
    "libc6-dev on Debian and Ubuntu, glibc-static on Fedora, musl-dev on Alpine"
)


def platform_tag(platform: str) -> str:
    """What a wheel may promise that holds a static program of `platform`; raises RuntimeError where there is none."""
    architecture = ARCHITECTURES.get(platform)
    if architecture is None:
        raise RuntimeError(
            f"mimo-orchestrate is for Linux on x86-64 and arm64, and this is {platform}: its sandboxes are made of "
            "what that kernel gives; install it on such a machine, or in a virtual one"
        )
    return f"manylinux_2_17_{architecture}.musllinux_1_1_{architecture}"


def compile_supervisor(root: Path, *, extra: tuple[str, ...] = ()) -> Path:
    """Compile `sandbox/supervisor/*.c` to `sandbox/_bin/supervisor`; raises RuntimeError with what to install."""
    compiler = shlex.split(os.environ.get("CC", "")) or [next(filter(shutil.which, ("cc", "gcc", "clang")), "")]
    if not compiler[0]:
        raise RuntimeError(NO_COMPILER)
    target = root / "sandbox" / "_bin" / "supervisor"
    target.parent.mkdir(exist_ok=True)
    fresh = target.with_name(f"supervisor.{os.getpid()}")
    sources = sorted(map(str, (root / "sandbox" / "supervisor").glob("*.c")))
    try:
        ran = subprocess.run([*compiler, *FLAGS, *extra, *sources, "-o", str(fresh)], capture_output=True, text=True)
    except OSError as error:
        raise RuntimeError(f"{NO_COMPILER}: {error}") from None
    if ran.returncode != 0:
        fresh.unlink(missing_ok=True)
        raise RuntimeError(f"{ran.stderr}\n{NO_STATIC_LIBRARY}")
    fresh.chmod(0o755)
    fresh.replace(target)  # at once: a running sandbox may have the old one open
    return target


class SupervisorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the wheel one of this platform, with the supervisor and the Dockerfile in it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel; `version` is `editable` for an editable one."""
        build_data["tag"] = f"py3-none-{platform_tag(sysconfig.get_platform())}"
        build_data["pure_python"] = False
        binary = compile_supervisor(Path(self.root))
        if version != "editable":  # an editable install finds both where they are
            build_data["force_include"][str(binary)] = "sandbox/_bin/supervisor"
            build_data["force_include"][str(Path(self.root) / "Dockerfile")] = "sandbox/_image/Dockerfile"
