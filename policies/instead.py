"""What may be done in place of what a fixed rule refuses: a table by its name, for rules that say nothing of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policies.verdict import Verdict

_PLAIN = "plain commands: one a line, each word written out or in single quotes"
_FILE = "write the code to a file of the workspace, where it can be seen, and run that"
_SHORTER = "do it in several commands"
_BELOW = "a path below /workspace"

INSTEAD: Mapping[str, str] = {
    "unparsable": _PLAIN,
    "limits": _SHORTER,
    "internal": _SHORTER,
    "dynamic-argument": "write the argument out",
    "dynamic-name": "write the variable's name out",
    "dynamic-code": _FILE,
    "inline-code": _FILE,
    "indirect-expansion": "name the variable itself",
    "prompt-expansion": "the variable without an operator",
    "arithmetic": "numbers that are written out",
    "braces": "a wildcard, or fewer words",
    "background": "run it to its end, and read what it printed",
    "nohup": "run it to its end, and read what it printed",
    "coproc": "run it to its end, and read what it printed",
    "shadowing": "another name for the function",
    "unknown-option": "options that are known, or the long way without it",
    "program-outside": "a program of the system by its name, or one of the workspace by its path",
    "PYTHONPATH": "directories below /workspace",
    "glob": "name the files",
    "workspace-root": "name what to remove, below /workspace",
    "ln": "copy it, or link to " + _BELOW,
    "eval": "write out what it would run",
    "source": "write out what it would run",
    "alias": "a function of another name",
    "trap": "do it at the end of the script",
    "env -S": "write the command's words after env",
    "sed": "p, d, s and y are allowed; read and write files by < and >, or with -i",
    "sed -f": "give the script as an argument",
    "sed --file": "give the script as an argument",
    "awk": "print to standard output, and use > and | of the shell",
    "awk -f": "give the program as an argument",
    "awk --file": "give the program as an argument",
    "sleep": "sleep for 60 seconds at most",
    "chmod": "modes such as 644, 755 and +x",
    "set": "set with -e, -u, -x or -o pipefail",
    "git -C": _BELOW,
}

_SECTIONS: Mapping[tuple[str, Verdict], str] = {
    ("paths.write", Verdict.DENY): "write below /workspace or /tmp",
    ("paths.write", Verdict.ASK): "write elsewhere below /workspace or /tmp",
    ("paths.read", Verdict.DENY): "work with the other files below /workspace",
    ("paths.read", Verdict.ASK): "work with the files below /workspace",
    ("env", Verdict.DENY): "run it without that variable",
    ("env", Verdict.ASK): "run it without that variable",
}

_OPTION = re.compile(r"\S.* (-[^\s:]+)")


def instead_of(rule: str, verdict: Verdict) -> str | None:
    """What may be done in place of what a rule refused; None where nothing can be said in general."""
    if verdict is Verdict.ALLOW:
        return None
    if rule in INSTEAD:
        return INSTEAD[rule]
    section, _, rest = rule.partition(" ")
    if (section, verdict) in _SECTIONS and rest.startswith(f"{verdict}:"):
        return _SECTIONS[section, verdict]
    # The rule of an option has the program's name and the option's: `tar --to-command`.
    option = _OPTION.fullmatch(rule) if not rule.startswith(f"{verdict}:") else None
    return f"the same without {option[1]}" if option else None
