"""What runners of tests do beyond their options."""

from __future__ import annotations

from policies.engine.call import Call, Services
from policies.engine.pathjudge import is_workspace_path
from policies.engine.saying import asked
from policies.paths import resolve
from policies.rules import Finding
from policies.shell.words import Word

_ONLY_LOOKS = ("--check", "--diff", "--check-only", "-c", "-d", "--stdout", "--code", "--version", "--help", "-h", "-V")
_FIXERS = frozenset({"ruff check"})
_FIXES = ("--fix", "--fix-only", "--add-noqa")


def check_coverage_run(services: Services, call: Call) -> list[Finding]:
    """`coverage run -m pytest`: the module is what runs."""
    if not call.parsed.given("-m", "--module"):
        return asked("coverage run", "it runs a script")
    words = (Word("python"), Word("-m"), *call.parsed.operands)
    return check_here(services, call) + services.command(words, call.context, call.depth + 1)


def check_here(services: Services, call: Call) -> list[Finding]:
    """It keeps a cache or a record in the current directory."""
    return services.paths.kept(call.context)


def check_formats(services: Services, call: Call) -> list[Finding]:
    """A formatter or fixer rewrites what it is given, or all that lies here, unless it only looks."""
    files = call.parsed.operands or [Word(".")]
    if call.parsed.given(*_ONLY_LOOKS) or (call.program.name in _FIXERS and not call.parsed.given(*_FIXES)):
        return [found for word in files for found in services.paths.read(word, call.context)]
    return [found for word in files for found in services.paths.written(word, call.context, into=True)]


def check_pytest(services: Services, call: Call) -> list[Finding]:
    """pytest loads plugins, and finds its settings in a root; a report may name its file."""
    findings = check_here(services, call)
    for root in call.parsed.values("--rootdir"):
        if not all(is_workspace_path(resolve(root.text, cwd)) for cwd in call.context.cwds):
            findings += asked("pytest --rootdir", f"{root.text} lies outside of the workspace")
    for plugin in call.parsed.values("-p"):
        if not plugin.text.startswith("no:"):
            findings += asked("pytest -p", f"it loads the plugin {plugin.text!r}")
    for report in call.parsed.values("--cov-report"):
        if ":" in report.text:
            path = Word(report.text.partition(":")[2], report.known)
            findings += services.paths.written(path, call.context)
    return findings


def check_compiled(services: Services, call: Call) -> list[Finding]:
    """What is compiled lands beside its source; without a name, beside all that python can import."""
    if not call.parsed.operands or any(word.text == "-" for word in call.parsed.operands):
        return asked(call.program.name, "what it compiles, and where that lands, is not named")
    return [found for word in call.parsed.operands for found in services.paths.written(word, call.context, into=True)]
