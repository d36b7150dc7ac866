"""How a sandbox is named and marked, so that a sweep finds what a crash left and leaves alone what is in use."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from sandbox.sandbox import SandboxSpec

RUN_LABEL = "io.mimo-orchestrate.run"
TASK_LABEL = "io.mimo-orchestrate.task"
OWNER_LABEL = "io.mimo-orchestrate.owner"


def unique_name(spec: SandboxSpec) -> str:
    """The name of one sandbox: the one that its spec has, or a fresh one."""
    return spec.name or fresh_name(spec.run, spec.task)


def fresh_name(run: str, task: str) -> str:
    """A name for one sandbox that no other on this machine has; safe wherever a container's name is."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{run}-{task}")[:100]
    return f"mimo-{readable}-{secrets.token_hex(4)}"


def labels(spec: SandboxSpec) -> dict[str, str]:
    """The run, the task and the process that owns the sandbox."""
    return {RUN_LABEL: spec.run, TASK_LABEL: spec.task, OWNER_LABEL: owner()}


def owner() -> str:
    """This process: boot, PID namespace, number and start time."""
    return f"{_boot()} {_namespace()} {os.getpid()} {_start_time(os.getpid())}"


def is_left_over(marks: Mapping[str, str]) -> bool:
    """Whether the process that made what bears these labels is gone; False where that can't be known from here."""
    parts = marks.get(OWNER_LABEL, "").split(" ")
    if len(parts) != 4 or not parts[2].isdecimal():
        return False
    boot, namespace, pid, started = parts
    if boot != _boot():
        return True
    return namespace == _namespace() and _start_time(int(pid)) != started


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _start_time(pid: int) -> str:
    """The process's start, in ticks since the boot; "gone" where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    return stat.rpartition(")")[2].split()[19]
