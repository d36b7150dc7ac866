"""What archives and patches do: which files they take in, and where they unpack."""

from __future__ import annotations

from dataclasses import replace

from policies.engine.call import Call, Services
from policies.engine.saying import asked, denied
from policies.paths import resolve
from policies.rules import Finding
from policies.shell.items import Context
from policies.shell.words import Word


def check_tar(services: Services, call: Call) -> list[Finding]:
    """tar reads its operands, or unpacks, below the directory of `-C`."""
    parsed = call.parsed
    archives = parsed.values("-f", "--file")
    findings, context = _moved(services, call)
    if any(":" in word.text for word in archives):
        findings += denied("tar", "an archive on another host")
    if parsed.given("-x", "--extract", "--get"):
        findings += services.paths.written(Word("."), context, into=True)
    elif parsed.given("-c", "-r", "-u", "-A", "--create", "--append", "--update", "--delete"):
        findings += [found for word in archives for found in services.paths.written(word, call.context)]
        for word in parsed.operands:
            findings += services.paths.mentioned(word, context) + services.paths.read(word, context)
    elif not parsed.given("-t", "--list", "-d", "--diff", "--help", "--version"):
        findings += asked("tar", "what it does is not clear")
    return findings


def _moved(services: Services, call: Call) -> tuple[list[Finding], Context]:
    findings: list[Finding] = []
    context = call.context
    for directory in call.parsed.values("-C", "--directory"):
        findings += services.paths.read(directory, context)
        moved = frozenset(resolve(directory.text, cwd) if directory.static else None for cwd in context.cwds)
        context = replace(context, cwds=moved)
    return findings, context


def check_unzip(services: Services, call: Call) -> list[Finding]:
    """unzip writes below the current directory, or the one that `-d` names."""
    if call.parsed.given("-l", "-t", "-p", "-Z", "-v"):
        return []
    return _into(services, call, "-d")


def check_patch(services: Services, call: Call) -> list[Finding]:
    """A patch says itself which files it changes, below the current directory or the one that `-d` names."""
    parsed = call.parsed
    findings = [] if parsed.given("--dry-run") else _into(services, call, "-d", "--directory")
    if any("/" in word.text for word in parsed.values("-z", "--suffix")):
        findings += denied("patch", "a suffix with a slash keeps the old text in another directory")
    for directory in parsed.values("-d", "--directory"):
        moved = frozenset(resolve(directory.text, cwd) if directory.static else None for cwd in call.context.cwds)
        inside = replace(call.context, cwds=moved)
        findings += [found for word in parsed.operands[:1] for found in services.paths.written(word, inside)]
    return findings


def _into(services: Services, call: Call, *options: str) -> list[Finding]:
    targets = call.parsed.values(*options) or [Word(".")]
    return [found for word in targets for found in services.paths.written(word, call.context, into=True)]


def check_gzip(services: Services, call: Call) -> list[Finding]:
    """gzip replaces its operands, unless it prints."""
    if call.parsed.given("-c", "--stdout", "--to-stdout", "-l", "-t", "--list", "--test"):
        return []
    return [found for word in call.parsed.operands for found in services.paths.written(word, call.context)]
