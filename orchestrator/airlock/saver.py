"""Saving steps: what a sandbox says was changed becomes a tree, a commit and a ref, with git that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import IO, Self

from orchestrator.airlock.commits import author_words, commit_object
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.importer import Imported, ImportLimits, judge_records
from orchestrator.airlock.kept import Ahead, Kept
from orchestrator.airlock.pack import LOOSE_LIMIT, STORE_LOOSE, NewObject, packed, store_objects
from orchestrator.airlock.refs import require_oid, require_ours
from orchestrator.airlock.trees import ObjectReader, format_of, object_id
from orchestrator.airlock.user_config import Identity
from sandbox.sandbox import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step's commit says: on which parent it stands, and at which ref of ours it is kept."""

    parent: str
    ref: str
    message: str
    author: Identity
    when: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What an import took and refused, and its `commit`; None where there was nothing to say."""

    imported: Imported
    commit: str | None


class Saver:
    """Saves the steps of a run's agents in the hub; may be called from several threads, and ends its git processes."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._reader = Kept(hub.git, ["cat-file", "--batch"])
        self._refs = Kept(hub.git, ["update-ref", "-z", "--stdin", "-m", "mimo-orchestrate"])
        self._storing = Ahead(hub.git, STORE_LOOSE)
        self._author = cache(lambda author: author_words(hub, author))

    def __enter__(self) -> Self:
        """The saver itself; git is started when it is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what runs."""
        self._reader.close()
        self._refs.close()
        self._storing.close()

    def save(self, records: Sequence[Record], step: Step, *, tree: str, limits: ImportLimits | None = None) -> Saved:
        """Commit the records on top of `tree` and keep that at the step's ref, which has to be new.

        What was refused is worth a commit too, so that it is told once. Raises RefMoved, UnsafeName, UnsafeTree,
        GitFailed, DiskFull.
        """
        object_format = format_of(tree)
        judged = self._reader.ask(
            lambda requests, replies: judge_records(ObjectReader(requests, replies), records, tree=tree, limits=limits)
        )
        if judged.imported.tree == tree and not judged.imported.refused:
            return Saved(imported=judged.imported, commit=None)
        made = commit_object(
            tree=judged.imported.tree,
            parent=step.parent,
            message=step.message,
            author=self._author(step.author),
            when=step.when,
        )
        self._store([*judged.objects, made], object_format)
        oid = object_id(made.kind, made.data, object_format=object_format)
        self._create(step.ref, oid)
        return Saved(imported=judged.imported, commit=oid)

    def _store(self, objects: Sequence[NewObject], object_format: str) -> None:
        """In one pack, commit and all: git checks that each is well formed, and that nothing it names is missing."""
        if len(objects) > LOOSE_LIMIT:
            store_objects(self._hub.git, objects, object_format=object_format)
            return
        self._storing.run(packed(objects, object_format))
        self._storing.prepare()

    def _create(self, ref: str, oid: str) -> None:
        nothing = "0" * len(oid)
        transaction = f"start\0update {require_ours(ref)}\0{require_oid(oid)}\0{nothing}\0commit\0".encode()

        def move(requests: IO[bytes], replies: IO[bytes]) -> None:
            requests.write(transaction)
            requests.flush()
            if (replies.readline(), replies.readline()) != (b"start: ok\n", b"commit: ok\n"):
                raise BrokenPipeError

        try:
            with self._hub.refs_held():
                self._refs.ask(move, tries=1)
        except OSError:
            # Git ends at what it can't do and doesn't say why here; it may also have ended right after it was done.
            if self._hub.read(ref) != oid:
                self._hub.create(ref, oid)
