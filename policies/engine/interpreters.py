"""Shells and interpreters: code that stands in an argument, in a file, or comes from where it can't be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.engine.call import Call, Services
from policies.engine.catalogue import find_program
from policies.engine.pathjudge import is_workspace_path
from policies.engine.wrappers import names_denied
from policies.paths import resolve
from policies.rules import Finding, fixed
from policies.shell.items import Context, Stdin
from policies.shell.words import UNKNOWN, Word
from policies.verdict import Verdict

_FED = "it would run code that comes from {}, which can't be judged"
_INSTEAD = "write the code to a file of the workspace, where it can be seen, and run that"
_STDIN_PATHS = ("-", "/dev/stdin", "/dev/fd/", "/proc/")
_PYTHON_FLAGS = frozenset("bBdEhiIOPqsSuvVx?")
_PYTHON_X = frozenset(
    "dev utf8 importtime faulthandler tracemalloc no_debug_ranges int_max_str_digits frozen_modules "
    "warn_default_encoding showrefcount".split()
)
_PYTHON_LONG = frozenset({"--version", "--help", "--help-env", "--help-xoptions", "--help-all"})


def shell(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`bash -c CODE` is judged as CODE; a script of the workspace is asked about; anything fed in is denied."""
    findings = [
        fixed(Verdict(option.effect.partition(": ")[0]), f"{call.name} {name}", option.effect.partition(": ")[2])
        for name, option, _ in call.parsed.options
        if option.effect
    ]
    findings += [
        fixed(Verdict.ASK, "unknown-option", f"what {word.text!r} does to {call.name} is not known")
        for word in call.parsed.unknown
    ]
    operands = call.parsed.operands
    if call.parsed.given("-c"):
        return findings + _shell_code(services, call, operands)
    if call.parsed.given("--version", "--help"):
        return [*findings, services.book.command(names, [tuple(w.text for w in call.words[1:])], services.role)]
    if not operands or call.parsed.given("-s"):
        return [*findings, _fed(call.context)]
    return [*findings, *_shell_file(services, call, names)]


def _shell_code(services: Services, call: Call, operands: Sequence[Word]) -> list[Finding]:
    if not operands or not operands[0].static or UNKNOWN in operands[0].text:
        why = "the code it would run can't be known before it runs"
        return [fixed(Verdict.DENY, "dynamic-code", why, instead=_INSTEAD)]
    # Functions of the outer script are not seen by the inner shell.
    services.nested(operands[0].text, replace(call.context, functions=frozenset()), call.depth + 1)
    return []


