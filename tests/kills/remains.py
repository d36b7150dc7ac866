"""What a run has on the machine while it works, so that a test can wait until none of it is there any more."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_SERVER = b"tests.server"


@dataclass(slots=True, kw_only=True)
class Held:
    """Containers of a run by id, and what the engine made for them, as seen at some moment."""

    started: set[str] = field(default_factory=set)
    never_started: set[str] = field(default_factory=set)
    """These hold nothing: no process, no mount, no memory."""
    places: set[str] = field(default_factory=set)
    volumes: set[str] = field(default_factory=set)


class Watch:
    """Looks for what bears the mark: an environment variable of every process inside, a label of every container."""

    def __init__(self, *, home: Path, canary: str, env: dict[str, str]) -> None:
        self._home, self._canary = str(home).encode(), canary.encode()
        self._env = env

    def processes(self) -> dict[int, str]:
        """Processes that name the home or bear the canary, whoever started them."""
        return self._bearing(self._home, self._canary)

    def inside(self) -> dict[int, str]:
        """Of these, the ones in a sandbox: its variables are in their environment."""
        return self._bearing(self._canary)

    def _bearing(self, *needles: bytes) -> dict[int, str]:
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            words, held = _read(entry / "cmdline"), _read(entry / "environ")
            if _SERVER not in words and any(needle in words or needle in held for needle in needles):
                found[int(entry.name)] = _read(entry / "comm").decode().strip()
        return found

    def supervisors(self) -> list[int]:
        """The first processes of sandboxes."""
        return [pid for pid, name in self.processes().items() if name == "supervisor"]

    def kill_container(self, container: str) -> bool:
        """Whether the engine killed it."""
        words = ["docker", "kill", "--signal", "KILL", container]
        return subprocess.run(words, capture_output=True, env=self._env, check=False).returncode == 0

    def containers(self, plan: str) -> Held:
        """Containers of runs of a plan of that name, and what there is for them."""
        listed = self._docker("ps", "--all", "--quiet", "--filter", f"name=mimo-{plan}-").split()
        held = Held()
        for one in listed:
            said = self._docker("inspect", one)
            for about in json.loads(said) if said.strip() else []:
                created = about["State"]["Status"] == "created"
                (held.never_started if created else held.started).add(about["Id"])
                held.places |= {(about["GraphDriver"]["Data"] or {}).get("MergedDir", "")} - {""}
                held.volumes |= {mount["Name"] for mount in about["Mounts"] if mount["Type"] == "volume"}
        return held

    def volumes(self) -> set[str]:
        """All volumes of the engine."""
        return set(self._docker("volume", "ls", "--quiet").split())

    def _docker(self, *words: str) -> str:
        # A container may go between being listed and being looked at: that is no failure.
        return subprocess.run(["docker", *words], capture_output=True, text=True, env=self._env, check=False).stdout


def mounts() -> set[str]:
    """Where something is mounted, as this process sees it."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def cgroups_of(containers: set[str]) -> list[Path]:
    """Groups that the engine or we made for these containers."""
    return [path for path in Path("/sys/fs/cgroup").glob("*/docker/*") if path.name in containers] + [
        path for path in Path("/sys/fs/cgroup").glob("system.slice/docker-*") if path.name[7:71] in containers
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
