"""The house rules that a linter does not know: sizes, docstrings, what packages export, what stands at the top."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.tree import ROOMS, TOP, below, dotted, files, modules, tree

MOST_LINES = 400
MOST_FUNCTION_LINES = 50

TOP_NAMES = frozenset(
    {
        *ROOMS,
        *("tests", "benchmarks", "examples", "scripts", ".ci"),
        *("docs", "changelog", "decisions", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"),
        *("pyproject.toml", "hatch_build.py", "requirements.lock", "requirements-dev.lock", "Dockerfile"),
        *(".gitignore", ".dockerignore", "AGENTS.md"),
    }
)

HOSTS = frozenset(
    {
        "127.0.0.1",
        "bad.test",  # reserved for tests
        "example.com",
        "example.org",
        "git-lfs.github.com",
        "json-schema.org",
        "www.w3.org",  # in the name of SVG's elements, without which a browser takes a picture for text
    }
)
"""Hosts that a text here may name in an address, besides those without a dot."""

ADDRESS = re.compile(r"\b(?:https?|ssh|git|ftp)://([A-Za-z0-9.-]*[A-Za-z0-9])")
WORKPLACE = re.compile(r"/(?:work|root)/[A-Za-z.]\S*")
ABOUT_PATHS = ("policies", "tests/policies", "tests/properties", "tests/contracts")
"""Where paths of machines are what the text is about."""

INDEXES = re.compile(r"^\s*--?(?:i|f|index-url|extra-index-url|find-links|trusted-host)\b|file://", re.MULTILINE)


def test_a_file_is_short() -> None:
    """No source of the four packages has more than 400 lines."""
    lengths = {path: len(text(path).splitlines()) for path in below(*ROOMS, suffixes=(".py", ".c", ".h"))}
    assert {str(path): length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_a_function_is_short() -> None:
    """No function has more than 50 lines, its docstring included."""
    assert offenders(modules(), long_functions) == {}


def long_functions(path: Path) -> list[str]:
    """Functions of a module that are above the bound."""
    return [node.name for node in functions(tree(path)) if length(node) > MOST_FUNCTION_LINES]


def test_a_long_function_would_be_seen() -> None:
    """A function is as long as its lines, from its `def` to its last."""
    (node,) = functions(ast.parse("@decorated\nasync def whole():\n" + "    pass\n" * 49))
    assert length(node) == MOST_FUNCTION_LINES


def test_a_module_says_what_it_is() -> None:
    """Every module begins with a docstring."""
    subjects = (*modules(), *below("tests", "benchmarks"))
    assert [str(path) for path in subjects if not ast.get_docstring(tree(path))] == []


def test_a_test_says_its_promise() -> None:
    """Every test function has a docstring."""
    assert offenders(below("tests"), silent_tests) == {}


def silent_tests(path: Path) -> list[str]:
    """Test functions of a module that promise nothing."""
    tests = [node for node in functions(tree(path)) if node.name.startswith("test_")]
    return [node.name for node in tests if not ast.get_docstring(node)]


def test_a_package_only_re_exports() -> None:
    """An `__init__` holds imports and `__all__`; a late import is a `__getattr__`."""
    assert offenders(packages(), strangers) == {}


def strangers(path: Path) -> list[str]:
    """Statements of an `__init__` that export nothing."""
    return [ast.unparse(node) for node in tree(path).body if not is_export(node)]


def is_export(node: ast.stmt) -> bool:
    """Whether a statement belongs into an `__init__`."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.ImportFrom():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.FunctionDef(name="__getattr__"):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return all(isinstance(inner, ast.ImportFrom) for inner in node.body)
    return False


def test_a_package_exports_what_it_says() -> None:
    """`__all__` names exactly what an `__init__` imports, and every name leads somewhere."""
    for path in packages():
        package = importlib.import_module(dotted(path))
        imports = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
        exported = {name for node in imports for name in imported(node)}
        assert sorted(getattr(package, "__all__", ())) == sorted(exported), path
        assert [name for name in exported if not hasattr(package, name)] == [], path


def imported(node: ast.ImportFrom) -> list[str]:
    """The names that an import brings in, without those of the language."""
    return [] if node.module in {"__future__", "typing"} else [name.asname or name.name for name in node.names]


def test_the_top_holds_what_is_expected() -> None:
    """Nothing strays into the top of the repository."""
    assert {path.parts[0] for path in files()} - TOP_NAMES == set()


def test_no_text_knows_the_machine_it_was_written_on() -> None:
    """No path of a workplace stands in any file."""
    subjects = tuple(path for path in files() if path.as_posix().startswith(ABOUT_PATHS))
    assert offenders(set(files()) - set(subjects), lambda path: WORKPLACE.findall(text(path))) == {}


def test_no_text_names_a_host_of_somebody() -> None:
    """Addresses lead to hosts that anyone may know, and not to an index, mirror or proxy of somebody's own."""
    assert offenders(files(), strange_hosts) == {}


def strange_hosts(path: Path) -> list[str]:
    """Hosts of addresses in a file that are not on the list."""
    return [host for host in ADDRESS.findall(text(path)) if "." in host and host not in HOSTS]


def test_a_lock_names_no_index() -> None:
    """A mirror or an index of the user's own serves as well as the public one; hashes say what is right."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = text(Path(name))
        assert INDEXES.findall(lock) == []
        assert lock.count("--hash=sha256:") > lock.count("==")


def offenders(paths: Iterable[Path], found: Callable[[Path], list[str]]) -> dict[str, list[str]]:
    """What is wrong in which file; files in which nothing is are left out."""
    return {str(path): wrong for path in sorted(paths) if (wrong := found(path))}


def functions(module: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a module, however deep."""
    return [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, without its decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def packages() -> list[Path]:
    """The `__init__` of every package of ours."""
    return [path for path in modules() if path.name == "__init__.py"]


def text(path: Path) -> str:
    """A file's text, whatever its bytes are."""
    return (TOP / path).read_bytes().decode("utf-8", "replace")
