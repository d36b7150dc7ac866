"""Notes in a file: python3 notes.py add TEXT... | list"""

import json
import sys
from pathlib import Path

PLACE = Path("notes.json")


def load(path):
    """Return the notes in a file, none where there is no file."""
    return json.loads(path.read_text()) if path.exists() else []


def save(path, notes):
    """Write the notes to a file."""
    path.write_text(json.dumps(notes))


def lines(notes):
    """Return the notes as numbered lines."""
    return [f"{number}. {note}" for number, note in enumerate(notes, start=1)]


def main(arguments, path=PLACE):
    """Do what the command line asks for; return what is to be printed."""
    notes = load(path)
    if arguments[:1] == ["add"]:
        notes.append(" ".join(arguments[1:]))
        save(path, notes)
    return "\n".join(lines(notes))


if __name__ == "__main__":
    print(main(sys.argv[1:]))
