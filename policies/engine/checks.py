"""What single programs do that data alone does not say, and the table from the catalogue's `check` to the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from policies.engine import gitcheck, interpreters, wrappers
from policies.engine.call import Call, Services
from policies.engine.inline import awk_fault, sed_fault
from policies.engine.pathjudge import is_workspace_path
from policies.engine.wrappers import SelfJudged
from policies.paths import resolve
from policies.rules import Finding, fixed
from policies.shell.words import UNKNOWN, Word
from policies.verdict import Verdict

Check = Callable[[Services, Call], list[Finding]]

MAX_SLEEP_SECONDS = 60

_MODE = re.compile(r"(?:[ugoa]*[-+=][rwxX]*,?)+|0?[0-7]{1,3}")
_SPECIAL_MODE = re.compile(r".*[-+=,ugoa][rwxX]*[st].*|0*[1-7][0-7]{3}")
_SET_FLAGS = re.compile(r"[-+][euxv]*o?")
_SET_NAMES = frozenset({"pipefail", "errexit", "nounset", "xtrace", "verbose"})
_SECONDS = re.compile(r"(\d+(?:\.\d*)?)([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VENV = re.compile(r"(?:\./)?\.?venv/bin/activate")


def _deny(rule: str, why: str) -> list[Finding]:
    return [fixed(Verdict.DENY, rule, why)]


def _ask(rule: str, why: str) -> list[Finding]:
    return [fixed(Verdict.ASK, rule, why)]


def _sed(services: Services, call: Call) -> list[Finding]:
    scripts = call.parsed.values("-e", "--expression") or call.parsed.operands[:1]
    fault = sed_fault("\n".join(word.text for word in scripts if UNKNOWN not in word.text))
    findings = [fixed(Verdict(fault[0]), "sed", fault[1])] if fault else []
    if call.parsed.given("-i", "--in-place"):
        given = call.parsed.given("-e", "--expression")
        for word in call.parsed.operands[0 if given else 1 :]:
            findings += services.paths.written(word, call.context)
    return findings


def _awk(_: Services, call: Call) -> list[Finding]:
    for word in call.parsed.operands[:1]:
        if (why := awk_fault(word.text)) is not None:
            return _deny("awk", why)
    return []


def _chmod(_: Services, call: Call) -> list[Finding]:
    for mode in call.parsed.operands[:1]:
        if _SPECIAL_MODE.fullmatch(mode.text):
            return _deny("chmod", f"the mode {mode.text} sets setuid, setgid or sticky")
        if not _MODE.fullmatch(mode.text):
            return _ask("chmod", f"the mode {mode.text} is not understood")
    # A mode such as -x looks like an option to the catalogue, and is none.
    return []


def _install(_: Services, call: Call) -> list[Finding]:
    modes = call.parsed.values("-m", "--mode")
    return _deny("install", "it sets setuid or setgid") if any(_SPECIAL_MODE.fullmatch(m.text) for m in modes) else []


def _ln(services: Services, call: Call) -> list[Finding]:
    *targets, link = call.parsed.operands if len(call.parsed.operands) > 1 else [*call.parsed.operands, Word(".")]
    links = call.parsed.values("-t", "--target-directory") or [link]
    targets = call.parsed.operands if call.parsed.given("-t", "--target-directory") else targets
    findings = [found for word in links for found in services.paths.written(word, call.context, into=True)]
    for word in [*targets, *links]:
        if not word.static:
            return [*findings, *_ask("ln", "where a link leads can't be known before it runs")]
        for cwd in call.context.cwds:
            if not _link_stays(word, links[0], cwd, symbolic=call.parsed.given("-s", "--symbolic")):
                return _deny("ln", f"a link to or at {word.text!r} leads outside of the workspace")
    return findings


def _link_stays(word: Word, link: Word, cwd: str | None, *, symbolic: bool) -> bool:
    path = resolve(word.text, cwd)
    if not is_workspace_path(path):
        return False
    if symbolic and not word.text.startswith("/") and word is not link:
        # A relative target is read from the link's place: from its parent, or from itself where it is a directory.
        place = resolve(link.text, cwd)
        parent = resolve("..", place)
        return all(base is not None and is_workspace_path(resolve(word.text, base)) for base in (parent, cwd))
    return True


def _sleep(_: Services, call: Call) -> list[Finding]:
    total = 0.0
    for word in call.parsed.operands:
        found = _SECONDS.fullmatch(word.text)
        if found is None:
            return _ask("sleep", "how long it sleeps can't be known")
        total += float(found[1]) * _UNITS[found[2]]
    return _ask("sleep", f"it sleeps longer than {MAX_SLEEP_SECONDS} seconds") if total > MAX_SLEEP_SECONDS else []


def _date(_: Services, call: Call) -> list[Finding]:
    if any(not word.text.startswith("+") for word in call.parsed.operands):
        return _deny("date", "it sets the clock")
    return []


def _set(_: Services, call: Call) -> list[Finding]:
    words = call.words[1:]
    if not words:
        return _ask("set", "it shows all variables")
    named = False
    for word in words:
        if named and word.text in _SET_NAMES:
            named = False
        elif not named and _SET_FLAGS.fullmatch(word.text) and len(word.text) > 1:
            named = word.text.endswith("o")
        else:
            operand = word.text == "--" or not word.text.startswith(("-", "+"))
            return (_ask if operand and not named else _deny)(
                "set", f"{word.text!r} changes how the shell reads what follows"
            )
    return _ask("set", "it shows the shell's options") if named else []


def _read(services: Services, call: Call) -> list[Finding]:
    names = [*call.parsed.operands, *call.parsed.values("-a")]
    return _named(services, call, names)


def _named(services: Services, call: Call, names: list[Word]) -> list[Finding]:
    """Variables that a builtin sets by name: judged as if assigned."""
    findings: list[Finding] = []
    for word in names:
        plain = word.static and _PLAIN_NAME.fullmatch(word.text)
        findings += services.variable(word.text if plain else "", (), call.context)
    return findings


def _printf(services: Services, call: Call) -> list[Finding]:
    return _named(services, call, call.parsed.values("-v"))


def _test(_: Services, call: Call) -> list[Finding]:
    words = call.words[1:]
    for option, name in pairwise(words):
        if option.text in ("-v", "-R") and not _PLAIN_NAME.fullmatch(name.text):
            return _deny("test -v", "a subscript in a variable's name is evaluated")
    return []


def _declare(_: Services, call: Call) -> list[Finding]:
    if call.parsed.given("-p", "-f", "-F") or not call.parsed.operands:
        return _ask(call.name, "it shows variables or functions")
    for name in ("-i", "-n"):
        if call.parsed.given(name):
            return _ask(f"{call.name} {name}", "it changes what later assignments and uses of the name do")
    return []


def _source(_: Services, call: Call) -> list[Finding]:
    script = call.parsed.operands[0].text if call.parsed.operands else ""
    if len(call.parsed.operands) == 1 and _VENV.fullmatch(script):
        return _ask("source", "it changes which programs run")
    return _deny("source", "code of a file runs in this shell, which can't be judged")


def _tar(services: Services, call: Call) -> list[Finding]:
    parsed = call.parsed
    context = call.context
    findings: list[Finding] = []
    for directory in parsed.values("-C", "--directory"):
        moved = frozenset(resolve(directory.text, cwd) if directory.static else None for cwd in context.cwds)
        context = replace(context, cwds=moved)
    archives = parsed.values("-f", "--file")
    if any(":" in word.text for word in archives):
        findings += _deny("tar", "an archive on another host")
    if parsed.given("-x", "--extract", "--get"):
        findings += services.paths.written(Word("."), context, into=True)
    elif parsed.given("-c", "-r", "-u", "-A", "--create", "--append", "--update", "--delete"):
        findings += [found for word in archives for found in services.paths.written(word, call.context)]
    elif not parsed.given("-t", "--list", "-d", "--diff", "--help", "--version"):
        findings += _ask("tar", "what it does is not clear")
    return findings


def _into_here(services: Services, call: Call) -> list[Finding]:
    """unzip and patch: they write below the current directory, or the one that `-d` names."""
    if call.parsed.given("-l", "-t", "-p", "-Z", "-v", "--dry-run"):
        return []
    targets = call.parsed.values("-d", "--directory") or [Word(".")]
    return [found for word in targets for found in services.paths.written(word, call.context, into=True)]


def _gzip(services: Services, call: Call) -> list[Finding]:
    if call.parsed.given("-c", "--stdout", "-l", "-t", "--list", "--test"):
        return []
    return [found for word in call.parsed.operands for found in services.paths.written(word, call.context)]


def _copied(services: Services, call: Call) -> list[Finding]:
    """cp and mv: what lands in a directory keeps its name, so that .git could be made by copying one."""
    parsed = call.parsed
    named = parsed.values("-t", "--target-directory")
    sources = parsed.operands if named else parsed.operands[:-1]
    target = named[-1] if named else parsed.operands[-1] if parsed.operands else None
    if named and call.name == "mv":
        return [found for word in parsed.operands for found in services.paths.written(word, call.context)]
    findings: list[Finding] = []
    for word in sources:
        name = word.text.rstrip("/").rpartition("/")[2]
        if name.lower() == ".git" and target is not None:
            landed = Word(f"{target.text}/{name}", target.known)
            findings += services.paths.written(landed, call.context)
    return findings


def _coverage_run(services: Services, call: Call) -> list[Finding]:
    """`coverage run -m pytest`: the module is what runs."""
    if not call.parsed.given("-m", "--module"):
        return _ask("coverage run", "it runs a script")
    words = (Word("python"), Word("-m"), *call.parsed.operands)
    return services.command(words, call.context, call.depth + 1)


def _pytest(services: Services, call: Call) -> list[Finding]:
    outside = [
        word.text
        for word in call.parsed.values("--rootdir")
        for cwd in call.context.cwds
        if not is_workspace_path(resolve(word.text, cwd))
    ]
    findings = _ask("pytest --rootdir", f"{outside[0]} lies outside of the workspace") if outside else []
    for plugin in call.parsed.values("-p"):
        if not plugin.text.startswith("no:"):
            findings += _ask("pytest -p", f"it loads the plugin {plugin.text!r}")
    for report in call.parsed.values("--cov-report"):
        if ":" in report.text:
            path = Word(report.text.partition(":")[2], report.known)
            findings += services.paths.written(path, call.context)
    return findings


def _split(services: Services, call: Call) -> list[Finding]:
    prefix = call.parsed.operands[1] if len(call.parsed.operands) > 1 else Word("xaa")
    return services.paths.written(prefix, call.context)


CHECKS: Mapping[str, Check] = {
    "awk": _awk,
    "chmod": _chmod,
    "copied": _copied,
    "coverage_run": _coverage_run,
    "date": _date,
    "declare": _declare,
    "gzip": _gzip,
    "install": _install,
    "into_here": _into_here,
    "ln": _ln,
    "printf": _printf,
    "pytest": _pytest,
    "read": _read,
    "sed": _sed,
    "set": _set,
    "sleep": _sleep,
    "source": _source,
    "split": _split,
    "tar": _tar,
    "test": _test,
    "git": gitcheck.check_git,
    "git_commit": gitcheck.check_commit,
    "git_branch": gitcheck.check_branch,
}

SELF_JUDGED: Mapping[str, SelfJudged] = {
    "command": wrappers.command,
    "env": wrappers.env,
    "interpreter": interpreters.interpreter,
    "python": interpreters.python,
    "shell": interpreters.shell,
    "wrapper": wrappers.wrapper,
    "xargs": wrappers.xargs,
}
