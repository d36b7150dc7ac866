"""Build hook: compiles the supervisor into the package, and puts the default image's Dockerfile beside it."""

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


def compile_supervisor(root: Path, *, extra: tuple[str, ...] = ()) -> Path:
    """Compile `sandbox/supervisor/*.c` to `sandbox/_bin/supervisor`; raises RuntimeError with what to install."""
    compiler = shlex.split(os.environ.get("CC", "")) or [next(filter(shutil.which, ("cc", "gcc", "clang")), "")]
    if not compiler[0]:
        raise RuntimeError("building mimo-orchestrate needs a C compiler: install gcc and libc6-dev (or set CC)")
    target = root / "sandbox" / "_bin" / "supervisor"
    target.parent.mkdir(exist_ok=True)
    fresh = target.with_name(f"supervisor.{os.getpid()}")
    sources = sorted(map(str, (root / "sandbox" / "supervisor").glob("*.c")))
    ran = subprocess.run([*compiler, *FLAGS, *extra, *sources, "-o", str(fresh)], capture_output=True, text=True)
    if ran.returncode != 0:
        fresh.unlink(missing_ok=True)
        raise RuntimeError(f"the supervisor did not compile (is a static C library installed?):\n{ran.stderr}")
    fresh.chmod(0o755)
    fresh.replace(target)  # at once: a running sandbox may have the old one open
    return target


class SupervisorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the wheel one of this platform, with the supervisor and the Dockerfile in it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel; `version` is `editable` for an editable one."""
        binary = compile_supervisor(Path(self.root))
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":  # an editable install finds both where they are
            build_data["force_include"][str(binary)] = "sandbox/_bin/supervisor"
            build_data["force_include"][str(Path(self.root) / "Dockerfile")] = "sandbox/_image/Dockerfile"
