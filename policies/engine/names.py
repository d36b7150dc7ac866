"""What a command's first word names: a program of the system, one of the workspace, or nothing that may run."""

from __future__ import annotations

from dataclasses import dataclass

from policies.paths import WORKSPACE, is_inside, resolve
from policies.rules import Finding, fixed
from policies.shell.items import Context
from policies.shell.words import Known, Word
from policies.verdict import Verdict

SYSTEM_DIRECTORIES = frozenset({"/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"})

BUILTINS = frozenset(
    ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo "
    "enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf "
    "pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit "
    "umask unalias unset wait".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A program: its bare name, the names a rule may call it by, and whether it is the workspace's own."""

    bare: str
    names: frozenset[str]
    local: bool = False


def name_of(word: Word, context: Context) -> Named | Finding:
    """The program that a first word names, or why it may not run."""
    if word.known is not Known.FULLY or word.glob or word.braced or not word.text or word.text.startswith("-"):
        why = "which command runs can't be known before it runs"
        return fixed(Verdict.DENY, "dynamic-command-name", why, instead="write the command's name")
    if "/" not in word.text:
        return Named(bare=word.text, names=frozenset({word.text}))
    paths = {resolve(word.text, cwd) for cwd in context.cwds}
    if len(paths) != 1 or (path := paths.pop()) is None:
        return fixed(Verdict.DENY, "dynamic-command-name", "the directory of the program can't be known")
    directory, _, name = path.rpartition("/")
    if directory in SYSTEM_DIRECTORIES:
        return Named(bare=name, names=frozenset({name}))
    if not is_inside(path, WORKSPACE) or path == WORKSPACE:
        why = f"{path} is a program outside of the workspace and the system's directories"
        return fixed(Verdict.DENY, "program-outside", why)
    relative = f"./{path.removeprefix(WORKSPACE + '/')}"
    return Named(bare=path, names=frozenset({path, relative, relative[2:]} - {name}), local=True)
