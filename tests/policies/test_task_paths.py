"""`<outside task>`: what a task may not change is refused when the command or the edit is issued."""

from __future__ import annotations

import pytest

from policies.loader import DocumentError, preset
from policies.verdict import Verdict
from tests.policies.judging import policy_of, standard, verdict

PATHS = ("src/client/**", "pyproject.toml", "**/test_client.py")
STRICT = preset("strict").for_task(PATHS)


@pytest.mark.parametrize(
    "command",
    [
        "sed -i s/a/b/ src/client/a.py",
        "sed -i s/a/b/ src/client/*.py",
        "cd src/client && touch b.py",
        "mkdir -p src/client/parts && cp src/other.py src/client/parts/",
        "rm -rf src/client/old",
        "echo x >> pyproject.toml",
        "cat > tests/unit/test_client.py <<'EOF'\nx = 1\nEOF",
        "black src/client",
        "black --check .",
        "ruff check .",
        "git mv src/client/a.py src/client/b.py",
        "git add -A && git commit -m port",
        "python -m pytest -q > /tmp/out.txt",
        "cp src/other.py /tmp/",
    ],
)
def test_what_the_task_may_change_may_be_written(command: str) -> None:
    """Below its paths, and in /tmp; reading and testing is not bound at all."""
    assert verdict(command, policy=STRICT) is Verdict.ALLOW


@pytest.mark.parametrize(
    "command",
    [
        "sed -i s/a/b/ src/server.py",
        "sed -i s/a/b/ src/*/a.py",
        "cd src && touch client2.py",
        "cp src/client/a.py src/",
        "mv src/server.py src/client/",
        "rm -rf src",
        "echo x > src/client/../server.py",
        "tee setup.cfg < /dev/null",
        "black .",
        "ruff check --fix .",
        "ruff format",
        "git rm README.md",
        "git restore .",
        "tar xf a.tar",
        "pytest --junitxml=report.xml",
        "sh -c 'touch src/server.py'",
        "for f in a; do touch src/server.py; done",
        "ln -s src/client/a.py link.py",
    ],
)
def test_whatever_else_is_written_in_the_workspace_is_refused(command: str) -> None:
    """However it is written: redirected, moved, removed, unpacked, formatted, from another directory or in a script."""
    assert verdict(command, policy=STRICT) is Verdict.DENY


def test_edits_are_bound_as_commands_are() -> None:
    """The edit tool writes nothing that a command could not."""
    assert STRICT.judge_edit("src/client/a.py", role="editor").verdict is Verdict.ALLOW
    refused = STRICT.judge_edit("src/server.py", role="editor")
    assert refused.verdict is Verdict.DENY
    assert refused.deciding.file == "strict"
    assert refused.deciding.line > 0
    assert "/workspace/src/server.py is not among what the task may change" in refused.deciding.why


def test_a_task_without_paths_may_change_the_workspace() -> None:
    """So may a command that is judged for no task."""
    assert verdict("touch src/server.py", policy=preset("strict").for_task(())) is Verdict.ALLOW
    assert verdict("touch src/server.py", policy=preset("strict")) is Verdict.ALLOW


def test_a_policy_that_does_not_say_so_binds_nothing() -> None:
    """Under `standard` the gate at the end of the task looks at its paths."""
    assert verdict("touch src/server.py", policy=standard().for_task(PATHS)) is Verdict.ALLOW


def test_it_may_be_asked_about() -> None:
    """The word stands in any list of `paths.write`."""
    asking = policy_of("commands: [{allow: touch}]\npaths: {write: {allow: [/workspace/**], ask: ['<outside task>']}}")
    assert verdict("touch src/server.py", policy=asking.for_task(PATHS)) is Verdict.ASK
    assert verdict("touch pyproject.toml", policy=asking.for_task(PATHS)) is Verdict.ALLOW


@pytest.mark.parametrize("paths", ["{write: {deny: [<outside tasks>]}}", "{read: {deny: [<outside task>]}}"])
def test_a_word_that_means_nothing_is_a_mistake(paths: str) -> None:
    """Misspelt, or where there is nothing outside of a task: it would refuse nothing."""
    with pytest.raises(DocumentError, match="<outside task>"):
        policy_of(f"paths: {paths}")


def test_a_task_within_a_task_may_change_what_both_may() -> None:
    """Bound twice, it is bound by both."""
    inner = STRICT.for_task(["src/**"])
    assert verdict("touch src/client/a.py", policy=inner) is Verdict.ALLOW
    assert verdict("touch src/server.py", policy=inner) is Verdict.DENY
    assert verdict("touch pyproject.toml", policy=inner) is Verdict.DENY
