"""Nothing is written around the one place that takes secrets out: which module writes what, and what keeps it clean."""

from __future__ import annotations

import ast
import re

import pytest

from tests.tree import modules, tree

GUARDED = {
    "orchestrator/cli/bug_report.py": "reports",
    "orchestrator/cli/draft.py": "a drafted plan",
    "orchestrator/cli/screen.py": "stderr",
    "orchestrator/cli/terminal.py": "stdout, and consoles on both",
    "orchestrator/memory/notes.py": "notes: of a human's own, and out of the journal, which is clean",
}
"""Modules that write what may hold anything, and pass it through `KNOWN` themselves."""

CLEAN = {
    "orchestrator/airlock/base_checkout.py": "the user's own files, as they are in the base",
    "orchestrator/airlock/base_store.py": "settings of git, by us",
    "orchestrator/airlock/hub.py": "settings of git, by us",
    "orchestrator/airlock/included.py": "the user's own files, into worktrees alone",
    "orchestrator/airlock/intent.py": "paths of locks",
    "orchestrator/airlock/layout.py": "the files of a commit, into worktrees alone",
    "orchestrator/airlock/locks.py": "empty files",
    "orchestrator/airlock/private_git.py": "settings of git, by us",
    "orchestrator/attack/git_site.py": "an attack's own repository",
    "orchestrator/cli/asking.py": "a question's prompt, which is ours",
    "orchestrator/cli/boundary.py": "nothing: it turns stdout away from a reader that has gone",
    "orchestrator/cli/completion/answer.py": "names, to the shell that asked for them",
    "orchestrator/cli/completion/install.py": "a script of ours",
    "orchestrator/cli/layout.py": "help, to click's formatter",
    "orchestrator/cli/past_runs.py": "how far it has read",
    "orchestrator/cli/policy_suggest.py": "rules out of the journal, which is clean",
    "orchestrator/cli/state.py": "one byte, to see whether there is room",
    "orchestrator/cli/surroundings.py": "events as the journal has them, which is clean",
    "orchestrator/demo/sample.py": "files of ours",
    "orchestrator/doctor/machine.py": "one byte, to see whether there is room",
    "orchestrator/airlock/whole.py": "names of objects, for git to read",
    "orchestrator/journal/snapshots.py": "the state as the journal tells it, which is clean",
    "orchestrator/journal/store.py": "makes its file; what is in it comes from `journal/recorder.py`",
    "orchestrator/memory/written.py": "notes that are kept, which are clean",
    "orchestrator/run/caches.py": "locks",
    "orchestrator/run/lease.py": "process ids",
    "orchestrator/run/planning.py": "tasks that a coordinator handed over, which `run/rounds.py` cleans",
    "orchestrator/run/trust.py": "hashes",
    "orchestrator/run/unused.py": "locks",
    "orchestrator/telling/bounded_file.py": "lines that `telling/lines.py` has cleaned",
    "orchestrator/tightening/policy_file.py": "a rule that the user was shown",
}
"""Modules that write as well, and why no secret comes that way. Those of `sandbox` write for sandboxes alone."""

MODE = re.compile(r"[rwax][bt+]{0,2}")
WRITERS = frozenset({"write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "touch"})


def test_each_module_that_writes_is_in_the_table() -> None:
    """A new way out is a row here, with how it is kept clean."""
    found = {path.as_posix() for path in modules() if path.parts[0] != "sandbox" and writes(tree(path))}
    assert found == GUARDED.keys() | CLEAN.keys()


def test_what_may_hold_anything_is_guarded() -> None:
    """Those modules use the one place, and nobody else decides for a terminal, a file or a report what is secret."""
    for path in modules():
        names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
        assert path.as_posix() not in GUARDED or "KNOWN" in names, path


def test_the_journal_and_the_log_are_given_what_is_kept() -> None:
    """The journal of a run is opened with all that is known, and the log asks for it at each line."""
    for name in ("orchestrator/run/opening.py", "orchestrator/telling/lines.py"):
        (module,) = [tree(path) for path in modules() if path.as_posix() == name]
        assert "KNOWN.kept" in {ast.unparse(node) for node in ast.walk(module) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(
    "code",
    [
        "print('x')",
        "sys.stdout.write('x')",
        "sys.__stderr__.write('x')",
        "open('x', 'w')",
        "path.open('a', encoding='utf-8')",
        "path.open(mode='xb')",
        "os.fdopen(fd, 'r+b')",
        "os.fdopen(fd, 'w')",
        "os.write(1, b'x')",
        "path.write_text('x')",
        "logging.FileHandler('x')",
        "os.open('x', os.O_WRONLY | os.O_CREAT)",
    ],
)
def test_every_way_out_would_be_seen(code: str) -> None:
    """The table can't be walked around by another spelling."""
    assert writes(ast.parse(code))


@pytest.mark.parametrize("code", ["open('x')", "path.open('rb')", "os.open('x', os.O_RDONLY)", "store.open(path)"])
def test_what_writes_nothing_is_let_be(code: str) -> None:
    """Reading is no way out."""
    assert not writes(ast.parse(code))


def writes(module: ast.Module) -> bool:
    """Whether a module holds anything by which a text leaves the process."""
    return any(_is_call_that_writes(node) or _is_stream(node) for node in ast.walk(module))


def _is_stream(node: ast.AST) -> bool:
    # What is only looked at (is it a terminal?) goes nowhere.
    names = {"stdout", "stderr", "__stdout__", "__stderr__"}
    if not (isinstance(node, ast.Attribute) and node.attr in {"write", "buffer", "writelines"}):
        return False
    return isinstance(node.value, ast.Attribute) and node.value.attr in names


def _is_call_that_writes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    full = ast.unparse(node.func)
    name = full.rpartition(".")[2]
    if name in WRITERS or full in {"print", "os.write", "os.pwrite"} or name.endswith("FileHandler"):
        return True
    if full == "os.open":
        return any(flag in ast.unparse(node) for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
    return name in {"open", "fdopen"} and any(_writes(mode) for mode in _modes(node, full))


def _modes(call: ast.Call, full: str) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    place = 1 if full in {"open", "os.fdopen"} else 0
    return [*call.args[place : place + 1], *named]


def _writes(mode: ast.expr) -> bool:
    text = mode.value if isinstance(mode, ast.Constant) else None
    return isinstance(text, str) and MODE.fullmatch(text) is not None and text not in {"r", "rb", "rt"}
