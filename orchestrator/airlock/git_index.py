"""Writes a git index whose entries match files that were just laid out, without git and without hashing one."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.airlock.trees import GITLINK, TreeFile

_STAT = struct.Struct(">10I")
_NAME_BITS = 0xFFF
_MAX_WORD = 0xFFFFFFFF


def index_bytes(
    top: Path, entries: Sequence[TreeFile], laid_out: Mapping[bytes, TreeFile], *, object_format: str
) -> bytes:
    """An index (version 2) of `entries`, with the status of the files below `top`; raises OSError.

    Where `laid_out`, what really is in the directory, has something else at a path, the entry's status is left empty,
    and git will look at that file by itself.
    """
    body = bytearray(b"DIRC" + struct.pack(">II", 2, len(entries)))
    root = os.fsencode(top)
    for entry in sorted(entries, key=lambda entry: entry.path):
        known = laid_out.get(entry.path) == entry
        begun = len(body)
        body += _status(root + b"/" + entry.path, entry.mode) if known else _STAT.pack(*[0] * 6, entry.mode, 0, 0, 0)
        body += bytes.fromhex(entry.oid)
        body += struct.pack(">H", min(len(entry.path), _NAME_BITS)) + entry.path
        # One to eight NULs, up to a multiple of eight.
        body += b"\0" * (8 - (len(body) - begun) % 8)
    return bytes(body) + hashlib.new(object_format, body).digest()


def _status(path: bytes, mode: int) -> bytes:
    found = os.lstat(path)
    kept_mode = mode if mode == GITLINK or stat.S_ISLNK(found.st_mode) else stat.S_IFREG | (mode & 0o777)
    numbers = (
        *divmod(found.st_ctime_ns, 10**9),
        *divmod(found.st_mtime_ns, 10**9),
        found.st_dev,
        found.st_ino,
        kept_mode,
        found.st_uid,
        found.st_gid,
        0 if mode == GITLINK else found.st_size,
    )
    return _STAT.pack(*(number & _MAX_WORD for number in numbers))
