"""`mimo-orchestrate demo`: the whole job, on a repository made for it, with recorded answers."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.options import BACKENDS, one_of
from orchestrator.cli.state import (
    PROGRAM,
    current_directory,
    here,
    open_journal,
    require_writable,
    state_ground,
    state_home,
)
from orchestrator.cli.terminal import results_console, say
from orchestrator.errors import CannotRun, UsageProblem

if TYPE_CHECKING:
    from orchestrator.views.demo import Scene

DirectoryArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIRECTORY",
        help="Where to make the repository: a new or an empty directory. Default: a temporary one.",
        show_default=False,
    ),
]
DemoBackendOption = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="|".join(BACKENDS),
        callback=one_of("--backend", BACKENDS),
        help="Where commands run; auto takes what is there already.",
    ),
]

_NOT_THE_USERS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": "/nonexistent"}
"""Where git's settings come from during the demo: from nowhere but its own repository."""

_ANOTHER = "name a directory that does not exist yet"


def demo(directory: DirectoryArgument = None, *, backend: DemoBackendOption = "auto") -> None:
    """Play the whole job on a small repository: no key, no network.

    What the agents say is recorded; policy, sandboxes, worktrees, gates and merge are the real ones. The repository
    stays, for you to look at.
    """
    with _settings_of_its_own():
        raise typer.Exit(_play(_wanted(directory), backend))


def _play(wanted: Path | None, backend: str) -> int:
    from functools import partial

    import anyio

    from orchestrator.airlock.git import require_git
    from orchestrator.cli.run import run_plan
    from orchestrator.demo.backend import choose_backend
    from orchestrator.demo.sample import PLAN, make_sample
    from orchestrator.run.options import RunOptions
    from orchestrator.views.demo import Scene

    program = _typed_name()
    require_git()
    chosen = anyio.run(partial(choose_backend, backend, place=state_ground(), say=say))
    place = _made(wanted)
    make_sample(place)
    os.chdir(place)
    odd_state = _state_beside(place)
    say(f"a repository and a plan for it were made in {place}")
    say(f"what the agents say is recorded; all else is real, in {chosen}")
    code = run_plan(Path(PLAN), RunOptions(backend=chosen))
    if code == ExitCode.DONE:
        _show(Scene(place=str(place), program=program, state_home=odd_state))
    else:
        say(f"the demo stands in {place}")
    return code


def _show(scene: Scene) -> None:
    from orchestrator.cli.selection import LAST, read_state
    from orchestrator.views.demo import demo_view

    console = results_console()
    with open_journal(here()) as store:
        state = read_state(store, LAST)
        for part in demo_view(state, store.events(state.run), scene):
            console.print(part)


def _wanted(directory: Path | None) -> Path | None:
    """The named directory as an absolute path, seen to be free; raises UsageProblem, CannotRun."""
    if directory is None:
        return None
    place = current_directory() / directory
    try:
        taken = any(place.iterdir())
        # Git would not trust a repository in it.
        theirs = place.stat().st_uid != os.geteuid()
    except FileNotFoundError:
        return place
    except OSError as error:
        raise UsageProblem(f"{directory}: {error.strerror}", hint=_ANOTHER) from None
    if taken or theirs:
        what = "is not empty" if taken else "belongs to another user"
        raise UsageProblem(f"{directory} {what}", hint=_ANOTHER)
    return place


def _made(wanted: Path | None) -> Path:
    import tempfile

    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="mimo-demo-"))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"{wanted} can't be made: {error.strerror}", "name another directory, or none") from None
    return wanted


def _state_beside(place: Path) -> str | None:
    """Where the state is, if the user's own place for it can't be written: in the demo's directory, for this once."""
    from orchestrator.demo.sample import STATE

    try:
        require_writable(state_home())
    except CannotRun:
        os.environ["XDG_STATE_HOME"] = beside = str(place / STATE)
        return beside
    return None


@contextmanager
def _settings_of_its_own() -> Iterator[None]:
    """The user's settings of git play no part while this lasts, neither from files nor from variables."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("GIT_"):
            del os.environ[name]
    os.environ.update(_NOT_THE_USERS)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _typed_name() -> str:
    """What the user's shell finds this very program by: its name, or else its path."""
    import shlex

    found, own = shutil.which(PROGRAM), Path(sys.argv[0])
    if found is not None and own.exists() and Path(found).samefile(own):
        return PROGRAM
    return shlex.quote(str(own.absolute()))
