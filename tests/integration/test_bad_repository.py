"""Repositories that are odd, and work: nothing of the user's is run, changed or lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.aftermath import no_traceback, nothing_left
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

CHANGE = """
import os
for name in os.listdir(b"."):
    if name.endswith(b".txt"):
        open(name, "ab").write(b"changed\\n")
open(b"new \\xfe\\xff.txt", "wb").write(b"new\\n")
open(b"another\\nline.txt", "wb").write(b"new\\n")
"""


def written(program: Program, **more: object) -> Path:
    """A plan with one task, beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one."), **more))
    return path


def one(*turns: Turn) -> Turn:
    """The conversation of the only task."""
    return talk("editor", "Write one.", *turns)


def test_names_of_all_kinds_of_bytes(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Spaces, newlines and bytes that are no UTF-8 land; a newline in a new name is refused, and the agent told."""
    program = make({"with space.txt": "a\n", "change.py": CHANGE, "new\nline.txt": "a\n"})
    (program.repository / os.fsdecode(b"caf\xe9.txt")).write_text("a\n")
    program.git("add", ".")
    program.git("commit", "-q", "-m", "odd names")
    scripted_server.play(one(shell("python3 change.py"), done()))

    result = program.json("--backend", "bubblewrap", written(program, policy="open"))

    assert result["status"] == "done"
    changed = program.git("diff", "--name-status", "main~1", "main").splitlines()
    assert changed == [
        'M\t"caf\\351.txt"',
        'M\t"new\\nline.txt"',
        'A\t"new \\376\\377.txt"',
        "M\twith space.txt",
    ]
    assert (program.repository / os.fsdecode(b"caf\xe9.txt")).read_text() == "a\nchanged\n"
    assert (program.repository / "new\nline.txt").read_text() == "a\nchanged\n"
    assert program.git("status", "--porcelain") == ""
    told = [request for request in scripted_server.requests() if "control characters" in str(request["request"])]
    assert told, "the agent was not told what became of its change"
    for words in (["log", "last"], ["review", "last"], ["status", "last"]):
        shown = program.run(*words)
        no_traceback(shown)
        assert shown.returncode == 0
        assert "\nline" not in shown.stdout, "a name of a file began a line of its own"
    nothing_left(program)


def test_files_of_lfs_are_left_to_the_user(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Without git-lfs other files land; where a filter would run the checkout stays, and what to type is said."""
    program = make({"a.txt": "a\n", ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "x.bin": "old\n"})
    canary = program.repository.parent / "canary"
    for key, value in (("smudge", f"touch {canary}; cat"), ("clean", f"touch {canary}; cat"), ("required", "true")):
        program.git("config", "--global", f"filter.lfs.{key}", value)
    scripted_server.play(one(shell("echo 1 > one.txt"), done()))
    first = program.run("--backend", "bubblewrap", written(program))
    assert first.returncode == 0, first.stderr
    assert "filter=lfs" in first.stderr
    assert (program.repository / "one.txt").read_text() == "1\n"

    scripted_server.play(one(shell("echo new > x.bin"), done()))
    second = program.run("--backend", "bubblewrap", written(program))
    no_traceback(second)
    assert second.returncode == 1
    assert "a filter (such as LFS) applies to x.bin" in second.stdout
    assert "type: git merge --ff-only" in second.stdout
    assert (program.repository / "x.bin").read_text() == "old\n"
    assert not canary.exists(), "a filter of the user's was run"
    nothing_left(program)


def test_a_detached_head_and_a_submodule(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """With `base: main` main moves; the detached checkout and the submodule stay as they are."""
    program = make({"a.txt": "a\n"})
    head = program.git("rev-parse", "HEAD")
    module = f"160000,{head},vendor/module"
    program.git("update-index", "--add", "--cacheinfo", module)
    (program.repository / ".gitmodules").write_text('[submodule "m"]\n\tpath = vendor/module\n\turl = ../nowhere\n')
    program.git("add", ".gitmodules")
    program.git("commit", "-q", "-m", "a submodule")
    program.git("checkout", "-q", "--detach", "HEAD~1")
    scripted_server.play(one(shell("echo 1 > one.txt; ls -a vendor"), done()))

    finished = program.run("--backend", "bubblewrap", written(program, base="main"))

    assert finished.returncode == 0, finished.stderr
    assert "vendor/module" in finished.stderr
    assert program.git("show", "main:one.txt") == "1"
    assert program.git("ls-tree", "main", "vendor/module").split()[:3] == ["160000", "commit", head]
    assert program.git("rev-parse", "HEAD") == head
    assert program.git("status", "--porcelain", "--untracked-files=all") == ""
    assert not (program.repository / "one.txt").exists()
    nothing_left(program)
