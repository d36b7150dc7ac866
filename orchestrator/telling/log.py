"""The log of a run: what its journal does not hold and whoever maintains this needs, as JSON Lines.

Our own events and what the libraries say (litellm, docker, httpx, asyncio, Python's warnings) go to the same file, none
of it to the terminal, each line with the run, the task, the agent, the step and the sandbox that it is about.
"""

from __future__ import annotations

import logging
import os
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from structlog.contextvars import bound_contextvars

from orchestrator.journal.chain import Recorded
from orchestrator.telling.bounded_file import BoundedFile
from orchestrator.telling.files import OPENED, log_file
from orchestrator.telling.lines import as_json, as_line
from sandbox.telling import ROOT, Log

Say = Callable[[str], None]

LOG = Log("log")

_CHATTY = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "httpcore", "openai", "docker", "urllib3", "asyncio")
"""What these say below a warning is about themselves."""


@contextmanager
def run_log(state_directory: Path, run: str, *, say: Say, show: Say | None = None) -> Iterator[None]:
    """Keep the log of a run until the end; `show` is given each event of ours as a line as well.

    Where it can't be kept, `say` is told so, and the run goes on.
    """
    with ExitStack() as listening:
        listening.enter_context(bound_contextvars(run=run))
        file = _file(log_file(state_directory, run), say)
        if file is not None:
            listening.callback(_closed, file, say)
            listening.enter_context(_listening(file))
        if show is not None:
            listening.enter_context(_listening(_Shown(show), name=ROOT))
        LOG.info("log.opened", pid=os.getpid())
        try:
            yield
        except Exception as error:
            LOG.error("run.raised", error)
            raise
        finally:
            used = resource.getrusage(resource.RUSAGE_SELF)
            cpu = round(used.ru_utime + used.ru_stime, 3)
            LOG.info("log.closed", peak_memory_kb=used.ru_maxrss, cpu_seconds=cpu, threads=threading.active_count())


def log_recorded(recorded: Recorded) -> None:
    """Say which event of the journal was written, so that the two can be read side by side; what it holds is there."""
    LOG.debug("journal.recorded", seq=recorded.seq, kind=recorded.kind, task=recorded.task)


def _file(path: Path, say: Say) -> BoundedFile | None:
    try:
        file = BoundedFile(path)
    except OSError as error:
        say(f"note: the run goes on without a log: {path}: {error.strerror}")
        return None
    file.setFormatter(as_json())
    OPENED.append(path)
    return file


def _closed(file: BoundedFile, say: Say) -> None:
    try:
        file.close()
    except OSError as error:
        file.fault = file.fault or str(error)
    if file.fault is not None:
        say(f"note: the log {file.baseFilename} is not whole: {file.fault}")


@contextmanager
def _listening(handler: logging.Handler, name: str = "") -> Iterator[None]:
    """Have a handler hear what loggers below `name` say, and everything as it was at the end."""
    heard, ours = logging.getLogger(name), logging.getLogger(ROOT)
    before = {each: each.level for each in (ours, *map(logging.getLogger, _CHATTY))}
    hook = threading.excepthook
    heard.addHandler(handler)
    for each in before:
        each.setLevel(logging.DEBUG if each is ours else logging.WARNING)
    if not name:
        logging.captureWarnings(True)
        threading.excepthook = _thread_raised
    try:
        yield
    finally:
        if not name:
            threading.excepthook = hook
            logging.captureWarnings(False)
        for each, level in before.items():
            each.setLevel(level)
        heard.removeHandler(handler)


def _thread_raised(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None:
        LOG.error("thread.raised", raised.exc_value, thread=raised.thread.name if raised.thread else None)


class _Shown(logging.Handler):
    """Events of ours for a terminal, a line each, without those that are only for a search."""

    def __init__(self, show: Say) -> None:
        super().__init__(level=logging.INFO)
        self.setFormatter(as_line())
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._show(self.format(record))
        except Exception:  # noqa: BLE001 - as logging itself has it: no log stops the work
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """It is in the file."""
