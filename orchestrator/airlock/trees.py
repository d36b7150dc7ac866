"""Tree objects: listing them, reading them one by one, and their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from orchestrator.airlock.errors import UnsafeTree
from orchestrator.airlock.git import Git

FILE, EXECUTABLE, LINK, GITLINK, DIRECTORY = 0o100644, 0o100755, 0o120000, 0o160000, 0o040000


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One file, link or submodule of a whole tree, by its path from the root."""

    path: bytes
    mode: int
    oid: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One name within a tree object."""

    mode: int
    oid: str


def list_tree(git: Git, tree: str) -> list[TreeFile]:
    """All files of a tree or commit, in git's order; modes as this git writes them. Raises GitFailed."""
    listing = git.run(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree])
    return [_tree_file(line) for line in listing.split(b"\0") if line]


def _tree_file(line: bytes) -> TreeFile:
    head, path = line.split(b"\t", 1)
    mode, _, oid = head.decode().split(" ")
    return TreeFile(path=path, mode=canonical(int(mode, 8)), oid=oid)


def canonical(mode: int) -> int:
    """One of the five modes git writes today; old histories also have 100664 and the like."""
    if mode & 0o170000 == 0o100000:
        return EXECUTABLE if mode & 0o100 else FILE
    return mode


class ObjectReader:
    """Reads objects through one running `cat-file --batch`; not for use by two threads at once."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests = requests
        self._replies = replies

    def read(self, oid: str) -> bytes:
        """The bytes of an object; raises UnsafeTree if it is missing."""
        self._requests.write(f"{oid}\n".encode())
        self._requests.flush()
        return read_reply(self._replies)[1]

    def tree_id(self, commitish: str) -> str:
        """The id of a commit's tree (or of the tree itself); raises UnsafeTree if there is none."""
        self._requests.write(f"{commitish}^{{tree}}\n".encode())
        self._requests.flush()
        return read_reply(self._replies)[0]

    def tree(self, oid: str) -> dict[bytes, TreeEntry]:
        """The entries of a tree object; raises UnsafeTree if it is missing or malformed."""
        return parse_tree(self.read(oid), oid_bytes=len(oid) // 2)


def read_reply(replies: IO[bytes]) -> tuple[str, bytes]:
    """The id and bytes of one object of `cat-file --batch`; raises UnsafeTree if it is missing or git stopped."""
    head = replies.readline().split()
    if len(head) != 3:
        raise UnsafeTree(b" ".join(head), "an object can't be read")
    size = int(head[2])
    data = replies.read(size + 1)
    if len(data) != size + 1:
        raise UnsafeTree(head[0], "an object ended early")
    return head[0].decode(), data[:-1]


@contextmanager
def object_reader(git: Git) -> Iterator[ObjectReader]:
    """A reader on a repository's objects, which ends with the block."""
    with git.conversation(["cat-file", "--batch"]) as (requests, replies):
        yield ObjectReader(requests, replies)


def parse_tree(data: bytes, *, oid_bytes: int) -> dict[bytes, TreeEntry]:
    """The entries of a tree object by name; raises UnsafeTree if it is malformed or names one twice."""
    entries: dict[bytes, TreeEntry] = {}
    position = 0
    while position < len(data):
        space, end = data.find(b" ", position), data.find(b"\0", position)
        name = data[space + 1 : end]
        if not position < space < end or end + 1 + oid_bytes > len(data) or name in entries:
            raise UnsafeTree(name, "the tree object is malformed")
        entries[name] = TreeEntry(int(data[position:space], 8), data[end + 1 : end + 1 + oid_bytes].hex())
        position = end + 1 + oid_bytes
    return entries


def format_tree(entries: Mapping[bytes, TreeEntry]) -> bytes:
    """The bytes of a tree object, in the order that git wants."""

    def order(name: bytes) -> bytes:
        return name + b"/" if entries[name].mode == DIRECTORY else name

    return b"".join(
        b"%o %b\0%b" % (entries[name].mode, name, bytes.fromhex(entries[name].oid))
        for name in sorted(entries, key=order)
    )


def format_of(oid: str) -> str:
    """The object format that an id is of."""
    return "sha256" if len(oid) == 64 else "sha1"


def object_id(kind: str, data: bytes, *, object_format: str) -> str:
    """The id that git gives an object."""
    digest = hashlib.new(object_format, b"%b %d\0" % (kind.encode(), len(data)))
    digest.update(data)
    return digest.hexdigest()
