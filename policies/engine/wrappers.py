"""Programs that run another command: the other command is what is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from policies.engine.call import Call, Services
from policies.engine.inline import strings_in
from policies.paths import resolve
from policies.rules import Finding, fixed
from policies.shell.items import Context, Stdin
from policies.shell.words import UNKNOWN, Known, Word
from policies.verdict import Verdict

SelfJudged = Callable[[Services, Call, frozenset[str]], list[Finding]]

_ASSIGNMENT = re.compile(r"([A-Za-z_][^=]*)=(.*)", re.DOTALL)
_STARTS = re.compile(r"\s*(?:\S*/)?([\w.+-]+)\s+\S")
_LISTED = re.compile(r"""[\[(]\s*["'](?:[^"']*/)?([\w.+-]+)["']\s*,""")


def names_denied(services: Services, code: str, *, whole: bool = False) -> str | None:
    """The name of a denied command that some code gives to a shell or a list of arguments, or None."""
    begins = [found[1] for text in strings_in(code)[0 if whole else 1 :] if (found := _STARTS.match(text))]
    return next((name for name in [*begins, *_LISTED.findall(code)] if services.book.names(name, services.role)), None)


def _own(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """What rules and options say of the wrapper itself; that no rule is about it says nothing."""
    found = services.book.command(names, [tuple(word.text for word in call.words[1:])], services.role)
    findings = [] if found.rule.startswith("default") else [found]
    if call.program.at_least:
        why = call.program.at_least.partition(": ")[2]
        findings.append(fixed(Verdict.ASK, call.program.name, why))
    for name, option, _ in call.parsed.options:
        if option.effect.startswith(("ask", "deny")):
            verdict, _, why = option.effect.partition(": ")
            findings.append(fixed(Verdict(verdict), f"{call.program.name} {name}", why))
    if call.parsed.unknown:
        findings.append(_unknown(services, call))
    if any(value is not None and not value.static for _, _, value in call.parsed.options):
        findings.append(_open())
    return findings


def _open() -> Finding:
    return fixed(Verdict.ASK, "dynamic-argument", "an argument can't be known before it runs")


def _unknown(services: Services, call: Call) -> Finding:
    option = call.parsed.unknown[0].text
    for word in call.words[1:]:
        if services.book.names(word.text.rpartition("/")[2], services.role):
            return fixed(Verdict.DENY, "unknown-option", f"{word.text!r} behind an option {option!r} that is not known")
    return fixed(Verdict.ASK, "unknown-option", f"what {option!r} does to {call.name} is not known")


def _inner(services: Services, call: Call, words: Sequence[Word], context: Context) -> list[Finding]:
    return services.command(words, context, call.depth + 1)


def wrapper(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`timeout 5 COMMAND` and its like: some operands of its own, then the command."""
    findings = _own(services, call, names)
    skipped = call.program.wrapper or 0
    own, words = call.parsed.operands[:skipped], call.parsed.operands[skipped:]
    if any(not word.static for word in own):
        findings.append(_open())
    if not words:
        return [*findings, services.book.command(names, [()], services.role)]
    # What is found by `command` and the like is no function, however it is called; `time` and `coproc` are keywords.
    keeps = call.program.name in ("time", "coproc")
    context = call.context if keeps else replace(call.context, functions=frozenset())
    return findings + _inner(services, call, words, context)


def command(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`command`, `builtin` and `exec`; asking what a name means runs nothing, `exec` alone only redirects."""
    if call.parsed.given("-v", "-V"):
        given = tuple(word.text for word in call.words[1:])
        return [services.book.command(names, [given], services.role)]
    if not call.parsed.operands and not call.parsed.unknown:
        return []
    return wrapper(services, call, names)


def env(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`env NAME=VALUE COMMAND`: variables are judged as assignments."""
    findings = _own(services, call, names)
    words = list(call.parsed.operands)
    if words and words[0].text == "-":
        del words[0]  # as -i
    context = replace(call.context, functions=frozenset())
    while words and (found := _ASSIGNMENT.fullmatch(words[0].text)) is not None:
        value = Word(found[2], words.pop(0).known)
        findings += services.variable(found[1], [value], context)
    for split in call.parsed.values("-S", "--split-string"):
        if UNKNOWN in split.text or names_denied(services, split.text, whole=True):
            findings.append(fixed(Verdict.DENY, "env -S", "it splits a string into a command that is denied"))
    for name in call.parsed.values("-u", "--unset"):
        findings += services.variable(name.text, (), context)
    for directory in call.parsed.values("-C", "--chdir"):
        findings += services.paths.read(directory, context)
        moved = frozenset(resolve(directory.text, cwd) if directory.static else None for cwd in context.cwds)
        context = replace(context, cwds=moved)
    if not words:
        return [*findings, services.book.command(names, [()], services.role)]
    return findings + _inner(services, call, words, context)


def xargs(services: Services, call: Call, names: frozenset[str]) -> list[Finding]:
    """`xargs COMMAND`: the command gets arguments that can't be known."""
    findings = _own(services, call, names)
    words = list(call.parsed.operands) or [Word("echo")]
    replaced = call.parsed.values("-I", "--replace", "-i")
    marks = [word.text for word in replaced] or (["{}"] if call.parsed.given("-i", "--replace") else [])
    if marks:
        words = [_filled(word, marks[-1]) for word in words]
    else:
        words.append(Word(UNKNOWN, Known.LOOP))
    for source in call.parsed.values("-a", "--arg-file"):
        findings += services.paths.read(source, call.context)
    context = replace(call.context, functions=frozenset()).fed_by(Stdin.INHERITED)
    return findings + _inner(services, call, words, context)


def _filled(word: Word, mark: str) -> Word:
    if not mark or mark not in word.text:
        return word
    return Word(word.text.replace(mark, UNKNOWN), max(word.known, Known.LOOP), word.glob)
