"""Writes a git index whose entries match files that were just laid out, without git and without hashing one."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.airlock.trees import GITLINK, TreeFile

_STAT = struct.Struct(">10I")
_NAME_BITS = 0xFFF
_MAX_WORD = 0xFFFFFFFF


def index_bytes(
    tops: Sequence[Path], entries: Sequence[TreeFile], laid_out: Mapping[bytes, TreeFile], *, object_format: str
) -> bytes:
    """An index (version 2) of `entries`, with the status of the files below the first of `tops` that has them.

    Where `laid_out`, what really is in the directory, has something else at a path, the entry's status is left empty,
    and git will look at that file by itself. Raises OSError.
    """
    body = bytearray(b"DIRC" + struct.pack(">II", 2, len(entries)))
    for entry in sorted(entries, key=lambda entry: entry.path):
        body += _entry(tops, entry, known=laid_out.get(entry.path) == entry)
    return bytes(body) + hashlib.new(object_format, body).digest()


def split_index_bytes(
    top: Path,
    entries: Sequence[TreeFile],
    laid_out: Mapping[bytes, TreeFile],
    *,
    base: bytes,
    paths: Sequence[bytes],
    deleted: Collection[bytes],
    object_format: str,
) -> bytes:
    """An index that is another one, `base`, with `entries` added or in the place of its own, and without `deleted`.

    `paths` are those of the base's index in its order; it lies beside this one under its `shared_name`.
    Otherwise as `index_bytes`.
    """
    body = bytearray(b"DIRC" + struct.pack(">II", 2, len(entries)))
    for entry in sorted(entries, key=lambda entry: entry.path):
        body += _entry([top], entry, known=laid_out.get(entry.path) == entry)
    without = _bitmap(len(paths), [bisect_left(paths, path) for path in deleted])
    link = _digest(base, object_format) + without + _bitmap(0, [])
    body += b"link" + struct.pack(">I", len(link)) + link
    return bytes(body) + hashlib.new(object_format, body).digest()


def shared_name(index: bytes, *, object_format: str) -> str:
    """The name in a `.git` under which an index can be the base of others."""
    return f"sharedindex.{_digest(index, object_format).hex()}"


def _digest(index: bytes, object_format: str) -> bytes:
    return index[-hashlib.new(object_format).digest_size :]


def _bitmap(bits: int, positions: Iterable[int]) -> bytes:
    """A set of numbers below `bits` as git's compressed bitmap (EWAH), all of its words literal."""
    words = [0] * -(-bits // 64)
    for position in positions:
        words[position // 64] |= 1 << position % 64
    marked = [len(words) << 33, *words]  # how many literal words follow; no run of equal ones before them
    return struct.pack(f">II{len(marked)}QI", bits, len(marked), *marked, 0)


def _entry(tops: Sequence[Path], entry: TreeFile, *, known: bool) -> bytes:
    """One entry; the status of what is at its path, or an empty one."""
    status = _status(tops, entry) if known else _STAT.pack(*[0] * 6, entry.mode, 0, 0, 0)
    body = status + bytes.fromhex(entry.oid) + struct.pack(">H", min(len(entry.path), _NAME_BITS)) + entry.path
    # One to eight NULs, up to a multiple of eight.
    return body + b"\0" * (8 - len(body) % 8)


def _status(tops: Sequence[Path], entry: TreeFile) -> bytes:
    mode = entry.mode
    found = _look(tops, entry.path)
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


def _look(tops: Sequence[Path], path: bytes) -> os.stat_result:
    for top in tops[:-1]:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.lstat(os.fsencode(top) + b"/" + path)
    return os.lstat(os.fsencode(tops[-1]) + b"/" + path)
