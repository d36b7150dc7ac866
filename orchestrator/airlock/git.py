"""The one place that starts git: a working directory of `/`, an environment made from nothing, fixed configuration."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, cast

from orchestrator.airlock.errors import DiskFull, GitFailed, GitUnusable, readable

OLDEST = (2, 38)
"""`merge-tree --write-tree` came with this version."""

TIMEOUT_SECONDS = 600.0
"""A bound, so that nothing hangs for ever; clones of very large histories are what it leaves room for."""

_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=true",
    "credential.helper=",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "transfer.fsckObjects=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
)

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "HOME": "/nonexistent",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}

_LOGGER = logging.getLogger("mimo.git")
"""As `sandbox.telling.Log`, without the import: commands that only read begin with git."""

_LOGGED_WORDS = 12

_FULL = (b"No space left on device", b"Disk quota exceeded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A git process that ended: exit code (negative: signal) and both streams."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    def failure(self) -> GitFailed | DiskFull:
        """The error that this ending is; DiskFull where git says so."""
        if any(words in self.stderr for words in _FULL):
            return DiskFull(f"git {self.argv[0]}: {readable(self.stderr)}")
        return GitFailed(self.argv, self.code, self.stdout, self.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Git on one repository: `git_dir` is explicit always, `work_tree` only where a checkout is meant.

    `config` are settings for every command, given through the environment so that a key may hold any character.
    `env` are further variables; None takes one of the fixed ones away.
    """

    git_dir: Path | None
    work_tree: Path | None = None
    config: tuple[tuple[str, str], ...] = ()
    env: Mapping[str, str | None] = field(default_factory=dict)

    def run(
        self,
        args: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str | None] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """Run git and give its standard output; raises GitFailed or DiskFull if it doesn't end with 0."""
        finished = self.attempt(args, stdin=stdin, env=env, timeout_seconds=timeout_seconds)
        if finished.code:
            raise finished.failure()
        return finished.stdout

    def line(self, args: Sequence[str], *, stdin: bytes = b"", env: Mapping[str, str | None] | None = None) -> str:
        """Run git for one line of output, without its newline; raises GitFailed."""
        return os.fsdecode(self.run(args, stdin=stdin, env=env).removesuffix(b"\n"))

    def attempt(
        self,
        args: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str | None] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Finished:
        """Run git and tell how it ended; raises GitFailed only for a timeout, GitUnusable without a git."""
        with self.waiting(args, env=env, timeout_seconds=timeout_seconds) as finish:
            return finish(stdin)

    @contextmanager
    def waiting(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str | None] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Iterator[Callable[[bytes], Finished]]:
        """A git that has started, and what gives it its input and tells how it ended, as `attempt` does, once.

        It is killed on leaving if it still runs.
        """
        with self._process(args, env, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:

            def finish(stdin: bytes) -> Finished:
                began = time.monotonic()
                try:
                    stdout, stderr = process.communicate(stdin, timeout_seconds)
                except subprocess.TimeoutExpired:
                    why = f"no end after {timeout_seconds:g} s".encode()
                    raise GitFailed(args, -signal.SIGKILL, b"", why) from None
                finished = Finished(argv=tuple(args), code=process.returncode, stdout=stdout, stderr=stderr)
                _log(finished, began)
                return finished

            try:
                yield finish
            finally:
                _kill(process)

    @contextmanager
    def conversation(self, args: Sequence[str]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """A running git: what it reads from and what it writes to; it is killed on leaving if it still runs."""
        with self._process(args, None, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                yield cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
            finally:
                _kill(process)

    @contextmanager
    def output(self, args: Sequence[str], *, stdin: IO[bytes]) -> Iterator[IO[bytes]]:
        """What a running git writes, while it reads from a file; it is killed on leaving if it still runs."""
        with self._process(args, None, stdin=stdin, stderr=subprocess.DEVNULL) as process:
            try:
                yield cast(IO[bytes], process.stdout)
            finally:
                _kill(process)

    def _process(
        self, args: Sequence[str], env: Mapping[str, str | None] | None, *, stdin: int | IO[bytes], stderr: int
    ) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C at the terminal ends the step in order, not the git in the middle of it.
        return subprocess.Popen(
            [_executable(), *(word for setting in _CONFIG for word in ("-c", setting)), *args],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd="/",
            env=self._environment(env or {}),
            start_new_session=True,
        )

    def _environment(self, extra: Mapping[str, str | None]) -> dict[str, str]:
        variables: dict[str, str | None] = {**_ENVIRONMENT, "PATH": _search_path(), **self.env, **extra}
        if self.git_dir is not None:
            variables["GIT_DIR"] = os.fspath(self.git_dir)
        if self.work_tree is not None:
            variables["GIT_WORK_TREE"] = os.fspath(self.work_tree)
        if self.config:
            variables["GIT_CONFIG_COUNT"] = str(len(self.config))
        for number, (key, value) in enumerate(self.config):
            variables[f"GIT_CONFIG_KEY_{number}"] = key
            variables[f"GIT_CONFIG_VALUE_{number}"] = value
        return {name: value for name, value in variables.items() if value is not None}


def _log(finished: Finished, began: float) -> None:
    if _LOGGER.isEnabledFor(logging.DEBUG):
        fields = {
            "argv": list(finished.argv[:_LOGGED_WORDS]),
            "code": finished.code,
            "seconds": round(time.monotonic() - began, 6),
            **({"stderr": readable(finished.stderr)} if finished.code else {}),
        }
        _LOGGER.debug("git.ran", extra={"fields": fields})


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git with the helpers that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@cache
def _executable() -> str:
    found = shutil.which("git")
    if found is None:
        raise GitUnusable("no git on this machine; install git 2.38 or newer")
    return found


def _search_path() -> str:
    return os.pathsep.join([str(Path(_executable()).parent), "/usr/local/bin", "/usr/bin", "/bin"])


@cache
def require_git() -> tuple[int, int]:
    """The version of the git in use; raises GitUnusable if there is none or it is older than 2.38."""
    words = Git(git_dir=None).line(["--version"])
    match = re.search(r"(\d+)\.(\d+)", words)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if version < OLDEST:
        raise GitUnusable(f"{words or 'this git'} is too old; install git 2.38 or newer")
    return version
