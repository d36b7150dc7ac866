"""Importing a module of ours does nothing but define what is in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tree import dotted, modules

WATCHED = """
import importlib, os, sys, threading

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TOUCHING = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.chown",
            "os.putenv", "os.unsetenv", "os.chdir", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.kill",
            "subprocess.Popen", "socket.connect", "socket.bind", "sqlite3.connect", "tempfile.mkstemp",
            "tempfile.mkdtemp", "shutil.rmtree", "signal.pthread_kill"}
done = []


def watch(event, arguments):
    if event in TOUCHING or event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        done.append(f"{name}: {event} {arguments[:1]}")


sys.addaudithook(watch)
environment = dict(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
    if os.environ != environment:
        done.append(f"{name}: changes the environment")
        environment = dict(os.environ)
    if threading.active_count() > 1:
        done.append(f"{name}: leaves a thread running")
sys.stderr.write("\\n".join(done))
"""


def test_importing_any_module_does_nothing(tmp_path: Path) -> None:
    """In a bare process: nothing printed, no file made, no process, no connection, the environment as it was."""
    names = [dotted(path) for path in modules()]
    assert done_by_importing(names, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_module_that_does_something_would_be_seen(tmp_path: Path) -> None:
    """Each of the promises above fails for a module that breaks it."""
    lines = {
        "prints": "print('hello')",
        "writes": "open('made', 'w').close()",
        "runs": "import subprocess; subprocess.run(['true'])",
        "sets": "import os; os.environ['MADE'] = '1'",
        "threads": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    }
    for name, line in lines.items():
        (tmp_path / f"{name}.py").write_text(line)
    seen = done_by_importing([*lines], tmp_path, path=tmp_path)
    for sign in ("hello", "writes: open", "runs: subprocess.Popen", "sets: changes", "threads: leaves"):
        assert sign in seen


def done_by_importing(names: list[str], place: Path, *, path: Path | None = None) -> str:
    """What importing these modules printed and did, in a process of its own in `place` with hardly any environment."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    words = [sys.executable, "-W", "error", "-c", WATCHED, *names]
    ran = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=False)
    return f"{ran.stdout}{ran.stderr}" if ran.returncode == 0 else f"exit {ran.returncode}: {ran.stderr}"
