"""`--install-completion`: a script in the user's home, a line in the shell's start-up file, and word of both."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.completion.shells import SHELLS, script
from orchestrator.cli.terminal import say
from orchestrator.errors import CannotRun, UsageProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a shell's script goes, and the file that is to read it; None where the shell looks by itself."""

    script: Path
    start_up: Path | None


def chosen_shell(named: str, *, option: str) -> str:
    """The shell that is named, or else that of the user's login; raises UsageProblem for one that is not known."""
    shell = named or Path(os.environ.get("SHELL", "")).name
    if shell not in SHELLS:
        which = f"{option} {named}:" if named else f"{option}: your shell, {shell or 'which is not known'}, is"
        raise UsageProblem(f"{which} not one of {', '.join(SHELLS)}", hint=f"name one: {option} bash")
    return shell


def places(shell: str, home: Path, environ: Mapping[str, str]) -> Places:
    """The places in a home, or where the XDG variables and zsh's own point to."""
    if shell == "fish":
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        return Places(script=config / "fish/completions/mimo-orchestrate.fish", start_up=None)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    start_up = home / ".bashrc" if shell == "bash" else Path(environ.get("ZDOTDIR") or home) / ".zshrc"
    return Places(script=data / f"mimo-orchestrate/completion.{shell}", start_up=start_up)


def install(shell: str) -> None:
    """Write the script, have it read by new shells, and say what was done; raises CannotRun."""
    found = places(shell, Path.home(), os.environ)
    read = f"source {shlex.quote(str(found.script))}"
    try:
        found.script.parent.mkdir(parents=True, exist_ok=True)
        found.script.write_text(script(shell), encoding="utf-8")
        say(f"wrote {found.script}")
        if found.start_up is not None:
            _add_line(found.start_up, f"[ ! -r {shlex.quote(str(found.script))} ] || {read}")
    except OSError as error:
        remedy = f"put what `mimo-orchestrate --show-completion {shell}` prints where your shell reads it"
        raise CannotRun(f"{error.filename}: {error.strerror}", remedy) from None
    say(f"new shells complete mimo-orchestrate; for this one: {read}")


def _add_line(start_up: Path, line: str) -> None:
    """Add the line at the end of a file that lacks it; what stands in the file is not touched."""
    with start_up.open("a+b") as file:
        file.seek(0)
        before = file.read()
        if line.encode() in before.splitlines():
            say(f"{start_up} reads it already")
            return
        file.write((b"" if before.endswith(b"\n") or not before else b"\n") + line.encode() + b"\n")
    say(f"added to {start_up}: {line}")
