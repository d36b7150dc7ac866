"""A tree being changed in memory: only the directories on the way to a change are read, and only those written."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.airlock.pack import NewObject
from orchestrator.airlock.paths import Refusal, fold
from orchestrator.airlock.trees import DIRECTORY, GITLINK, ObjectReader, TreeEntry, format_tree, object_id


class _Directory:
    """One directory: its entries, those of them that were opened, and its id while nothing in it was changed."""

    def __init__(self, entries: dict[bytes, TreeEntry], oid: str | None) -> None:
        self.entries = entries
        self.oid = oid
        self.opened: dict[bytes, _Directory] = {}
        self._folded: dict[str, set[bytes]] | None = None

    def names_like(self, name: bytes) -> set[bytes]:
        """The names here that differ from this one in case only."""
        if self._folded is None:
            self._folded = {}
            for known in self.entries:
                self._folded.setdefault(fold(known), set()).add(known)
        return self._folded.get(fold(name), set()) - {name}

    def put(self, name: bytes, entry: TreeEntry) -> None:
        self.oid = None
        self.entries[name] = entry
        if self._folded is not None:
            self._folded.setdefault(fold(name), set()).add(name)

    def drop(self, name: bytes) -> None:
        self.oid = None
        self.entries.pop(name, None)
        self.opened.pop(name, None)
        if self._folded is not None:
            self._folded.get(fold(name), set()).discard(name)


class TreeEdit:
    """Changes on top of a tree; names are taken as they are, judged before they come here."""

    def __init__(self, reader: ObjectReader, tree: str, *, object_format: str) -> None:
        self._reader = reader
        self._format = object_format
        self._root = _Directory(reader.tree(tree), tree)

    def find(self, path: bytes) -> TreeEntry | None:
        """What is at a path now: a file, a link, a submodule or a directory; None for nothing."""
        *parents, name = path.split(b"/")
        directory: _Directory | None = self._root
        for part in parents:
            directory = self._open(directory, part) if directory is not None else None
        return directory.entries.get(name) if directory is not None else None

    def in_submodule(self, path: bytes) -> bool:
        """Whether a submodule is at the path or on the way to it."""
        directory: _Directory | None = self._root
        for part in path.split(b"/"):
            entry = directory.entries.get(part) if directory is not None else None
            if entry is not None and entry.mode == GITLINK:
                return True
            directory = self._open(directory, part) if directory is not None else None
        return False

    def delete(self, path: bytes) -> bool:
        """Take a file or link away, with the directories that it leaves empty; tells whether there was one."""
        trail = [self._root]
        *parents, name = path.split(b"/")
        for part in parents:
            below = self._open(trail[-1], part)
            if below is None:
                return False
            trail.append(below)
        entry = trail[-1].entries.get(name)
        if entry is None or entry.mode in {DIRECTORY, GITLINK}:
            return False
        trail[-1].drop(name)
        for above, below, part in reversed(list(zip(trail, trail[1:], parents, strict=False))):
            if not below.entries:
                above.drop(part)
        return True

    def put(self, path: bytes, entry: TreeEntry) -> Refusal | None:
        """Put a file or link at a path; where another name is in its way nothing changes, and the reason is given."""
        directory, missing, reason = self._descend(path)
        if reason is not None:
            return reason
        for part in missing[:-1]:
            below = _Directory({}, None)
            directory.put(part, TreeEntry(DIRECTORY, ""))
            directory.opened[part] = below
            directory = below
        directory.put(missing[-1], entry)
        return None

    def write(self) -> tuple[str, list[NewObject]]:
        """The id of the changed tree and the tree objects that are new."""
        objects: list[NewObject] = []
        return self._write(self._root, objects), objects

    def _descend(self, path: bytes) -> tuple[_Directory, list[bytes], Refusal | None]:
        """The deepest directory there is on the way, what is missing below it, and why it can't be made."""
        directory, parts = self._root, path.split(b"/")
        for depth, part in enumerate(parts):
            last = depth == len(parts) - 1
            entry = directory.entries.get(part)
            if entry is None:
                return directory, parts[depth:], Refusal.CASE if directory.names_like(part) else None
            if last:
                return directory, parts[depth:], _obstacle(entry, wanted_directory=False)
            reason = _obstacle(entry, wanted_directory=True)
            below = self._open(directory, part)
            if reason is not None or below is None:
                return directory, parts[depth:], reason or Refusal.IN_THE_WAY
            directory = below
        raise AssertionError("a path has at least one part")

    def _open(self, directory: _Directory, name: bytes) -> _Directory | None:
        if name not in directory.opened:
            entry = directory.entries.get(name)
            if entry is None or entry.mode != DIRECTORY:
                return None
            directory.opened[name] = _Directory(self._reader.tree(entry.oid), entry.oid)
        return directory.opened[name]

    def _write(self, directory: _Directory, objects: list[NewObject]) -> str:
        for name, below in directory.opened.items():
            written = TreeEntry(DIRECTORY, self._write(below, objects))
            if directory.entries[name] != written:
                directory.put(name, written)
        if directory.oid is not None:
            return directory.oid
        data = format_tree(directory.entries)
        objects.append(NewObject("tree", data))
        return object_id("tree", data, object_format=self._format)


def _obstacle(entry: TreeEntry, *, wanted_directory: bool) -> Refusal | None:
    if entry.mode == GITLINK:
        return Refusal.SUBMODULE
    return None if (entry.mode == DIRECTORY) is wanted_directory else Refusal.IN_THE_WAY


def above(path: bytes) -> Iterator[bytes]:
    """The path itself and every directory above it, without the root."""
    while path:
        yield path
        path = path.rpartition(b"/")[0]
