"""Build hook: compiles the supervisor into the package, and puts the default image's Dockerfile beside it.

The supervisor is a static program that asks nothing of the machine but its kernel, so the wheel's tag promises every
Linux of this architecture: manylinux (glibc) and musllinux (musl) alike, each from an old version on.

The compiler is the host's own (or CC), for the host's architecture. With `MIMO_TARGET=aarch64` or `x86_64` in the
environment it is built for that one, by CC or else by zig, one compiler for both, which the build then asks for itself.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
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

MACHINES = {"x86_64": 62, "aarch64": 183}
"""What the header of an ELF file calls an architecture, 18 bytes from its start."""

ZIG = "ziglang==0.13.0"

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


def wanted_platform() -> str:
    """The platform to build for, as Python names it: this one, or what MIMO_TARGET says."""
    target = os.environ.get("MIMO_TARGET")
    return f"linux-{target}" if target else sysconfig.get_platform()


def compiler_command() -> list[str]:
    """The C compiler and what it is to be told of its target; raises RuntimeError where there is none."""
    own = shlex.split(os.environ.get("CC", ""))
    if own:
        return own
    if target := os.environ.get("MIMO_TARGET"):
        return [sys.executable, "-m", "ziglang", "cc", "-target", f"{target}-linux-musl"]
    found = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if found is None:
        raise RuntimeError(NO_COMPILER)
    return [found]


def check_machine(binary: Path, architecture: str) -> None:
    """Raises RuntimeError where a binary is for another architecture than the wheel will say."""
    machine = int.from_bytes(binary.read_bytes()[18:20], "little")
    if machine != MACHINES[architecture]:
        built = next((name for name, number in MACHINES.items() if number == machine), f"machine {machine}")
        raise RuntimeError(
            f"the compiler builds for {built}, and the wheel would be for {architecture}: set MIMO_TARGET={built}"
        )


def compile_supervisor(root: Path, *, extra: tuple[str, ...] = ()) -> Path:
    """Compile `sandbox/supervisor/*.c` into `sandbox/_bin`; raises RuntimeError with what to install.

    For another machine it has a name of its own: the checkout's is the one that runs here.
    """
    compiler = compiler_command()
    platform = wanted_platform()
    suffix = "" if platform == sysconfig.get_platform() else f".{platform}"
    target = root / "sandbox" / "_bin" / f"supervisor{suffix}"
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

    def dependencies(self) -> list[str]:
        """What the build needs besides: zig, where it is to build for a named target and no compiler is given."""
        return [ZIG] if os.environ.get("MIMO_TARGET") and not os.environ.get("CC") else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel; `version` is `editable` for an editable one."""
        build_data["tag"] = f"py3-none-{platform_tag(wanted_platform())}"
        build_data["pure_python"] = False
        binary = compile_supervisor(Path(self.root))
        check_machine(binary, ARCHITECTURES[wanted_platform()])
        if version != "editable":  # an editable install finds both where they are
            build_data["force_include"][str(binary)] = "sandbox/_bin/supervisor"
            build_data["force_include"][str(Path(self.root) / "Dockerfile")] = "sandbox/_image/Dockerfile"
