"""Takes what a sandbox says was changed and makes a tree of it, with every record judged and every object our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.airlock.hub import Hub
from orchestrator.airlock.ignore import Ignore
from orchestrator.airlock.pack import NewObject, store_objects
from orchestrator.airlock.paths import Refusal, refuse_link, refuse_path
from orchestrator.airlock.refs import require_oid
from orchestrator.airlock.tree_edit import TreeEdit, above
from orchestrator.airlock.trees import (
    EXECUTABLE,
    FILE,
    LINK,
    ObjectReader,
    TreeEntry,
    canonical,
    format_of,
    object_id,
    object_reader,
)
from sandbox.sandbox import Record, RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """How much one import may bring: changed files, their bytes together, and the bytes of one."""

    files: int = 20_000
    total_bytes: int = 256 * 1024**2
    file_bytes: int = 32 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A path that was not taken, and why; the tree has there what the parent had."""

    path: bytes
    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The tree of an import, the paths that differ from the parent, those refused, and those that git would ignore."""

    tree: str
    changed: tuple[bytes, ...]
    refused: tuple[Refused, ...]
    ignored: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An import, and the objects that its tree needs and the parent may not have."""

    imported: Imported
    objects: tuple[NewObject, ...]


def import_records(hub: Hub, records: Iterable[Record], *, parent: str, limits: ImportLimits | None = None) -> Imported:
    """Build the tree of the records on top of a parent commit (or tree) and store it in the hub, without a ref.

    Raises GitFailed, DiskFull; UnsafeTree if the parent's own trees can't be read.
    """
    require_oid(parent)
    with object_reader(hub.git) as reader:
        judged = judge_records(reader, records, tree=reader.tree_id(parent), limits=limits)
    store_objects(hub.git, judged.objects, object_format=format_of(parent))
    return judged.imported


def judge_records(
    reader: ObjectReader, records: Iterable[Record], *, tree: str, limits: ImportLimits | None = None
) -> Judged:
    """The import of the records on top of a tree, nothing of it stored; raises UnsafeTree where that can't be read."""
    object_format = format_of(require_oid(tree))
    work = _Import(TreeEdit(reader, tree, object_format=object_format), reader, object_format)
    work.judge(records)
    work.apply(limits or ImportLimits())
    written, trees = work.edit.write()
    imported = Imported(
        tree=written,
        changed=tuple(sorted(work.changed)),
        refused=tuple(Refused(path=path, reason=reason) for path, reason in sorted(work.refused.items())),
        ignored=tuple(sorted(work.ignored)),
    )
    return Judged(imported=imported, objects=(*work.blobs.values(), *trees))


