"""What is said of a policy that loads: rules that never decide, and patterns that are not what they seem."""

from __future__ import annotations

from functools import cache

import pytest

from policies.document import read_document
from policies.layer import compile_layer
from policies.loader import PRESETS, preset
from policies.policy import Policy
from policies.remarks import remarks

known = cache(preset)


def own(text: str, extends: str) -> Policy:
    """A policy of these lines over a preset; its first line is the third."""
    document = read_document(f"version: 1\nextends: {extends}\n{text}\n", file="own.yaml")
    return Policy.of([compile_layer(document), *known(extends).compiled])


def said(text: str, extends: str = "standard") -> list[str]:
    """The remarks on it, a line each."""
    return [str(remark).removeprefix("own.yaml:") for remark in remarks(own(text, extends))]


@pytest.mark.parametrize(
    ("rules", "rule", "first"),
    [
        ("[{allow: curl https://example.com}]", "allow: curl https://example.com", "deny: curl|wget"),
        ("[{ask: make x}, {deny: make}]", "ask: make x", "deny: make (own.yaml:3)"),
        ("[{allow: make x}, {ask: make}]", "allow: make x", "ask: make (own.yaml:3)"),
        ("[{allow: make}, {allow: make x}]", "allow: make x", "allow: make (own.yaml:3)"),
        ("[{allow: make x}, {allow: make}]", "allow: make x", "allow: make (own.yaml:3)"),
        ("[{allow: make}, {allow: make}]", "allow: make", "allow: make (own.yaml:3)"),
        ("[{allow: eval}]", "allow: eval", "deny: it reads its arguments as code again"),
    ],
)
def test_a_rule_that_never_decides_is_named(rules: str, rule: str, first: str) -> None:
    """With the rule that goes first, and its place; also for what the catalogue always denies."""
    [remark] = said(f"commands: {rules}")
    assert remark.startswith(f"3: {rule}: it never decides, since this goes first: {first}")


def test_an_alternative_that_never_decides_is_named() -> None:
    """Where the others of its pattern may."""
    [remark] = said("commands: [{allow: make|curl}]")
    assert remark.startswith("3: allow: make|curl: it never decides about curl, since this goes first: deny: curl|wget")


@pytest.mark.parametrize(
    "rules",
    [
        "[{allow: make}, {deny: make x}]",
        "[{allow: make x}, {allow: make y}]",
        "[{allow: make}, {deny: make, roles: [tester]}]",
        "[{allow: make}, {deny: make, unless: [-n]}]",
        "[{allow: make}, {deny: make x $}]",
        "[{ask: frob -x}, {ask: frob y}]",
        "[{allow: ./ls}, {deny: ls}]",
        "[{deny: git push}]",
        "[{ask: curl}, {deny: make}]",
    ],
)
def test_a_rule_that_may_decide_is_not(rules: str) -> None:
    """For another role, without the option that excepts, with other arguments, or nearer than what says the same."""
    assert [line for line in said(f"commands: {rules}") if "never" in line and "curl" not in line] == []


def test_globs_that_never_decide_are_named() -> None:
    """A deny of any layer goes first, and the nearer layer does."""
    lines = said("paths: {write: {allow: [/workspace/.git/hooks/**, /srv/**], ask: [/srv/**]}}\nenv: {allow: [PATH]}")
    assert [line.partition(": it never")[0] for line in lines] == [
        "3: paths.write allow: /workspace/.git/hooks/**",
        "3: paths.write allow: /srv/**",
        "4: env allow: PATH",
    ]


@pytest.mark.parametrize(
    ("pattern", "command"),
    [
        ("python *", "python x.py"),
        ("python", "python x.py"),
        ("python3 -c", "python3 -c x"),
        ("python -m *", "python -m x"),
        ("bash *", "bash x.sh"),
        ("node", "node x"),
        ("npx", "npx x"),
        ("uv run", "uv run x"),
        ("'*'", "x"),
        ("./*", "./x"),
        ("tools/*", "tools/x"),
    ],
)
def test_a_pattern_that_runs_any_code_is_named_with_a_command(pattern: str, command: str) -> None:
    """The command was tried: it is allowed; in the rule's own accepts it says that this is meant."""
    [line] = said(f"commands: [{{allow: {pattern}}}]")
    assert f"it runs any code: '{command}' is allowed" in line
    assert said(f"commands: [{{allow: {pattern}, accepts: [{command}]}}]") == []


@pytest.mark.parametrize("pattern", ["python -m pytest", "python a.py", "bash a.sh", "find", "git", "env", "awk"])
def test_a_pattern_whose_free_code_is_caught_elsewhere_is_not(pattern: str) -> None:
    """What a program would run is judged by itself, or refused by the catalogue, whatever the rule says."""
    assert [line for line in said(f"commands: [{{allow: {pattern}}}]") if "any code" in line] == []


def test_a_star_at_the_end_is_not_what_other_tools_mean_by_it() -> None:
    """It is one word; as an allow it is as wide as without, as a deny it lets the bare command through."""
    [allow] = said("commands: [{allow: find *}]")
    assert "its `*` is one word, and any arguments may follow" in allow
    [deny] = said("commands: [{deny: frob push *}]")
    assert deny.endswith("its `*` is one word that must be there; 'frob push' is about any arguments, and about none")
    assert said("commands: [{allow: frob *, rejects: [frob]}, {allow: knot * $}]") == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("make && make install", "its '&&' is compared with an argument"),
        ("make > log", "its '>' is compared with an argument"),
        ("CI=1 make", "no command is called 'CI=1'"),
        ("make;", "no command is called 'make;'"),
        ("make$", "no command is called 'make$'"),
        ("make all$", "its 'all$' is compared with an argument"),
        ("cat $HOME/x", "its '$HOME/x' is compared with arguments as they are after expansion"),
        ("/usr/bin/make", "programs of the system go by their bare name; write 'make'"),
        ("/opt/x/make", "programs outside of /workspace and the system's directories never run"),
        ("~/bin/x", "no command is called '~/bin/x'"),
    ],
)
def test_a_pattern_that_no_command_is_like_is_named(pattern: str, why: str) -> None:
    """What was written as for a shell, or as for a list of strings, with what to write instead."""
    assert any(why in line for line in said(f"commands: [{{deny: '{pattern}'}}]"))


def test_a_glob_that_expands_nothing_is_named() -> None:
    """Braces, variables and negation stand for themselves here; brackets are in names of files, and nothing is said."""
    lines = said("paths: {write: {deny: ['src/{a,b}', '!x', '$HOME/x', 'app/[id].tsx']}}")
    assert [line.split(" its ")[1].split(";")[0] for line in lines] == [
        "'{a,b}' stands for itself",
        "'!' stands for itself",
        "'$H' stands for itself",
    ]


def test_presets_are_what_they_seem() -> None:
    """Nothing is odd about two of them; that `open` runs any code is true, and said of it alone."""
    assert {name: len(remarks(preset(name))) for name in PRESETS} == {"standard": 0, "strict": 0, "open": 2}
    assert all("it runs any code" in str(remark) for remark in remarks(preset("open")))
    assert said("commands: [{deny: git}]", extends="open") == []
