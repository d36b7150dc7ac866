"""The reader of scripts against bash itself, which is asked what it reads, and runs nothing.

`bash -n` says whether it accepts a script, and `declare -f` prints a function as bash has read it. Only scripts of the
generator are asked about, whose commands have names that no program has; each is first accepted alone, so that it can't
end the function that it is put into; and bash starts with nothing around it, in an empty directory.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from policies.shell.refusal import Unreadable
from tests.properties.scripts import Writer
from tests.properties.vocabulary import verdict, words_of

SCRIPTS = 150
OLDEST = 5


@cache
def _bash() -> str | None:
    """A bash that prints functions as is expected here; None where there is none."""
    path = shutil.which("bash")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)", said)
    return path if version is not None and int(version[1]) >= OLDEST else None


class Asked:
    """A bash that reads and runs nothing."""

    def __init__(self, path: str, place: Path) -> None:
        """Keep where it is, and an empty directory."""
        self._path = path
        self._place = place

    def accepts(self, script: str) -> bool:
        """Whether the script's syntax is right to it."""
        return self._ask("-n", "-c", "--", script).returncode == 0

    def printed(self, script: str) -> str | None:
        """The script as the body of a function, in bash's own words; None where it can't stand in one."""
        function = f"f() {{\n{script}\n}}"
        if not self.accepts(script) or not self.accepts(function):
            return None
        return self._ask("-c", f"{function}\ndeclare -f f").stdout.decode()

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        words = [self._path, "--norc", "--noprofile", *arguments]
        empty = {"PATH": "/nonexistent", "LC_ALL": "C.UTF-8"}
        return subprocess.run(words, check=False, capture_output=True, env=empty, cwd=self._place, timeout=10)


@pytest.fixture
def bash(tmp_path: Path) -> Asked:
    """The bash that is asked."""
    path = _bash()
    if path is None:
        pytest.skip(f"there is no bash of version {OLDEST} or later")
    return Asked(path, tmp_path)


def _found(script: str, names: set[str]) -> set[tuple[str, ...]]:
    return {words for words in words_of(script) if words and words[0] in names}


def test_bash_reads_the_same_commands(bash: Asked) -> None:
    """A script and what bash prints of it hold the same commands with the same words, and are judged alike."""
    compared = 0
    for seed in range(SCRIPTS):
        # A here-document within a substitution is printed wrongly by bash 5.2, without what ends its command.
        writer = Writer(random.Random(seed).randrange, heredocs=False)
        script = writer.script(2)
        printed = bash.printed(script)
        try:
            if printed is None or not (found := _found(script, set(writer.commands))):
                continue
            again = _found(printed, set(writer.commands))
        except Unreadable:
            continue
        assert found == again, script
        assert verdict(script) is verdict(printed), script
        compared += 1
    assert compared > SCRIPTS * 2 // 3


def test_what_is_read_is_accepted_by_bash(bash: Asked) -> None:
    """What bash refuses is refused: else what is judged would not be what runs."""
    for seed in range(SCRIPTS):
        rng = random.Random(seed)
        text = Writer(rng.randrange).script(1)
        at = rng.randrange(len(text))
        broken = (
            text[:at]
            + rng.choice(["", ")", "(", "'", '"', "`", "done", "esac", ";;", "&&", "{", "}", "$(", "\n"])
            + text[at + 1 :]
        )
        for script in (text, broken):
            if verdict(script) is not verdict("curl x"):
                assert bash.accepts(script), script
