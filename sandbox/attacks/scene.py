"""What an attack aims at: files, servers and a process of this program's own, which are looked at afterwards."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.attacks.listeners import Listeners, listeners
from sandbox.identity import sandbox_uid
from sandbox.sandbox import BASE_OBJECTS, Limits, SandboxSpec

VARIABLE = "MIMO_ATTACK_CANARY"
"""The variable of the program's own environment that no command may see."""

OBJECT_TEXT = "an object of the base\n"


@dataclass(slots=True, kw_only=True)
class Scene:
    """The host's side of an attack, all of it made for that; `word` is what must not be read."""

    word: str
    directory: Path
    beside: Path
    other: Path
    shared: Path | None
    objects: Path
    listeners: Listeners
    process: subprocess.Popen[bytes]
    mark: str
    image: str | None = None

    def spec(self, task: str, limits: Limits) -> SandboxSpec:
        """A sandbox on an empty worktree of its own, as those of runs are."""
        worktree = self.directory / "task" / f"{task}-{secrets.token_hex(4)}"
        worktree.mkdir()
        os.chown(worktree, sandbox_uid(), -1)
        return SandboxSpec(
            run="attack", task=task, worktree=worktree, base_objects=self.objects, image=self.image, limits=limits
        )

    def environment(self, nonce: str) -> dict[str, str]:
        """What a script is told of the host: as much as an attacker could know, and more."""
        return {
            "NONCE": nonce,
            "BESIDE": str(self.beside),
            "OTHER": str(self.other),
            "SHARED": str(self.shared or ""),
            "OBJECT": f"{BASE_OBJECTS}/object",
            "SOCKET": str(self.directory / "socket"),
            "HOST_PROCESS": str(self.process.pid),
            "MARK": self.mark,
            "HOST_HOME": str(Path.home()),
            "HOST_HOME_ID": _identity(Path.home()),
            "HOST_SHADOW_ID": _identity(Path("/etc/shadow")),
            **self.listeners.environment(),
        }

    def damage(self, nonce: str) -> str | None:
        """What was reached, changed or ended on this side; None if nothing was."""
        if self.listeners.heard(nonce):
            return "a server on this machine was reached"
        if self.process.poll() is not None:
            return "a process of the host's was killed"
        if any(path.read_text() != self.word for path in (self.beside, self.other)):
            return "a file of the host's was changed"
        if [path.name for path in self.objects.iterdir()] != ["object"]:
            return "the base store was changed"
        object_ = self.objects / "object"
        if object_.read_text() != OBJECT_TEXT or object_.stat().st_mode & 0o222 or object_.stat().st_nlink != 1:
            return "an object of the base store was changed"
        return None


@contextmanager
def scene(place: Path | None) -> Iterator[Scene]:
    """Make it in `place` or among the temporary files, and leave nothing of it; raises OSError."""
    with ExitStack() as made:
        directory = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="mimo-attack-", dir=place)))
        directory.chmod(0o755)  # only the sandbox's walls stand before these files, no permission of theirs
        word, mark = secrets.token_hex(16), f"mimo-mark-{secrets.token_hex(8)}"
        beside, other, objects = directory / "task", directory / "other" / "worktree", directory / "objects"
        for path in (beside, other, objects):
            path.mkdir(parents=True)
        secret = f"secret-{mark}"
        for path in (beside / secret, other / secret):
            path.write_text(word)
            path.chmod(0o666)
        (objects / "object").write_text(OBJECT_TEXT)
        (objects / "object").chmod(0o444)
        made.callback(_restore, VARIABLE, os.environ.get(VARIABLE))
        os.environ[VARIABLE] = word
        yield Scene(
            word=word,
            directory=directory,
            beside=beside / secret,
            other=other / secret,
            shared=_shared(made, word, secret),
            objects=objects,
            listeners=made.enter_context(listeners(directory)),
            process=made.enter_context(_process(mark)),
            mark=mark,
        )


def _shared(made: ExitStack, word: str, name: str) -> Path | None:
    path = Path("/dev/shm", name)  # noqa: S108 - where the host's processes share memory
    try:
        made.callback(path.unlink, missing_ok=True)
        path.write_text(word)
        path.chmod(0o666)
    except OSError:
        return None
    return path


@contextmanager
def _process(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its input to close, of the user that sandboxes have, so that it could be killed."""
    user = sandbox_uid() if os.getuid() == 0 else None
    waiting = subprocess.Popen(
        ["/bin/sh", "-c", "read line", mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env={},
        user=user,
    )
    try:
        yield waiting
    finally:
        waiting.kill()
        waiting.communicate()


def _restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _identity(path: Path) -> str:
    """The device and number of a file, by which it is known wherever it is shown."""
    try:
        found = path.stat()
    except OSError:
        return "none"
    return f"{found.st_dev}:{found.st_ino}"
