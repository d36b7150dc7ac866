"""A command line to type at: a repository, a state directory of its own, and a run in the journal."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.boundary import guarded
from orchestrator.cli.main import run_program
from orchestrator.cli.state import HUB, JOURNAL, here, state_of
from orchestrator.journal.store import JournalStore
from tests.views import story


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a command line gave."""

    code: int
    out: str
    err: str


Type = Callable[..., Typed]


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str]) -> Type:
    """Run a command line in this process, from its words to its exit code."""

    def run(*words: str) -> Typed:
        capsys.readouterr()
        code = guarded(lambda: run_program(list(words)))
        captured = capsys.readouterr()
        return Typed(code=int(code), out=captured.out, err=captured.err)

    return run


def git(repository: Path, *words: str) -> str:
    """A git command of the user's, untouched by the machine's configuration."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    ran = subprocess.run(["git", "-C", str(repository), *identity, *words], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def commit(repository: Path, name: str, text: str, message: str) -> str:
    """Commit one file."""
    (repository / name).write_text(text)
    git(repository, "add", name)
    git(repository, "commit", "-q", "-m", message)
    return git(repository, "rev-parse", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What tests copy instead of making it: a repository, and the state of a run in it."""

    repository: Path
    state: Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A repository of one commit, and the story as it was run in it, its change landed in the hub."""
    top = tmp_path_factory.mktemp("template")
    repository, state, main = top / "project", top / "state", f"mimo/{story.RUN}/main"
    repository.mkdir()
    git(repository, "init", "-q")
    base = commit(repository, "a.py", "old = 1\n", "First.")
    git(repository, "checkout", "-q", "-b", main)
    with JournalStore(state / JOURNAL) as store:
        store.append(story.RUN, [*story.started(base), *story.surveyed(base)])
        trailers = f"Mimo-Run: {story.RUN}\nMimo-Task: port\nMimo-Journal: {store.head(story.RUN)}"
        landed = commit(repository, "a.py", "new = 2\n", f"Port it.\n\n{trailers}")
        store.append(story.RUN, [*story.ported(base, landed, landed), *story.asked(base), *story.stopped(base)])
    git(repository, "clone", "-q", "--bare", str(repository), str(state / HUB))
    git(repository, "checkout", "-q", "main")
    git(repository, "branch", "-q", "-D", main)
    return Template(repository=repository, state=state)


@pytest.fixture
def repository(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, the current directory; nothing was run in it."""
    path = shutil.copytree(template.repository, tmp_path / "project")
    monkeypatch.chdir(path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    return path


@pytest.fixture
def state(template: Template, repository: Path) -> Path:
    """The state directory of a repository in which the story was run."""
    return shutil.copytree(template.state, state_of(here()))
