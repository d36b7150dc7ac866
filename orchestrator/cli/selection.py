"""Which run, and which of its tasks, a user means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.errors import CannotRun, UsageProblem
from orchestrator.telling.known import KNOWN
from policies.problems import did_you_mean

if TYPE_CHECKING:
    from orchestrator.journal.state import QuestionState, RunState
    from orchestrator.journal.store import JournalStore
    from orchestrator.rewind.checkpoints import Checkpoint

LAST = "last"
"""The newest run."""

_SHOWN = 5


def choose_run(runs: Sequence[str], wanted: str) -> str:
    """The run that `wanted` names among `runs`, newest first: whole, by a unique prefix, or as `last`.

    Raises:
        UsageProblem: it names none, or several.

    """
    if not runs:
        raise UsageProblem("this repository has no runs", hint="start one: mimo-orchestrate PLAN.yaml")
    if wanted == LAST:
        return runs[0]
    if wanted in runs:
        return wanted
    matching = [run for run in runs if run.startswith(wanted)] if wanted else []
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageProblem(f"{wanted!r} may be any of {len(matching)} runs", hint=f"one of {_some(matching)}")
    raise UsageProblem(f"there is no run {wanted!r}", hint=did_you_mean(wanted, runs) or f"there is {_some(runs)}")


def choose_tasks(state: RunState, wanted: Iterable[str]) -> list[str]:
    """The named tasks of a run, all of them where none is named; raises UsageProblem for an unknown one."""
    names = list(wanted)
    for name in names:
        if name not in state.tasks:
            hint = did_you_mean(name, state.tasks) or f"its tasks: {', '.join(state.tasks)}"
            raise UsageProblem(f"run {state.run} has no task {name!r}", hint=hint)
    return names or list(state.tasks)


def read_state(store: JournalStore, wanted: str) -> RunState:
    """The state of the run that `wanted` names; raises UsageProblem, CannotRun."""
    state = folded(store, choose_run(store.runs(), wanted))
    KNOWN.also(state.plan.get("sandbox", {}).get("secrets", ()))
    return state


def checkpoint_of(store: JournalStore, run: str, task: str, number: str) -> tuple[RunState, Checkpoint]:
    """A checkpoint of a run's task, and how the run stands; raises UsageProblem, CannotRun."""
    from orchestrator.rewind.checkpoints import checkpoints_of, choose_checkpoint

    state = read_state(store, run)
    choose_tasks(state, [task])
    with whole_journal(state.run):
        found = checkpoints_of(store.events(state.run))
    if all(each.task != task for each in found):
        require_worked_on(state, task)
    return state, choose_checkpoint(state.run, task, found, number)


def require_worked_on(state: RunState, task: str) -> None:
    """Raises UsageProblem for a task that was done before this run was forked: its checkpoints are in another run."""
    origin = state.forked_from
    if origin is not None and state.tasks[task].taken_over:
        problem = f"{task} was done in {origin['run']}, so {state.run} has no checkpoint of it"
        raise UsageProblem(problem, hint=f"see: mimo-orchestrate log {origin['run']} {task} --checkpoints")


def choose_runs(runs: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """The runs that `wanted` names, each once; all of them, newest first, where it is empty. Raises UsageProblem."""
    return list(dict.fromkeys(choose_run(runs, name) for name in wanted)) or [choose_run(runs, LAST), *runs[1:]]


def folded(store: JournalStore, run: str) -> RunState:
    """The state of a run; raises CannotRun where its journal was tampered with, or made by a newer program."""
    from orchestrator.journal.snapshots import state_now

    with whole_journal(run, store):
        return state_now(store, run)


@contextmanager
def whole_journal(run: str, store: JournalStore | None = None) -> Iterator[None]:
    """Reading the journal of a run; raises CannotRun where it was tampered with, or made by a newer program."""
    try:
        yield
    except (ValueError, KeyError) as error:
        raise _unreadable(run, store, error) from error


def _unreadable(run: str, store: JournalStore | None, error: Exception) -> CannotRun:
    # Late: it stands on all that events are, which who reads a snapshot has no need of.
    from agents.upgrading import MadeByNewer

    if isinstance(error, MadeByNewer):
        from orchestrator.version import version

        by = _makers(store, run) if store is not None else "a newer version"
        what = f"the journal of {run} was made by {by}, and this is {version()}"
        return CannotRun(f"{what}: it can't read {error.kind!r} of version {error.version}", "upgrade it")
    remedy = f"see what was changed: mimo-orchestrate audit verify {run}"
    return CannotRun(f"the journal of {run} can't be read", remedy)


def _makers(store: JournalStore, run: str) -> str:
    """The newest program that worked on a run, as its events say in every version."""
    import json

    rows = [row for kind in ("run started", "run resumed") for row in store.of_kind(run, kind)]
    by = json.loads(rows[-1].payload).get("program") if rows else None
    return f"version {by}" if isinstance(by, str) and by.isprintable() else "a newer version"


def _some(runs: Sequence[str]) -> str:
    more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
    return ", ".join(runs[:_SHOWN]) + more


def choose_question(state: RunState, wanted: str) -> QuestionState:
    """The waiting question that `wanted` names, whole or by a unique beginning; raises UsageProblem."""
    matching = [question for question in state.waiting if question.id.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    waiting = ", ".join(question.id for question in state.waiting)
    hint = f"these wait: {waiting}" if waiting else "none waits for an answer"
    raise UsageProblem(f"{wanted!r} is no waiting question of {state.run}", hint=hint)