class _Import:
    """One import: records are judged by what they are, then by what the tree is, then put into it."""

    def __init__(self, edit: TreeEdit, reader: ObjectReader, object_format: str) -> None:
        self.edit = edit
        self.blobs: dict[str, NewObject] = {}
        self.changed: set[bytes] = set()
        self.refused: dict[bytes, Refusal] = {}
        self.ignored: set[bytes] = set()
        self._reader = reader
        self._format = object_format
        self._records: dict[bytes, Record] = {}
        self._entries: dict[bytes, TreeEntry] = {}

    def judge(self, records: Iterable[Record]) -> None:
        """Sort the records into those refused, those ignored and those to be applied."""
        for record in records:
            # The same path again would let the second record stand for what the first was judged by.
            if record.path in self._records:
                self.refused[record.path] = Refusal.TWICE
            self._records[record.path] = record
        ignore = Ignore(self._ignore_file)
        for path, record in self._records.items():
            # What is as it was needs no judgement: a .gitattributes that was only touched, a link of the user's own.
            if path not in self.refused and self._unchanged(record):
                continue
            reason = self.refused.get(path) or self._refuse_name(path)
            if reason is None and self._ignored(ignore, record):
                self.ignored.add(path)
                continue
            reason = reason or self._refuse_kind(record)
            if reason is not None:
                self.refused[path] = reason

    def apply(self, limits: ImportLimits) -> None:
        """Change the tree: deletions first, so that a name that was freed can be taken."""
        todo = [self._records[path] for path in sorted(self._records.keys() - self.refused.keys() - self.ignored)]
        for record in todo:
            if record.kind is RecordKind.DELETED:
                self._delete(record.path)
        total_bytes = 0
        for record in todo:
            if record.kind is RecordKind.DELETED or self._unchanged(record):
                continue
            entry = self._entry(record)
            total_bytes += len(record.data)
            reason = _over(limits, record, len(self.changed) + 1, total_bytes) or self.edit.put(record.path, entry)
            if reason is not None:
                self.refused[record.path] = reason
                total_bytes -= len(record.data)
                continue
            self.blobs[entry.oid] = NewObject("blob", record.data)
            self.changed.add(record.path)

    def _delete(self, path: bytes) -> None:
        # What was refused keeps the parent's content, and so does what the parent has below it.
        if any(higher in self.refused for higher in above(path)):
            return
        if self.edit.in_submodule(path):
            self.refused[path] = Refusal.SUBMODULE
        elif self.edit.delete(path):
            self.changed.add(path)

    def _refuse_name(self, path: bytes) -> Refusal | None:
        reason = refuse_path(path)
        # A name that the user has given a file already may stay, however odd.
        return None if reason is Refusal.CONTROL and self.edit.find(path) is not None else reason

    def _refuse_kind(self, record: Record) -> Refusal | None:
        match record.kind:
            case RecordKind.SPECIAL:
                return Refusal.SPECIAL
            case RecordKind.NESTED:
                return Refusal.NESTED
            case RecordKind.TOO_LARGE:
                return Refusal.FILE_TOO_LARGE
            case RecordKind.FILE:
                return Refusal.PRIVILEGED if record.mode & 0o7000 else None
            case RecordKind.LINK:
                return refuse_link(record.path, record.data)
            case RecordKind.DELETED:
                return None

    def _ignored(self, ignore: Ignore, record: Record) -> bool:
        if record.kind is RecordKind.DELETED or self.edit.find(record.path) is not None:
            return False
        if record.kind is RecordKind.NESTED:
            return ignore.ignores_directory(record.path)
        return ignore.ignores(record.path)

    def _ignore_file(self, directory: bytes) -> bytes | None:
        """The .gitignore of a directory as the worktree has it: the snapshot's if it brings one, else the parent's."""
        path = directory + b"/.gitignore" if directory else b".gitignore"
        record = self._records.get(path)
        if record is not None:
            return record.data if record.kind is RecordKind.FILE else None
        entry = self.edit.find(path)
        return (
            self._reader.read(entry.oid) if entry is not None and canonical(entry.mode) in {FILE, EXECUTABLE} else None
        )

    def _entry(self, record: Record) -> TreeEntry:
        if record.path not in self._entries:
            mode = LINK if record.kind is RecordKind.LINK else EXECUTABLE if record.mode & 0o100 else FILE
            oid = object_id("blob", record.data, object_format=self._format)
            self._entries[record.path] = TreeEntry(mode, oid)
        return self._entries[record.path]

    def _unchanged(self, record: Record) -> bool:
        """Whether the tree has at the path exactly what the record brings."""
        if record.kind not in {RecordKind.FILE, RecordKind.LINK}:
            return False
        known, entry = self.edit.find(record.path), self._entry(record)
        return known is not None and (canonical(known.mode), known.oid) == (entry.mode, entry.oid)


def _over(limits: ImportLimits, record: Record, files: int, total_bytes: int) -> Refusal | None:
    if len(record.data) > limits.file_bytes:
        return Refusal.FILE_TOO_LARGE
    if files > limits.files:
        return Refusal.TOO_MANY_FILES
    return Refusal.TOO_MANY_BYTES if total_bytes > limits.total_bytes else None
