"""Files as candidates: those of a directory that end as they should, and the directories on the way to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from orchestrator.cli.completion.shells import Candidate

YAML = (".yaml", ".yml")

_MOST_ENTRIES = 5000
_MOST_BYTES = 1 << 20
_MOST_PLANS = 20

_TASK = re.compile(r"""(?:^|[-{,])\s*id:\s*["']?([a-z0-9-]{1,40})""", re.MULTILINE)
_MODEL = re.compile(r"""^model:\s*["']?([^\s"'#]+)""", re.MULTILINE)


def files(word: str, suffixes: tuple[str, ...] = ("",)) -> Iterator[Candidate]:
    """The files that a word may go on to, by name, and directories with a slash; hidden ones where a dot is typed.

    A name that would be read as an option is left out.
    """
    above, name = os.path.split(word)
    directory = Path(above or ".").expanduser()
    prefix = word.removesuffix(name)
    with os.scandir(directory) as entries:
        found = sorted(islice(entries, _MOST_ENTRIES), key=lambda entry: entry.name)
    for entry in found:
        whole = f"{prefix}{entry.name}"
        if whole.startswith("-") or (entry.name.startswith(".") and not name.startswith(".")):
            continue
        if _is_directory(entry):
            yield Candidate(value=f"{whole}/")
        elif entry.name.endswith(suffixes):
            yield Candidate(value=whole)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link in a circle, for instance


def tasks_of(plan: Path) -> list[str]:
    """What looks like the id of a task in a plan file; reading YAML takes longer than anybody waits for Tab."""
    return list(dict.fromkeys(_TASK.findall(_text(plan))))


def models_of(plans: Iterable[Path]) -> Iterator[str]:
    """What looks like a model in some plan files, and in those of the current directory."""
    here = (path for path in sorted(Path().iterdir()) if path.suffix in YAML)
    for plan in (*plans, *islice(here, _MOST_PLANS)):
        yield from _MODEL.findall(_text(plan))


def _text(path: Path) -> str:
    # A name may be that of a pipe, which nobody writes to.
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")
