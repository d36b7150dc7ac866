"""The log of a run: its owner's alone, bounded, each line about one thing, and in nobody's way."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

from agents.abandonable import run_abandonable
from orchestrator.telling import bounded_file
from orchestrator.telling.bounded_file import BoundedFile
from orchestrator.telling.files import log_file, remove_logs, runs_with_logs
from orchestrator.telling.log import run_log
from sandbox.telling import Log

RUN = "test-20260101-120000-ab12"
SECRET = "cn-canary-0123456789"
LOG = Log("sandbox")


def kept(state: Path) -> list[dict[str, Any]]:
    """The events of the log."""
    return [json.loads(line) for line in log_file(state, RUN).read_text().splitlines()]


def named(state: Path, event: str) -> dict[str, Any]:
    """The one event of that name."""
    (found,) = [row for row in kept(state) if row["event"] == event]
    return found


def unheard(line: str) -> None:
    """Nothing is to be said."""
    raise AssertionError(line)


def test_an_event_has_its_context_and_its_fields(tmp_path: Path) -> None:
    """Time, level, name, what it is about, and what belongs to it; a whole line of JSON each."""
    with run_log(tmp_path, RUN, say=unheard), bound_contextvars(task="port", agent="editor.1", step=3):
        LOG.info("sandbox.started", sandbox="mimo-1", seconds=0.5, name="of a record's own")
    found = named(tmp_path, "sandbox.started")
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        **{"level": "info", "event": "sandbox.started", "run": RUN, "task": "port", "agent": "editor.1", "step": 3},
        **{"sandbox": "mimo-1", "logger": "mimo.sandbox", "seconds": 0.5, "name": "of a record's own"},
    }
    assert [row["event"] for row in kept(tmp_path)] == ["log.opened", "sandbox.started", "log.closed"]


def test_it_is_its_owners_alone_and_goes_on(tmp_path: Path) -> None:
    """Nobody else reads it, and a run that is resumed adds to it; a link in its place is not followed."""
    for _ in range(2):
        with run_log(tmp_path, RUN, say=unheard):
            pass
    path = log_file(tmp_path, RUN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [row["event"] for row in kept(tmp_path)] == ["log.opened", "log.closed"] * 2
    log_file(tmp_path, "linked").symlink_to(tmp_path / "elsewhere")
    said: list[str] = []
    with run_log(tmp_path, "linked", say=said.append):
        pass
    assert not (tmp_path / "elsewhere").exists()
    assert len(said) == 1


async def test_parallel_tasks_never_mix(tmp_path: Path) -> None:
    """Eight tasks at once, each with worker threads and threads that may be left: every line is about its own."""

    def in_thread(task: str, _: object = None) -> None:
        LOG.info("thread.spoke", word=task)

    async def work(task: str) -> None:
        bind_contextvars(task=task)
        for step in range(20):
            bind_contextvars(step=step)
            LOG.info("task.spoke", word=task, count=step)
            await to_thread.run_sync(in_thread, task)
            await run_abandonable(partial(in_thread, task))

    with run_log(tmp_path, RUN, say=unheard):
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(work, f"task-{number}")
        LOG.info("run.spoke")
    rows = [row for row in kept(tmp_path) if "word" in row]
    assert len(rows) == 8 * 20 * 3
    assert all(row["task"] == row["word"] and row["run"] == RUN for row in rows)
    assert all(row["step"] == row["count"] for row in rows if "count" in row)
    assert "task" not in named(tmp_path, "run.spoke")


def test_libraries_are_heard_and_not_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Their warnings, Python's, and what a thread raises go to the file, nothing to the terminal, and no chatter."""

    def fail() -> None:
        local = "a local variable"
        raise ValueError(f"broken {len(local)}")

    with run_log(tmp_path, RUN, say=unheard):
        logging.getLogger("LiteLLM").warning("no price for %s", "m/x")
        logging.getLogger("LiteLLM").debug("a request")
        logging.getLogger("httpx").info("HTTP/1.1 200 OK")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        thread = threading.Thread(target=fail, name="worker")
        thread.start()
        thread.join()
    spoke = {"mimo.log", "LiteLLM", "httpx", "py.warnings"}
    levels = [row["level"] for row in kept(tmp_path) if row["logger"] in spoke]
    assert levels == ["info", "warning", "warning", "error", "info"]
    assert named(tmp_path, "no price for m/x")["logger"] == "LiteLLM"
    raised = named(tmp_path, "thread.raised")
    assert (raised["thread"], "broken 16" in raised["exception"]) == ("worker", True)
    assert "a local variable" not in raised["exception"].replace('local = "a local variable"', "")
    assert capfd.readouterr() == ("", "")


