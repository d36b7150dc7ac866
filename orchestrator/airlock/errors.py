"""What goes wrong around git, every message fit for a user.

AirlockError
├── GitUnusable           no git on this machine, or one older than 2.38
├── GitFailed             a git process of ours failed: its arguments, exit code and both streams
├── DiskFull              the disk or a quota is full
├── RepositoryUnusable    the user's repository can't be worked on: why, and what to do about it
│   ├── NotARepository    there is none
│   ├── NotOwned          it belongs to somebody else and was not declared safe
│   ├── BareRepository    it has no checkout of its own
│   ├── NoCommits         it is empty, or the branch is unborn
│   ├── DetachedHead      no branch is checked out and the plan names none
│   ├── BaseMissing       there is no such branch
│   └── IncompleteHistory it is a shallow or a partial clone
├── RefMoved              a ref did not have the value it was expected to have
├── UnsafeName            a name that may not become part of a ref
└── UnsafeTree            a tree that can't be laid out in a directory
"""

from __future__ import annotations

from collections.abc import Sequence


class AirlockError(Exception):
    """Base of all faults around git."""


class GitUnusable(AirlockError):
    """There is no git that serves; the message says which is needed."""


class GitFailed(AirlockError):
    """A git process failed; `stdout` and `stderr` are its bytes, `code` is negative for a signal."""

    def __init__(self, argv: Sequence[str], code: int, stdout: bytes, stderr: bytes) -> None:
        self.argv = tuple(argv)
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        super().__init__(f"git {' '.join(argv)} ended with {code}: {readable(stderr or stdout)}")


class DiskFull(AirlockError):
    """No space, or no quota, was left; nothing that was begun was made visible."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the disk (or a quota) is full: {what}")


class RepositoryUnusable(AirlockError):
    """The repository can't serve; `what` is wrong, `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}")


class NotARepository(RepositoryUnusable):
    """No git repository is around the given directory."""


class NotOwned(RepositoryUnusable):
    """The repository belongs to another user, and the user's git configuration doesn't declare it safe."""


class BareRepository(RepositoryUnusable):
    """The repository has no working tree."""


class NoCommits(RepositoryUnusable):
    """Nothing has been committed yet, at all or on the branch."""


class DetachedHead(RepositoryUnusable):
    """No branch is checked out, so that there is none to start from."""


class BaseMissing(RepositoryUnusable):
    """The named base is no local branch."""


class IncompleteHistory(RepositoryUnusable):
    """Part of the history is elsewhere."""


class RefMoved(AirlockError):
    """A compare-and-swap was lost: `actual` is what the ref holds now (None: it doesn't exist)."""

    def __init__(self, ref: str, expected: str | None, actual: str | None) -> None:
        self.ref = ref
        self.expected = expected
        self.actual = actual
        super().__init__(f"{ref} is at {actual or 'nothing'}, expected {expected or 'nothing'}")


class UnsafeName(AirlockError):
    """A run, task or ref name that is not of the fixed form."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"{name!r} {why}")


class UnsafeTree(AirlockError):
    """A tree holds a name that may not be created on disk."""

    def __init__(self, path: bytes, why: str) -> None:
        self.path = path
        super().__init__(f"{readable(path)}: {why}")


def readable(data: bytes, *, limit: int = 2000) -> str:
    """Bytes of git's as one cut, printable piece of text: control and undecodable bytes shown escaped."""
    text = data[:limit].decode(errors="backslashreplace").strip()
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)
