"""The journal: what happened, chained, and the state of a run that is folded from it."""

from orchestrator.journal.chain import ChainReport, Recorded, verify_chain
from orchestrator.journal.fold import event_of, fold
from orchestrator.journal.state import RunState, Tally, TaskProgress, TaskState
from orchestrator.journal.store import JournalStore

__all__ = [
    "ChainReport",
    "JournalStore",
    "Recorded",
    "RunState",
    "Tally",
    "TaskProgress",
    "TaskState",
    "event_of",
    "fold",
    "verify_chain",
]
