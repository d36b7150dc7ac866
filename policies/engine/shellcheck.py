"""What builtins of the shell do with their arguments: variables set by name, and options that change the shell."""

from __future__ import annotations

import re
from itertools import pairwise

from policies.engine.call import Call, Services
from policies.engine.saying import asked, denied
from policies.paths import HOME, WORKSPACE, resolve
from policies.rules import Finding
from policies.shell.words import UNKNOWN, Word

_SET_FLAGS = re.compile(r"[-+][euxv]*o?")
_SET_NAMES = frozenset({"pipefail", "errexit", "nounset", "xtrace", "verbose"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUBSCRIPT = re.compile(r"\[.*(?:\$\(|`)", re.DOTALL)
_ACTIVATES = frozenset({f"{WORKSPACE}/.venv/bin/activate", f"{WORKSPACE}/venv/bin/activate"})


def check_set(_: Services, call: Call) -> list[Finding]:
    """`set` may stop at errors and trace; what else it changes is how the shell reads what follows."""
    words = call.words[1:]
    if not words:
        return asked("set", "it shows all variables")
    named = False
    for word in words:
        if named and word.text in _SET_NAMES:
            named = False
        elif not named and _SET_FLAGS.fullmatch(word.text) and len(word.text) > 1:
            named = word.text.endswith("o")
        else:
            operand = word.text == "--" or not word.text.startswith(("-", "+"))
            say = asked if operand and not named else denied
            return say("set", f"{word.text!r} changes how the shell reads what follows")
    return asked("set", "it shows the shell's options") if named else []


def check_cd(services: Services, call: Call) -> list[Finding]:
    """`cd` without a directory goes home; what is read from then on is what is there."""
    targets = call.parsed.operands or [Word(HOME)]
    return [found for word in targets for found in services.paths.read(word, call.context)]


def check_read(services: Services, call: Call) -> list[Finding]:
    """`read` sets the variables that it names."""
    return _named(services, call, [*call.parsed.operands, *call.parsed.values("-a")])


def check_printf(services: Services, call: Call) -> list[Finding]:
    """`printf -v` sets a variable."""
    findings = _named(services, call, call.parsed.values("-v"))
    if len(call.words) > 2 and call.words[1].text.startswith(UNKNOWN):
        findings += asked("printf", "its first argument may be -v, and set any variable")
    return findings


def check_mapfile(services: Services, call: Call) -> list[Finding]:
    """`mapfile` sets the variable that it names."""
    return _named(services, call, call.parsed.operands)


def check_getopts(services: Services, call: Call) -> list[Finding]:
    """`getopts` sets its second operand."""
    return _named(services, call, call.parsed.operands[1:2])


def check_wait(services: Services, call: Call) -> list[Finding]:
    """`wait -p` sets a variable."""
    return _named(services, call, call.parsed.values("-p"))


def check_let(services: Services, call: Call) -> list[Finding]:
    """`let` sets any variable of its expressions."""
    names = {name for word in call.words[1:] for name in _NAME.findall(word.text)}
    return [found for name in sorted(names) for found in services.variable(name, (), call.context)]


def _named(services: Services, call: Call, names: list[Word]) -> list[Finding]:
    """Variables that a builtin sets by name: judged as if assigned."""
    findings: list[Finding] = []
    for word in names:
        plain = word.static and _NAME.fullmatch(word.text)
        findings += services.variable(word.text if plain else "", (), call.context)
    return findings


def check_test(_: Services, call: Call) -> list[Finding]:
    """`test -v` evaluates a subscript."""
    for option, name in pairwise(call.words[1:]):
        if option.text in ("-v", "-R") and not _NAME.fullmatch(name.text):
            return denied("test -v", "a subscript in a variable's name is evaluated")
        if option.text.startswith(UNKNOWN) and _SUBSCRIPT.search(name.text):
            return denied("test -v", "what may be -v stands before a subscript that runs a command")
    return []


def check_declare(services: Services, call: Call) -> list[Finding]:
    """`export`, `declare` and their like show variables, or change what later uses of a name do."""
    if call.parsed.given("-f") and (call.name == "export" or call.parsed.given("-x")) and call.parsed.operands:
        names = [f"BASH_FUNC_{word.text}%%" for word in call.parsed.operands]
        return [found for name in names for found in services.variable(name, (), call.context)]
    if call.parsed.given("-p", "-f", "-F") or not call.parsed.operands:
        return asked(call.name, "it shows variables or functions")
    for name in ("-i", "-n"):
        if call.parsed.given(name):
            named = [word.text.partition("=")[2] for word in call.parsed.operands if name == "-n" and "=" in word.text]
            set_by_it = [found for each in named for found in services.variable(each, (), call.context)]
            return set_by_it + asked(f"{call.name} {name}", "it changes what later assignments and uses of the name do")
    return []


def check_local(services: Services, call: Call) -> list[Finding]:
    """`local` alone shows the variables of a function."""
    return check_declare(services, call) if call.parsed.operands or call.parsed.options else []


def check_source(_: Services, call: Call) -> list[Finding]:
    """`source` runs a file here; that of a virtual environment is known."""
    operands = call.parsed.operands
    paths = {resolve(word.text, cwd) for word in operands for cwd in call.context.cwds}
    if len(operands) == 1 and operands[0].static and paths <= _ACTIVATES:
        return asked("source", "it changes which programs run")
    return denied("source", "code of a file runs in this shell, which can't be judged")
