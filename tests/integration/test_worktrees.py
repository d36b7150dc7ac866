"""How a run's worktrees are made, and when what they lie over is removed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from agents import events as e
from orchestrator.journal.store import JournalStore
from orchestrator.run.lease import lease, run_lock
from orchestrator.run.leftovers import remove_leftovers
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.journal.test_fold import STARTED
from tests.server.fixture import ScriptedServer


def kind_of_file_system(program: Program, scripted_server: ScriptedServer, backend: str) -> set[str]:
    """What the worktrees of a run are, whose second task begins where the first has landed."""
    look = 'stat -f -c "on %T" . && test -z "$(git status --porcelain)"'
    scripted_server.play(
        talk("editor", "Write one.", shell(f"{look} && echo 1 > one.txt && rm -r gone"), done()),
        talk("editor", "Write two.", shell(f"{look} && grep 1 one.txt && ! ls gone && echo 2 > two.txt"), done()),
    )
    path = program.repository.parent / "plan.yaml"
    path.write_text(
        plan(editor("one", "Write one."), editor("two", "Write two.", needs=["one"]), verify=["cat one.txt"])
    )
    assert program.json("run", "--backend", backend, "--allow-red-base", path)["status"] == "done"
    ran = [event for event in program.events() if event["kind"] == "command run" and event["source"] != "verify"]
    assert [event["exit_code"] for event in ran] == [0, 0]
    assert (program.repository / "two.txt").exists()
    assert not (program.repository / "gone").exists()
    return {line for event in ran for line in event["stdout"].splitlines() if line.startswith("on ")}


@pytest.mark.slow
def test_tasks_share_one_checkout(make: MakeProgram, scripted_server: ScriptedServer, backend: str) -> None:
    """Each task has an overlay over the one checkout of the base, from a later tip too; `clean` removes that once."""
    program = make({"a.txt": "a\n", "gone/b.txt": "b\n"})
    assert kind_of_file_system(program, scripted_server, backend) == {"on overlayfs"}
    first, second = (program.run("clean").stderr for _ in range(2))
    assert "removed the checkout of" in first
    assert "nothing to clean" in second


@pytest.mark.slow
@pytest.mark.docker
def test_where_no_overlay_can_be_had(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A state directory that the engine's options can't say: each task has a checkout of its own, all else holds."""
    program = make({"a.txt": "a\n", "gone/b.txt": "b\n"})
    env = {**program.env, "XDG_STATE_HOME": f"{program.env['XDG_STATE_HOME']}:more"}
    kinds = kind_of_file_system(replace(program, env=env), scripted_server, "docker")
    assert len(kinds) == 1
    assert kinds != {"on overlayfs"}


def begin(state: Path, run: str, *then: e.Event) -> None:
    """A run in the journal that began at a commit of its name, and the checkout of that."""
    started = STARTED.model_copy(update={"base_commit": run})
    with JournalStore(state / "journal.db") as store:
        store.append(run, [(None, event) for event in (started, *then)])
    (state / "checkouts" / run / "files").mkdir(parents=True)


def ended(status: str) -> e.RunEnded:
    """The end of a run."""
    return e.RunEnded.model_validate({"status": status, "base_after": "b", "moved": True})


async def test_what_a_run_may_need_is_kept(tmp_path: Path) -> None:
    """`clean` keeps the checkouts of runs that go on, can be resumed or are worked on, and removes all others."""
    resumed = e.RunResumed(program="0")
    begin(tmp_path, "running")
    begin(tmp_path, "stopped", ended("stopped"))
    begin(tmp_path, "interrupted", ended("interrupted"))
    begin(tmp_path, "again", ended("partial"), resumed)
    begin(tmp_path, "held", ended("done"))
    begin(tmp_path, "done", ended("done"))
    begin(tmp_path, "partial", ended("stopped"), resumed, ended("partial"))
    (tmp_path / "checkouts/.making-x/files").mkdir(parents=True)
    with ExitStack() as stack:
        stack.enter_context(lease(run_lock(tmp_path, "held")))
        removed = await remove_leftovers(tmp_path)
    assert [name for name in removed if "checkout" in name] == ["the checkout of done", "the checkout of partial"]
    kept = {path.name for path in (tmp_path / "checkouts").iterdir()}
    assert kept == {"running", "stopped", "interrupted", "again", "held"}
