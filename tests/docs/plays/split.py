"""The conversation about a goal without tasks."""

from __future__ import annotations

from tests.integration.scripting import APPROVE, PASS, Turn, done, edit, shell, talk

_KEEPING = '''def load(path):
    """Return the notes in a file, none where there is no file."""
    return json.loads(path.read_text()) if path.exists() else []


def save(path, notes):
    """Write the notes to a file."""
    path.write_text(json.dumps(notes))
'''

_LINES = '''def lines(notes):
    """Return the notes as numbered lines."""
    return [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
'''

_IMPORTS = "import json\nimport sys\nfrom pathlib import Path\n"
_WITHOUT_JSON = "import sys\nfrom pathlib import Path\n"
_STORE = "from store import load, save\n"

_TEST = "python3 -m unittest -q"
_MOVE_STORE = "Move load and save from notes.py to store.py"
_MOVE_TEXT = "Move lines from notes.py to text.py"
_TELL = "Say in README.md what is in which file"


def play() -> list[Turn]:
    """A coordinator makes three tasks of a goal, after it was told of a mistake; three editors carry them out."""
    return [
        talk("coordinator", "", shell("cat notes.py tests/test_notes.py"), _tasks("texts"), _tasks("text")),
        talk(
            "editor",
            _MOVE_STORE,
            edit("store.py", "", f'"""Keeps notes in a file."""\n\nimport json\n\n\n{_KEEPING}'),
            edit("notes.py", f"{_KEEPING}\n\n", ""),
            edit("notes.py", _IMPORTS, f"{_WITHOUT_JSON}\n{_STORE}"),
            shell(_TEST),
            done("load and save are in store.py; notes imports them."),
        ),
        talk(
            "editor",
            _MOVE_TEXT,
            edit("text.py", "", f'"""Notes as people read them."""\n\n\n{_LINES}'),
            edit("notes.py", f"{_LINES}\n\n", ""),
            edit("notes.py", _STORE, f"{_STORE}from text import lines\n"),
            shell(_TEST),
            done("lines is in text.py; notes imports it."),
        ),
        talk(
            "editor",
            _TELL,
            edit(
                "README.md",
                "`notes.py` has all of it.",
                "`notes.py` is the command line, `store.py` reads and writes the file, `text.py` makes the lines.",
            ),
            done("README.md tells the three files."),
        ),
        talk("tester", "", shell("python3 -m unittest -v"), PASS),
        talk("reviewer", "", shell("git grep -n import"), APPROVE),
    ]


def _tasks(last_need: str) -> Turn:
    """The coordinator's answer; `last_need` is a task that the last one needs."""
    store = {"id": "store", "goal": _MOVE_STORE, "paths": ["notes.py", "store.py"], "verify": [_TEST]}
    text = {"id": "text", "goal": _MOVE_TEXT, "paths": ["notes.py", "text.py"], "verify": [_TEST], "needs": ["store"]}
    tell = {"id": "readme", "goal": _TELL, "paths": ["README.md"], "needs": ["store", last_need]}
    why = "Both moves change notes.py, so one comes after the other; the document comes last."
    proposed = [{"role": "editor", **task} for task in (store, text, tell)]
    return {"finish": {"decision": "tasks", "why": why, "tasks": proposed}}
