"""`--install-completion` writes one script and adds one line, says so, and harms nothing that is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.completion.shells import SHELLS, script
from tests.cli.conftest import Type


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, of a user whose shell is bash."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_shown(type_in: Type, shell: str) -> None:
    """On stdout, for those who put it into place themselves; and the shell can read it, where it is installed."""
    shown = type_in("--show-completion", shell)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == script(shell)
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n"], input=shown.out, text=True, check=True)


def test_the_shell_is_that_of_the_user(type_in: Type) -> None:
    """Unless another is named."""
    assert type_in("--show-completion").out == script("bash")


@pytest.mark.parametrize(
    ("shell", "where", "start_up"),
    [
        ("bash", ".local/share/mimo-orchestrate/completion.bash", ".bashrc"),
        ("zsh", ".local/share/mimo-orchestrate/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/completions/mimo-orchestrate.fish", None),
    ],
)
def test_it_says_all_that_it_did(type_in: Type, home: Path, shell: str, where: str, start_up: str | None) -> None:
    """What is new in the home is what is named, and how to begin at once."""
    typed = type_in("--install-completion", shell)
    assert (typed.code, typed.out) == (0, "")
    made = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert made == {where, *([start_up] if start_up else [])}
    assert all(str(home / name) in typed.err for name in made)
    assert f"for this one: source {home / where}" in typed.err
    assert (home / where).read_text() == script(shell)


def test_what_stands_in_a_start_up_file_stays(type_in: Type, home: Path) -> None:
    """Whatever its bytes are, and wherever it really lies; a second time adds nothing."""
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "bashrc").write_bytes(b"alias umlaut='\xe4'")
    (home / ".bashrc").symlink_to("dotfiles/bashrc")
    type_in("--install-completion")
    once = (home / ".bashrc").read_bytes()
    lines = once.splitlines()
    assert lines[0] == b"alias umlaut='\xe4'"
    assert len(lines) == 2
    assert (home / ".bashrc").is_symlink()
    again = type_in("--install-completion")
    assert f"{home / '.bashrc'} reads it already" in again.err
    assert (home / ".bashrc").read_bytes() == once


def test_a_shell_starts_without_the_script(type_in: Type, home: Path) -> None:
    """Whoever removes it is not told so at each start."""
    type_in("--install-completion")
    (home / ".local/share/mimo-orchestrate/completion.bash").unlink()
    ran = subprocess.run(["bash", "-e", str(home / ".bashrc")], capture_output=True, text=True, check=True)
    assert ran.stdout + ran.stderr == ""


def test_the_places_that_a_user_chose_are_kept_to(type_in: Type, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG's directories, and zsh's own."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        (home / name).mkdir()
        monkeypatch.setenv(name, str(home / name))
    type_in("--install-completion", "zsh")
    type_in("--install-completion", "fish")
    made = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert made == {
        "XDG_DATA_HOME/mimo-orchestrate/completion.zsh",
        "ZDOTDIR/.zshrc",
        "XDG_CONFIG_HOME/fish/completions/mimo-orchestrate.fish",
    }


@pytest.mark.parametrize(("named", "shell"), [(["csh"], "/bin/bash"), ([], "/bin/csh"), ([], "")])
def test_another_shell_is_refused(
    type_in: Type, home: Path, monkeypatch: pytest.MonkeyPatch, named: list[str], shell: str
) -> None:
    """With those that there are."""
    monkeypatch.setenv("SHELL", shell)
    for option in ("--install-completion", "--show-completion"):
        typed = type_in(option, *named)
        assert (typed.code, typed.out) == (2, "")
        assert "not one of bash, zsh, fish" in typed.err
        assert f"name one: {option} bash" in typed.err
    assert list(home.iterdir()) == []


def test_a_home_that_can_not_be_written(type_in: Type, home: Path) -> None:
    """Exit code 4, the file that is in the way, and what to do by hand."""
    (home / ".bashrc").mkdir()
    typed = type_in("--install-completion")
    assert (typed.code, typed.out) == (4, "")
    assert f"{home / '.bashrc'}: Is a directory" in typed.err
    assert "mimo-orchestrate --show-completion bash" in typed.err
