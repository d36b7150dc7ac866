"""The repository as files and syntax trees, for the tests that hold its layout."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[1]
ROOMS = ("orchestrator", "agents", "sandbox", "policies")
"""The four packages."""

SAMPLE = Path("orchestrator/demo/repository")
"""What the demo works on: data of ours, code of somebody's."""


@cache
def files() -> tuple[Path, ...]:
    """Every file that git holds or would hold, relative to the top."""
    words = ["git", "-C", str(TOP), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(sorted({Path(name) for name in listed if name and (TOP / name).is_file()}))


def below(*rooms: str, suffixes: tuple[str, ...] = (".py",)) -> tuple[Path, ...]:
    """The files of these directories that end so."""
    return tuple(path for path in files() if path.parts[0] in rooms and path.suffix in suffixes)


def modules() -> tuple[Path, ...]:
    """The modules of the four packages."""
    return tuple(path for path in below(*ROOMS) if SAMPLE not in path.parents)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse((TOP / path).read_text(encoding="utf-8"), str(path))


def dotted(path: Path) -> str:
    """The name by which a module is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
