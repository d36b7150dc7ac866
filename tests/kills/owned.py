"""What is the user's own, and must be as it was whatever is killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.program import Program

NOTES = b"mine, and in no commit\n\0\xff"


class Owned:
    """The repository as it was when this was made: HEAD, refs, index, files, and one file that git does not know."""

    def __init__(self, program: Program) -> None:
        (program.repository / "notes.bin").write_bytes(NOTES)
        self._program = program
        self._before = self._state()

    def untouched(self, *, main_may_move: bool) -> None:
        """Only our own refs have changed; with `main_may_move` the base branch may have, by our commits on top."""
        now = self._state()
        if main_may_move and now["refs"] != self._before["refs"]:
            assert now["HEAD"] == self._before["HEAD"]
            assert (self._program.repository / "notes.bin").read_bytes() == NOTES
            assert self._git("merge-base", "--is-ancestor", str(self._before["tip"]), "main") == ""
            return
        assert now == self._before

    def whole(self) -> None:
        """Every repository is sound, and in the user's only their own file is new."""
        assert self._git("status", "--porcelain") == "?? notes.bin\n"
        assert self._git("fsck", "--no-dangling", "--no-progress") == ""
        for store in Path(self._program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/*.git"):
            words = ["git", "-C", str(store), "fsck", "--no-dangling", "--no-progress"]
            fsck = subprocess.run(words, capture_output=True, text=True, env=self._program.env, check=False)
            assert fsck.returncode == 0, fsck.stderr

    def _state(self) -> dict[str, object]:
        top = self._program.repository
        files = [path for path in top.rglob("*") if ".git" not in path.relative_to(top).parts]
        refs = self._git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {
            "HEAD": (top / ".git/HEAD").read_text(),
            "tip": self._git("rev-parse", "main").strip(),
            "refs": [ref for ref in refs if not ref.startswith("refs/heads/mimo/")],
            "index": self._git("ls-files", "--stage", "-z"),
            "files": {str(path): path.read_bytes() for path in files if path.is_file()},
            "config": (top / ".git/config").read_bytes(),
        }

    def _git(self, *words: str) -> str:
        command = ["git", "-C", str(self._program.repository), *words]
        return subprocess.run(command, capture_output=True, text=True, env=self._program.env, check=True).stdout
