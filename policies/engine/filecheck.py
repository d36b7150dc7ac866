"""What programs do that make, copy and link files, beyond the roles of their operands."""

from __future__ import annotations

import re
from collections.abc import Callable

from policies.engine.call import Call, Services
from policies.engine.pathjudge import is_workspace_path
from policies.engine.saying import asked, denied
from policies.paths import resolve
from policies.rules import Finding
from policies.shell.items import Context
from policies.shell.words import Word
from policies.verdict import Verdict

_MODE = re.compile(r"(?:[ugoa]*[-+=][rwxX]*,?)+|0?[0-7]{1,3}")
_SPECIAL_MODE = re.compile(r".*[-+=,ugoa][rwxX]*[st].*|0*[1-7][0-7]{3}")
_TARGET = ("-t", "--target-directory")


def check_chmod(_: Services, call: Call) -> list[Finding]:
    """A mode may not raise rights above those of the file's user."""
    for mode in call.parsed.operands[:1]:
        if _SPECIAL_MODE.fullmatch(mode.text):
            return denied("chmod", f"the mode {mode.text} sets setuid, setgid or sticky")
        if not _MODE.fullmatch(mode.text):
            return asked("chmod", f"the mode {mode.text} is not understood")
    return []


def check_made(_: Services, call: Call) -> list[Finding]:
    """The mode of a new directory is no more than `chmod` may set."""
    special = any(_SPECIAL_MODE.fullmatch(mode.text) for mode in call.parsed.values("-m", "--mode"))
    return denied(call.name, "it sets setuid, setgid or sticky") if special else []


def check_install(services: Services, call: Call) -> list[Finding]:
    """`install` copies or makes directories, with a mode."""
    if not call.parsed.given("-d", "--directory"):
        return check_made(services, call) + _copies(services, call)
    made = [found for word in call.parsed.operands for found in services.paths.written(word, call.context, into=True)]
    return check_made(services, call) + made


def check_cp(services: Services, call: Call) -> list[Finding]:
    """`cp` copies, or links as `ln` does."""
    parsed = call.parsed
    findings = _copies(services, call)
    if parsed.given("-s", "--symbolic-link", "-l", "--link"):
        sources = parsed.operands if parsed.values(*_TARGET) else parsed.operands[:-1]
        findings += [found for word in sources for found in _linked(services, word, call)]
    if parsed.given("--parents") and any(".." in word.text.split("/") for word in parsed.operands):
        findings += asked("cp --parents", "the copy leaves the directory that it is to go to")
    return findings


def _copies(services: Services, call: Call) -> list[Finding]:
    """What is copied is read."""
    return _transferred(services, call, services.paths.read)


def check_mv(services: Services, call: Call) -> list[Finding]:
    """`mv` removes its sources."""
    return _transferred(services, call, services.paths.written)


def _transferred(services: Services, call: Call, source: Callable[[Word, Context], list[Finding]]) -> list[Finding]:
    """What lands in a directory keeps its name, so that .git could be made by copying one."""
    named = call.parsed.values(*_TARGET)
    operands = call.parsed.operands
    sources = operands if named else operands[:-1]
    findings = [found for word in sources for found in source(word, call.context)]
    if not named:
        findings += [found for word in operands[-1:] for found in services.paths.written(word, call.context, into=True)]
    return findings + _landed(services, call, sources, (named or operands)[-1:])


def _landed(services: Services, call: Call, sources: list[Word], targets: list[Word]) -> list[Finding]:
    return [
        found
        for word in sources
        for target in targets
        if (name := word.text.rstrip("/").rpartition("/")[2]).lower() == ".git"
        for found in services.paths.written(Word(f"{target.text}/{name}", target.known), call.context)
    ]


def check_ln(services: Services, call: Call) -> list[Finding]:
    """A link stays in the workspace, at both of its ends, and leads to nothing that may not be written."""
    operands, named = call.parsed.operands, call.parsed.values(*_TARGET)
    targets, links = (operands, named) if named or len(operands) < 2 else (operands[:-1], operands[-1:])
    link = links[-1] if links else Word(".")
    if not all(word.static for word in [*targets, link]):
        return asked("ln", "where a link leads can't be known before it runs")
    inside = len(targets) > 1 or link.text.rstrip("/") != link.text or link.text == "." or bool(named)
    findings = services.paths.written(link, call.context, into=True)
    for cwd in call.context.cwds:
        place = resolve(link.text, cwd)
        ends = {link.text: place} | {word.text: _led(word, call, cwd, place, inside=inside) for word in targets}
        outside = [text for text, path in ends.items() if not is_workspace_path(path)]
        if outside:
            return denied("ln", f"a link to or at {outside[0]!r} leads outside of the workspace")
        findings += [found for path in ends.values() if path for found in _linked(services, Word(path), call)]
    return findings


def _led(target: Word, call: Call, cwd: str | None, place: str | None, *, inside: bool) -> str | None:
    """Where a link leads: a relative symbolic one is read from the link's place, whatever the directory of `ln`."""
    if not call.parsed.given("-s", "--symbolic") or call.parsed.given("-r", "--relative"):
        return resolve(target.text, cwd)
    base = place if inside or place is None else resolve("..", place)
    return resolve(target.text, base)


def _linked(services: Services, word: Word, call: Call) -> list[Finding]:
    """What a link leads to is as good as written."""
    found = services.paths.written(word, call.context, into=True)
    if any(finding.verdict is Verdict.DENY for finding in found):
        return denied(call.name, f"a link to {word.text!r} leads to what may not be written")
    return []
