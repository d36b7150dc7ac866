"""Makes the sample: a repository of one commit, with the plan and the recording beside the code."""

from __future__ import annotations

from pathlib import Path

from orchestrator.airlock.git import Git

PLAN = "plan.yaml"
RECORDING = "recording.jsonl"
STATE = ".state"
"""Where the program keeps what it knows of the demo if it has no place of its own."""

TESTS_NEED = "python3 -c 'import unittest'"
"""A command that succeeds in a sandbox that the sample's tests can run in."""

_HERE = Path(__file__).parent
_FILES = _HERE / "repository"
_BESIDE = (PLAN, RECORDING)
_EXCLUDED = (*(f"/{name}" for name in (*_BESIDE, STATE)), "__pycache__/")


def sample_files() -> dict[str, bytes]:
    """What the repository begins with: contents by path."""
    paths = (path for path in sorted(_FILES.rglob("*")) if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(_FILES).as_posix(): path.read_bytes() for path in paths}


def make_sample(directory: Path) -> None:
    """Make the repository in a directory that is there and empty; raises OSError, GitUnusable, GitFailed, DiskFull."""
    beside = {name: (_HERE / name).read_bytes() for name in _BESIDE}
    for name, content in {**sample_files(), **beside}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git = Git(git_dir=directory / ".git", work_tree=directory)
    # Templates and a name for the first branch are the user's own settings otherwise.
    git.run(["init", "--quiet", "--template=", "--initial-branch=main"])
    exclude = directory / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("".join(f"{pattern}\n" for pattern in _EXCLUDED))
    git.run(["config", "user.name", "Demo"])
    git.run(["config", "user.email", "demo@localhost"])
    git.run(["add", "--all"])
    git.run(["commit", "--quiet", "--message", "Short links that end by themselves"])
