"""What archives and patches do: which files they take in, and where they unpack."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from policies.engine.call import Call, Services
from policies.engine.saying import asked, denied
from policies.paths import resolve
from policies.rules import Finding
from policies.shell.items import Context
from policies.shell.words import Word

_PATCH_WRITES = (
    "-o", "--output", "-r", "--reject-file", "-B", "--prefix", "-Y", "--basename-prefix",
)  # fmt: skip


def check_tar(services: Services, call: Call) -> list[Finding]:
    """tar reads its operands, or unpacks, below the directory of `-C`."""
    parsed = call.parsed
    archives = parsed.values("-f", "--file")
    findings, places = _moved(services, call)
    if any(":" in word.text for word in archives):
        findings += denied("tar", "an archive on another host")
    if parsed.given("-x", "--extract", "--get"):
        findings += [found for place in places for found in services.paths.written(Word("."), place, into=True)]
    elif parsed.given("-c", "-r", "-u", "-A", "--create", "--append", "--update", "--delete"):
        findings += [found for word in archives for found in services.paths.written(word, call.context)]
        for word, place in product(parsed.operands, places):
            findings += services.paths.mentioned(word, place) + services.paths.read(word, place)
    elif not parsed.given("-t", "--list", "-d", "--diff", "--help", "--version"):
        findings += asked("tar", "what it does is not clear")
    return findings


def _moved(services: Services, call: Call) -> tuple[list[Finding], list[Context]]:
    """Where tar is while it goes through its arguments: each `-C` holds for what stands behind it."""
    findings: list[Finding] = []
    places = [call.context]
    for directory in call.parsed.values("-C", "--directory"):
        findings += services.paths.read(directory, places[-1])
        places.append(inside(directory, places[-1]))
    return findings, places if call.parsed.operands else places[-1:]


def inside(directory: Word, context: Context) -> Context:
    """The surroundings of what runs in a directory that is named."""
    cwds = frozenset(resolve(directory.text, cwd) if directory.static else None for cwd in context.cwds)
    return replace(context, cwds=cwds)


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
    named = parsed.operands[:1] + parsed.values(*_PATCH_WRITES)
    for directory in parsed.values("-d", "--directory"):
        findings += [found for word in named for found in services.paths.written(word, inside(directory, call.context))]
    return findings


def _into(services: Services, call: Call, *options: str) -> list[Finding]:
    targets = call.parsed.values(*options) or [Word(".")]
    return [found for word in targets for found in services.paths.written(word, call.context, into=True)]


def check_gzip(services: Services, call: Call) -> list[Finding]:
    """gzip replaces its operands, unless it prints."""
    if call.parsed.given("-c", "--stdout", "--to-stdout", "-l", "-t", "--list", "--test"):
        return []
    return [found for word in call.parsed.operands for found in services.paths.written(word, call.context)]