def test_what_a_run_raises_is_kept(tmp_path: Path) -> None:
    """With where it came from, and it goes on its way."""
    with pytest.raises(LookupError), run_log(tmp_path, RUN, say=unheard):
        raise LookupError("nothing there")
    assert "LookupError: nothing there" in named(tmp_path, "run.raised")["exception"]


def test_no_secret_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it comes: a field, a key, a library's word, the text of an error, an endpoint; numbers stay numbers."""
    monkeypatch.setenv("CANARY_TOKEN", SECRET)
    monkeypatch.setenv("PIN_TOKEN", "12345678")
    monkeypatch.setenv("OPENAI_API_BASE", "http://example.com:8080/v1")
    with run_log(tmp_path, RUN, say=unheard):
        LOG.info("a.b", word=f"x{SECRET}x", deep={SECRET: [SECRET.encode(), Path(SECRET)]}, number=12345678)
        logging.getLogger("httpx").warning("asked %s with %s", "http://example.com:8080/v1/chat", SECRET)
        LOG.error("a.c", ValueError(SECRET))
        LOG.info("a.d", long="y" * 1990 + SECRET + "z" * 4000)
    text = log_file(tmp_path, RUN).read_text()
    assert SECRET not in text
    assert "example.com" not in text
    assert "cn-canar" not in text
    assert text.count("[redacted CANARY_TOKEN]") == 6
    assert named(tmp_path, "a.b")["number"] == 12345678


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file of a size and the one before it, however much is told; one field is cut."""
    monkeypatch.setattr(bounded_file, "MOST_BYTES", 20_000)
    with run_log(tmp_path, RUN, say=unheard):
        for number in range(50):
            LOG.info("a.b", number=number, text="x" * 1_000_000)
    parts = sorted((tmp_path / "logs").iterdir())
    assert [part.name for part in parts] == [f"{RUN}.jsonl", f"{RUN}.jsonl.1"]
    assert all(0 < part.stat().st_size < 30_000 for part in parts)
    assert all(stat.S_IMODE(part.stat().st_mode) == 0o600 for part in parts)
    assert kept(tmp_path)[-1]["event"] == "log.closed"


def test_a_log_that_can_not_be_kept_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The user is told once, whether it can't be opened or the disk is full meanwhile."""
    said: list[str] = []
    (tmp_path / "logs").write_text("a file")
    with run_log(tmp_path, RUN, say=said.append):
        LOG.info("a.b")
    (tmp_path / "logs").unlink()
    with run_log(tmp_path, RUN, say=said.append):
        (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, BoundedFile)]
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), handler.stream.fileno())  # type: ignore[union-attr]
        LOG.info("a.b")
        LOG.info("a.c")
    assert len(said) == 2
    assert "goes on without a log" in said[0]
    assert "No space left" in said[1]
    assert capfd.readouterr() == ("", "")


def test_all_is_as_before(tmp_path: Path) -> None:
    """Handlers, levels, hooks and context are those of before."""

    def now() -> object:
        loggers = [logging.getLogger(name) for name in ("", "mimo", "LiteLLM", "httpx", "py.warnings")]
        levels = [(each.level, len(each.handlers)) for each in loggers[:-1]]
        return levels, threading.excepthook, warnings.showwarning, get_contextvars()

    before = now()
    with run_log(tmp_path, RUN, say=unheard, show=lambda line: None):
        assert now() != before
    assert now() == before


def test_verbose_shows_events_as_lines(tmp_path: Path) -> None:
    """With the task in front, without what is only for a search, and without secrets."""
    shown: list[str] = []
    with run_log(tmp_path, RUN, say=unheard, show=shown.append), bound_contextvars(task="port"):
        LOG.info("sandbox.started", seconds=0.5)
        LOG.debug("engine.called", seconds=0.5)
    assert "port              sandbox.started seconds=0.5" in shown
    assert not any("engine.called" in line for line in shown)


def test_the_logs_of_others_are_removed(tmp_path: Path) -> None:
    """Both parts of each, and those that are to be kept stay; twice is as good as once."""
    for run in ("a", "b"):
        with run_log(tmp_path, run, say=unheard):
            pass
        log_file(tmp_path, run).with_name(f"{run}.jsonl.1").write_text("{}\n")
    assert set(runs_with_logs(tmp_path)) == {"a", "b"}
    assert remove_logs(tmp_path, keep={"b"}) == ["a"]
    assert remove_logs(tmp_path, keep={"b"}) == []
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["b.jsonl", "b.jsonl.1"]
