"""The names of our refs, made only from parts of a fixed form."""

from __future__ import annotations

import re

from orchestrator.airlock.errors import UnsafeName

_RUN = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_TASK = re.compile(r"[a-z0-9-]{1,40}")
_OURS = re.compile(r"refs/(?:heads/mimo|mimo)(?:/[A-Za-z0-9-]+)+")
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def task_branch(run: str, task: str) -> str:
    """The branch that holds a task's result; raises UnsafeName."""
    if task == "main":
        raise UnsafeName(task, "is the name of the run's own branch")
    return f"refs/heads/mimo/{_run(run)}/{_task(task)}"


def run_main(run: str) -> str:
    """The branch of what landed; raises UnsafeName."""
    return f"refs/heads/mimo/{_run(run)}/main"


def checkpoint(run: str, task: str, number: int) -> str:
    """The ref of a task's checkpoint `number`; raises UnsafeName."""
    if number < 0:
        raise UnsafeName(str(number), "is no checkpoint's number")
    return f"{checkpoints(run, task)}{number}"


def checkpoints(run: str, task: str) -> str:
    """What the refs of a task's checkpoints begin with; raises UnsafeName."""
    return f"refs/mimo/runs/{_run(run)}/{_task(task)}/"


def require_ours(ref: str) -> str:
    """The ref if it is below refs/heads/mimo/ or refs/mimo/ and of plain characters; raises UnsafeName otherwise."""
    if not _OURS.fullmatch(ref):
        raise UnsafeName(ref, "is not a ref of ours")
    return ref


def require_task(task: str) -> str:
    """The task's id if it has the fixed form; raises UnsafeName otherwise."""
    return _task(task)


def require_oid(oid: str) -> str:
    """The object id if it is a whole one; raises UnsafeName otherwise."""
    if not _OID.fullmatch(oid):
        raise UnsafeName(oid, "is no whole object id")
    return oid


def _run(run: str) -> str:
    if not _RUN.fullmatch(run):
        raise UnsafeName(run, "is no run's id ([a-z0-9-], at most 80)")
    return run


def _task(task: str) -> str:
    if not _TASK.fullmatch(task):
        raise UnsafeName(task, "is no task's id ([a-z0-9-], at most 40)")
    return task
