"""Recording while a run goes on: redact, append, then tell whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from anyio import CancelScope, CapacityLimiter, WouldBlock, to_thread

from agents.events import Event, event_adapter
from agents.redact import Redactor
from orchestrator.journal.chain import Recorded
from orchestrator.journal.store import JournalStore

Watcher = Callable[[Recorded], None]
"""Called with each event after it is committed, in order, on the event loop."""


class RunJournal:
    """The journal of one run; hands out recorders for its tasks."""

    def __init__(self, store: JournalStore, run: str, redactor: Redactor) -> None:
        """Record to `store` as `run`, with the values that `redactor` knows taken out first."""
        self._store = store
        self._run = run
        self._redactor = redactor
        self._watchers: list[Watcher] = []
        self._one_writer = CapacityLimiter(1)
        self.head = store.head(run)
        """The hash of the last event: what a landed commit carries as `Mimo-Journal`."""

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with each event committed from now on."""
        self._watchers.append(watcher)

    def recorder(self, task: str | None = None) -> TaskRecorder:
        """A recorder for a task, or for the run itself."""
        return TaskRecorder(self, task)

    async def of_task(self, task: str) -> list[Recorded]:
        """The events of a task by now, in order."""
        return await to_thread.run_sync(lambda: list(self._store.of_task(self._run, task)), limiter=self._one_writer)

    async def append(self, task: str | None, events: tuple[Event, ...]) -> None:
        """Commit events of `task`; a cancelled caller still has them committed and told."""
        await self.append_all([(task, event) for event in events])

    async def append_all(self, events: Sequence[tuple[str | None, Event]]) -> None:
        """Commit events of several tasks, each with its own, in order and together."""
        clean = [(task, self._redacted(event)) for task, event in events]
        # The watchers must see what the file holds, so a cancellation waits the fraction of a millisecond.
        with CancelScope(shield=True):
            recorded = await self._written(clean)
        for one in recorded:
            self.head = one.hash
            for watcher in self._watchers:
                watcher(one)

    async def _written(self, events: Sequence[tuple[str | None, Event]]) -> list[Recorded]:
        # What nobody has to wait for is written here: a thread takes longer to begin than that does.
        with suppress(WouldBlock):
            self._one_writer.acquire_nowait()
            try:
                written = self._store.append_at_once(self._run, events)
            finally:
                self._one_writer.release()
            if written is not None:
                return written
        return await to_thread.run_sync(self._store.append, self._run, events, limiter=self._one_writer)

    def _redacted(self, event: Event) -> Event:
        # Looked for in the JSON, replaced in the structure: a secret of digits must not turn a number into a word.
        if not self._redactor.may_be_in(event.model_dump_json()):
            return event
        return event_adapter.validate_python(self._redactor.data(event.model_dump()))


class TaskRecorder:
    """The `Recorder` of one task."""

    def __init__(self, journal: RunJournal, task: str | None) -> None:
        self._journal = journal
        self._task = task

    async def record(self, *events: Event) -> None:
        """Commit the events in order and together; raises sqlite3.Error where the file can't be written."""
        await self._journal.append(self._task, events)
