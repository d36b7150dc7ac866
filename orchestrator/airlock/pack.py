"""Objects that we made ourselves, handed to git as one pack, so that git checks each before it is stored."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from orchestrator.airlock.git import Git

LOOSE_LIMIT = 100
"""Up to so many objects are stored singly, as git itself does; more are kept as a pack."""

STORE_LOOSE = ("unpack-objects", "-q", "--strict")
"""Git with this takes a pack, checks each object and what it names, and stores them singly."""

_TYPES = {"commit": 1, "tree": 2, "blob": 3}


@dataclass(frozen=True, slots=True)
class NewObject:
    """A blob, a tree or a commit on its way into a store."""

    kind: str
    data: bytes


def store_objects(git: Git, objects: Collection[NewObject], *, object_format: str) -> None:
    """Store the objects; raises GitFailed if git finds one of them malformed, DiskFull."""
    if not objects:
        return
    command = STORE_LOOSE if len(objects) <= LOOSE_LIMIT else ["index-pack", "--stdin", "--strict"]
    git.run(command, stdin=packed(objects, object_format))


def packed(objects: Collection[NewObject], object_format: str) -> bytes:
    """The objects as one pack."""
    # Directories with the same content are one tree, which git will not be given twice.
    once = dict.fromkeys(objects)
    body = b"".join([b"PACK", (2).to_bytes(4), len(once).to_bytes(4), *_entries(once)])
    return body + hashlib.new(object_format, body).digest()


def _entries(objects: Collection[NewObject]) -> Iterator[bytes]:
    for item in objects:
        yield _entry_head(_TYPES[item.kind], len(item.data))
        yield zlib.compress(item.data, 1)


def _entry_head(kind: int, size: int) -> bytes:
    """Type and size: four bits of the size, then seven a byte, lowest first."""
    byte, size = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(byte | 128)
        byte, size = size & 127, size >> 7
    head.append(byte)
    return bytes(head)
