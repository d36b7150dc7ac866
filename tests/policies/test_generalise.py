"""What rule a command is taken for an example of: as wide as the catalogue can judge by itself, and no wider."""

from __future__ import annotations

import pytest

from policies.generalise import exact, generalised, is_needed, narrowed
from policies.lookups import examine
from policies.pattern import compile_pattern
from policies.shape import Shape, merged, shape_of, split
from tests.policies.judging import policy_of, standard


def rules_for(command: str) -> list[str | None]:
    """The rule for each command of a script that needs one."""
    lookups = examine(policy_of(""), command, role="editor").lookups
    shapes = [generalised(lookup) for lookup in lookups if is_needed(lookup)]
    return [shape.text if shape is not None else None for shape in shapes]


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("sed -n 1,20p a.py", "sed"),
        ("git -C src log --oneline -5", "git log"),
        ("git rerere status", "git rerere status $"),
        ("ruff check --fix src", "ruff check"),
        ("python3 -m pytest -q tests", "python3 -m pytest"),
        ("python -m build --wheel", "python -m build --wheel $"),
        ("python --version", "python --version $"),
        ("python tools/check.py billing", "python tools/check.py billing $"),
        ("bash scripts/build.sh fast", "bash scripts/build.sh fast $"),
        ("node scripts/pack.js", "node scripts/pack.js $"),
        ("./tools/check all", "./tools/check all $"),
        ("/usr/bin/make test", "make test $"),
        ("npm run 'two words'", "npm run 'two words' $"),
        ("command -v rg", "command -v"),
    ],
)
def test_a_rule_is_as_wide_as_what_is_known_of_the_program(command: str, rule: str) -> None:
    """Arguments are free where the catalogue judges them; of a script or an unknown program every word is kept."""
    assert rules_for(command) == [rule]


@pytest.mark.parametrize(
    "command",
    [
        "python -c 'print(1)'",
        "python3 -Bsc 'import this'",
        "python /tmp/made.py",
        "python - <<'EOF'\nprint(1)\nEOF",
        "node -e 'x()'",
        "perl -pe s/a/b/ f",
        "make $TARGET",
        "make 'a|b'",
        "make 'test-*'",
        "tool '$'",
        "tool 'a\nb'",
    ],
)
def test_what_no_rule_can_hold_has_none(command: str) -> None:
    """Code in an argument, a script from elsewhere, a word that a pattern would take for more than it is."""
    assert None in rules_for(command)


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("timeout 60 make test", ["make test $"]),
        ("env A=1 nice make test", ["make test $"]),
        ("ls | xargs -n1 wc -l", ["ls", "wc"]),
        ("bash -c 'make test && git diff'", ["make test $", "git diff"]),
        ("cd src && make test 2>&1 | tail -5", ["cd", "make test $", "tail"]),
        ("env", ["env $"]),
    ],
)
def test_what_runs_another_command_needs_no_rule_of_its_own(command: str, rules: list[str]) -> None:
    """The commands within are what a rule is about, however deep they stand."""
    assert rules_for(command) == rules


def test_an_exact_shape_has_every_word() -> None:
    """Where nothing was said of other arguments, none are free."""
    (lookup,) = examine(standard(), "git -C src merge --no-edit topic", role="editor").lookups
    shape = exact(lookup)
    assert shape is not None
    assert shape.text == "git merge --no-edit topic $"


@pytest.mark.parametrize(
    ("pattern", "commands", "left"),
    [
        ("ls|cat|wc", ["cat a", "wc -l b"], ["cat|wc"]),
        ("git status|diff|log", ["git status", "git diff --stat", "git diff"], ["git diff|status"]),
        ("git", ["git status", "git -C x log"], ["git log|status"]),
        ("python|python3 -m pytest|mypy", ["python3 -m pytest"], ["python|python3 -m pytest"]),
        (
            "python|python3",
            ["python -m pytest -q", "python a.py"],
            ["python|python3 -m pytest", "python|python3 a.py $"],
        ),
        ("make|npm", ["make test", "make lint", "npm ci"], ["make lint|test $", "npm ci $"]),
        ("make * $", ["make test"], ["make test $"]),
        ("tools/check", ["./tools/check a"], ["tools/check a $"]),
        ("tools/check", [f"./tools/check {word}" for word in "abc"], ["tools/check"]),
        ("python", [f"python t/gen.py {word}" for word in "abc"], ["python t/gen.py"]),
        ("make", [f"make {word}" for word in "abc"], ["make a|b|c $"]),
        ("sed -n", ["sed -n 5p a"], ["sed -n"]),
    ],
)
def test_of_a_rule_that_allows_what_was_used_is_left(pattern: str, commands: list[str], left: list[str]) -> None:
    """Alternatives that nobody used go; what the rule left free stays free where the catalogue knows the program."""
    policy = policy_of(f"commands: [{{allow: '{pattern}'}}]")
    lookups = [lookup for command in commands for lookup in examine(policy, command, role="editor").lookups]
    shapes, without = narrowed(compile_pattern(pattern), lookups)
    assert [shape.text for shape in merged(shapes)] == left
    assert without == []


def test_inline_code_is_not_kept_even_where_a_rule_allowed_it() -> None:
    """An interpreter that may run anything is no reason to let it go on doing so."""
    policy = policy_of("commands: [{allow: python}]")
    lookups = examine(policy, "python -c 'print(1)'", role="editor").lookups
    assert narrowed(compile_pattern("python"), lookups) == ([], list(lookups))


def test_a_command_is_laid_to_the_rule_of_its_own_name() -> None:
    """Several programs share an entry of the catalogue; the rule that names the program itself is the one it needed."""
    policy = policy_of("commands: [{allow: 'true'}, {allow: pwd}]")
    (lookup,) = examine(policy, "pwd", role="editor").lookups
    assert lookup.rule is not None
    assert lookup.rule.pattern.text == "pwd"


def shape(text: str) -> Shape:
    """The shape of these words."""
    words = text.removesuffix(" $").split()
    made = shape_of(words, closed=text.endswith(" $"))
    assert made is not None
    return made


def test_merging_matches_no_more_than_before() -> None:
    """Shapes become alternatives where one word is all that they differ in; what another covers is dropped."""
    texts = ["git diff", "make a $", "git log", "make b $", "npm a $", "git diff --stat $", "ls", "cat", "make a b $"]
    assert [one.text for one in merged(map(shape, texts))] == [
        "cat|ls",
        "git diff|log",
        "make a b $",
        "make a|b $",
        "npm a $",
    ]


def test_a_long_shape_is_several_lines() -> None:
    """The parts match together what the whole did."""
    (whole,) = merged(shape(f"tool word{number}") for number in range(40))
    parts = list(split(whole, columns=80))
    assert max(len(part.text) for part in parts) <= 80
    assert [word for part in parts for word in part.words[1]] == list(whole.words[1])
