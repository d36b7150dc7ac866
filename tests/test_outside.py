"""Which module touches what is outside: an import of an engine or a model client, a process that is started."""

from __future__ import annotations

import ast
import os
from functools import cache

import pytest

from tests.tree import modules, tree

CLIENTS = {
    "docker": {"sandbox/engine.py", "sandbox/image_store.py", "sandbox/docker.py", "sandbox/build_context.py"},
    "httpx": {"agents/bounded_http.py"},
    "litellm": {"agents/litellm_model.py"},
}
"""Who may import the package that speaks to something outside."""

STARTERS = {
    "orchestrator/airlock/git.py": "git, with an environment made from nothing",
    "orchestrator/cli/terminal.py": "the user's own pager, at a terminal",
    "orchestrator/run/heap.py": "none: it has the C library of this process use less memory",
    "sandbox/attacks/scene.py": "a process that an escape would kill, ended with the attack",
    "sandbox/bubblewrap.py": "bwrap, with the supervisor in it",
}
"""Who may start a process, and what for."""

STARTING_MODULES = frozenset({"subprocess", "multiprocessing", "pty", "pydoc", "webbrowser"})
STARTING_NAMES = frozenset(
    {
        *(
            "open_process",
            "run_process",
            "to_process",
            "to_interpreter",
            "pager",
            "echo_via_pager",
            "launch",
            "edit_file",
        ),
        *("create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"),
        *("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"),
        *(name for name in dir(os) if name.startswith(("exec", "spawn"))),
        *("ProcessPoolExecutor", "dlopen", "CDLL"),
    }
)


def test_a_client_is_imported_where_it_is_wrapped() -> None:
    """Two modules speak to an engine (others make what it is told), one to models."""
    for client, allowed in CLIENTS.items():
        users = {
            path.as_posix() for path in modules() if client in {name.split(".")[0] for name in imports(tree(path))}
        }
        assert users == allowed, client


def test_processes_are_started_where_the_table_says() -> None:
    """A new way to a process is a row in this table, with its reason."""
    assert {path.as_posix() for path in modules() if starts(tree(path))} == set(STARTERS)


def test_no_module_imports_what_is_not_written_down() -> None:
    """An import by a name that is only known when it runs would walk around these tests."""
    assert [path.as_posix() for path in modules() if None in dynamic_imports(tree(path))] == []


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess",
        "from subprocess import run",
        "import os as o; o.system('ls')",
        "from os import execve",
        "import os; os.execvp('ls', [])",
        "import os; os.fork()",
        "import os; os.spawnlp(0, 'ls')",
        "import os; os.posix_spawn('ls', [], {})",
        "import anyio; anyio.open_process(['ls'])",
        "from anyio import run_process as go",
        "import anyio.to_process",
        "from anyio import to_process",
        "import asyncio; asyncio.create_subprocess_exec('ls')",
        "import importlib; importlib.import_module('subprocess')",
        "__import__('pty')",
        "import typer; typer.launch('x')",
        "console.pager()",
        "import ctypes; ctypes.CDLL(None)",
    ],
)
def test_every_way_to_a_process_would_be_seen(code: str) -> None:
    """The table can't be walked around by another spelling."""
    assert starts(ast.parse(code))


@pytest.mark.parametrize("code", ["import os; os.read(0, 1)", "'subprocess'", "cursor.execute('x')", "execution = 1"])
def test_what_starts_nothing_is_let_be(code: str) -> None:
    """The names of other things don't count."""
    assert not starts(ast.parse(code))


def test_an_import_by_a_computed_name_would_be_seen() -> None:
    """However it is written."""
    assert dynamic_imports(ast.parse("importlib.import_module(name)")) == [None]
    assert dynamic_imports(ast.parse("__import__('sub' + 'process')")) == [None]
    assert dynamic_imports(ast.parse("import_module('docker.errors')")) == ["docker.errors"]


def starts(module: ast.Module) -> bool:
    """Whether a module holds anything by which a process can be started."""
    names = {full.rpartition(".")[2] for full in imports(module)}
    names |= {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    return bool(names & STARTING_NAMES or roots(module) & STARTING_MODULES)


def roots(module: ast.Module) -> set[str]:
    """The top-level packages that a module imports something of."""
    return {name.split(".")[0] for name in imports(module)}


@cache
def imports(module: ast.Module) -> list[str]:
    """Full names of what a module imports, at its top or late: modules, and what is taken from them."""
    found = [name for name in dynamic_imports(module) if name is not None]
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def dynamic_imports(module: ast.Module) -> list[str | None]:
    """Names given to `import_module` and `__import__`; None for one that is computed."""
    found: list[str | None] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}:
            name = node.args[0] if node.args else None
            found.append(name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None)
    return found
