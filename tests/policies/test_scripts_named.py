"""Which code a command names: what an approval of it is bound to."""

from __future__ import annotations

import pytest

from tests.policies.judging import standard


@pytest.mark.parametrize(
    ("script", "paths"),
    [
        ("ls -l; echo x.py", []),
        ("python tools/x.py --fast", ["tools/x.py"]),
        ("python3 -u -X dev tools/x.py", ["tools/x.py"]),
        ("python -c 'print(1)' x.py", []),
        ("python -m tools.x", ["tools/x.py", "tools/x/__main__.py"]),
        ("bash build.sh; sh -e other.sh", ["build.sh", "other.sh"]),
        ("bash -c 'cd sub && python x.py'", ["sub/x.py"]),
        ("cd sub && ./run", ["sub/run"]),
        ("(cd sub && node a.js) && perl b.pl", ["sub/a.js", "b.pl"]),
        ("cd sub; node a.js", ["a.js", "sub/a.js"]),
        ("node -e 'x' a.js", []),
        ("env A=1 timeout 5 nice ruby a.rb", ["a.rb"]),
        ("x=$(python a.py) cat <(./b)", ["a.py", "b"]),
        ("source .venv/bin/activate", [".venv/bin/activate"]),
        (".venv/bin/python x.py", [".venv/bin/python", "x.py"]),
        ("make test", ["GNUmakefile", "makefile", "Makefile"]),
        ("make -kC sub -j4 -f my.mk test", ["sub/my.mk"]),
        ("npm run build && tox", ["package.json", "tox.ini", "pyproject.toml", "setup.cfg"]),
        ("'py'thon  ./a/../x.py", ["x.py"]),
        ("uv run --script=a.py && npx ./b.js && go run c.go", ["a.py", "b.js", "c.go"]),
        ("node -r ./hook.js a.js; deno run b.ts", ["hook.js", "a.js", "b.ts"]),
        ("coverage run -p a.py", ["a.py"]),
        ("python -m coverage run a.py", ["coverage.py", "coverage/__main__.py", "a.py"]),
    ],
)
def test_the_code_of_each_command_is_named(script: str, paths: list[str]) -> None:
    """However it is wrapped and wherever it stands; what no command runs is not named."""
    assert standard().scripts_named(script) == tuple(f"/workspace/{path}" for path in paths)


def test_a_path_outside_is_named_as_it_is() -> None:
    """Where it lies decides about it later."""
    assert standard().scripts_named("python /tmp/x.py ~/y.py") == ("/tmp/x.py",)


@pytest.mark.parametrize(
    "script",
    [
        'python "$F"',
        "python tools/*.py",
        "for f in a b; do python $f; done",
        "ls | xargs python",
        "cd $D && python x.py",
        "make -f $F",
        "env -S './run --fast'",
        "uv run tools/*.py",
        "python 'unfinished",
    ],
)
def test_what_can_not_be_known_is_told(script: str) -> None:
    """A name that is known only when it runs stands as one that is not known."""
    assert None in standard().scripts_named(script)
