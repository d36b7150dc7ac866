"""What the attacks succeed against: a worktree of the user's repository, and plain git on the host.

This is how tools do it that trust their agents. It is kept to show that each attack is real: a test runs it here, where
it must succeed, and against the airlock, where it must not.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.airlock.site import git

TIMEOUT_SECONDS = 20


class NaiveStage:
    """An agent at work in a `git worktree`, whose result the host takes with `git add` and `git merge`."""

    def __init__(self, user: Path, scratch: Path) -> None:
        self.top = user
        self.worktree = scratch / "naive"
        git(user, "worktree", "add", "-q", "-b", "task", str(self.worktree), "main")
        self.common = user / ".git"
        self.git_dir = self.common / "worktrees/naive"
        self.start = git(user, "rev-parse", "main").decode().strip()

    def open_git(self) -> None:
        """Git works in the worktree as it is."""

    def checkpoint(self, message: str = "work") -> None:
        """Take the agent's work of one step."""
        for words in (["status"], ["diff", "main"], ["add", "-A"], ["commit", "-m", message]):
            self._host(self.worktree, *words)

    def land(self, message: str = "work") -> None:
        """Take the work and merge it into the user's branch, on which another task landed meanwhile."""
        self.checkpoint(message)
        (self.top / "src/two.py").write_text("x = 1\ny = 2\n")
        self._host(self.top, "commit", "-qam", "other")
        self._host(self.top, "merge", "--no-edit", "task")

    def message(self) -> bytes:
        """The message of the commit that holds the agent's work."""
        return self._host(self.top, "log", "-1", "--format=%B", "task")

    def _host(self, where: Path, *words: str) -> bytes:
        """A git command of the host's; an attack may well make it fail."""
        return subprocess.run(
            ["git", *words],
            cwd=where,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
        ).stdout