def _shell_file(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    script = call.parsed.operands[0]
    if not script.static or script.text.startswith(_STDIN_PATHS):
        return [fixed(Verdict.DENY, "fed-code", _FED.format("elsewhere"), instead=_INSTEAD)]
    for cwd in call.context.cwds:
        path = resolve(script.text, cwd)
        if path is not None and not is_workspace_path(path):
            return [fixed(Verdict.DENY, "program-outside", f"{path} is a script outside of the workspace")]
    return [services.book.command(names, [tuple(word.text for word in call.words[1:])], services.role)]


def _fed(context: Context) -> Finding:
    source = "its input" if context.stdin is Stdin.INHERITED else context.stdin.value
    return fixed(Verdict.DENY, "fed-code", _FED.format(source), instead=_INSTEAD)


def interpreter(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """perl, node and their like: code in an option is looked into, code from a pipe is denied."""
    given = tuple(word.text for word in call.words[1:])
    findings = [services.book.command(names, [given], services.role)]
    code = [value for _, option, value in call.parsed.options if option.effect == "code" and value is not None]
    for value in code:
        findings += _code(services, value)
    settled = code or call.parsed.given("--version", "-v")
    return findings + ([] if settled else _unfed(services, call, call.parsed.operands))


def _code(services: Services, value: Word) -> list[Finding]:
    if (name := names_denied(services, value.text)) is not None:
        return [fixed(Verdict.DENY, "inline-code", f"the code names {name!r}, which is denied")]
    if found := services.paths.named_in(value.text):
        return found
    if not value.static:
        return [fixed(Verdict.ASK, "dynamic-code", "the code it would run can't be known before it runs")]
    return []


def _unfed(services: Services, call: Call, operands: Sequence[Word]) -> list[Finding]:
    """Refuse code from standard input, where no file is named."""
    if operands and not operands[0].text.startswith(_STDIN_PATHS):
        dynamic = any(not word.static for word in operands)
        return [fixed(Verdict.ASK, "dynamic-argument", "an argument can't be known before it runs")] if dynamic else []
    match call.context.stdin:
        case Stdin.INHERITED if not operands or operands[0].text == "-":
            return [fixed(Verdict.ASK, "fed-code", "it reads code from its input")]
        case Stdin.QUOTED_HEREDOC if call.program.name == "python":
            named = _code(services, Word(call.context.body))
            return [*named, fixed(Verdict.ASK, "inline-code", "code in a here-document")]
        case _:
            return [_fed(call.context)]


@dataclass(slots=True, kw_only=True)
class _Python:
    """How a python command line is read: options, then the first of code, a module or a file, then its arguments."""

    mode: str = ""
    subject: Word | None = None
    rest: tuple[Word, ...] = ()
    flags: frozenset[str] = frozenset()
    unknown: str = ""


def python(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`python -m MODULE` is judged as the module, `-c CODE` is looked into, a file is for the rules to allow."""
    line = read_python(call.words[1:])
    if line.unknown:
        return [fixed(Verdict.ASK, "unknown-option", f"what {line.unknown!r} does to python is not known")]
    given = tuple(word.text for word in call.words[1:])
    match line.mode:
        case "m" if line.subject is not None:
            findings = _module(services, call, names, line)
        case "c" if line.subject is not None:
            findings = [services.book.command(names, [("-c", *given)], services.role), *_code(services, line.subject)]
        case "flag":
            findings = [services.book.command(names, [given], services.role)]
        case _:
            operands = [line.subject, *line.rest] if line.subject is not None else []
            candidates = [given, tuple(word.text for word in operands)]
            findings = [services.book.command(names, candidates, services.role), *_unfed(services, call, operands)]
    if "W" in line.flags:
        findings.append(fixed(Verdict.ASK, "python -W", "it imports the module of a warning's category"))
    if "i" in line.flags:
        findings.append(fixed(Verdict.ASK, "python -i", "it goes on to read code from its input"))
    return findings


def _module(services: Services, call: Call, names: frozenset[str], line: _Python) -> list[Finding]:
    module = line.subject
    if module is None or not module.static:
        return [fixed(Verdict.ASK, "dynamic-argument", "which module runs can't be known before it runs")]
    candidate = ("-m", module.text, *(word.text for word in line.rest))
    findings = [services.book.command(names, [candidate], services.role)]
    program = find_program(f"python.{module.text}") or find_program(module.text)
    if program is not None:
        return findings + services.arguments(program, line.rest, call.context, call.depth)
    if any(not word.static for word in line.rest):
        findings.append(fixed(Verdict.ASK, "dynamic-argument", "an argument can't be known before it runs"))
    return findings


def read_python(words: Sequence[Word]) -> _Python:
    flags: set[str] = set()
    at = 0
    while at < len(words):
        text = words[at].text
        if not text.startswith("-") or text == "-":
            return _Python(mode="file", subject=words[at], rest=tuple(words[at + 1 :]), flags=frozenset(flags))
        if text.startswith("--"):
            return _Python(mode="flag") if text in _PYTHON_LONG else _Python(unknown=text)
        for place, letter in enumerate(text[1:], start=1):
            flags.add(letter)
            if letter in "cmWX":
                attached = text[place + 1 :]
                value = Word(attached, words[at].known) if attached else next(iter(words[at + 1 : at + 2]), None)
                at += 0 if attached else 1
                if letter == "X" and (value is None or value.text.partition("=")[0] not in _PYTHON_X):
                    return _Python(unknown=text)
                if letter in "cm":
                    rest = tuple(words[at + 1 :])
                    return _Python(mode=letter, subject=value, rest=rest, flags=frozenset(flags))
                break
            if letter not in _PYTHON_FLAGS:
                return _Python(unknown=text)
        at += 1
    return _Python(mode="flag" if flags & set("Vh?") else "file", flags=frozenset(flags))
