"""What programs do that transform text: their scripts, and the files that they write beside their output."""

from __future__ import annotations

from policies.engine.call import Call, Services
from policies.engine.inline import awk_fault, jq_fault, sed_fault
from policies.engine.saying import asked, denied
from policies.rules import Finding, fixed
from policies.shell.words import UNKNOWN, Word
from policies.verdict import Verdict


def check_sed(services: Services, call: Call) -> list[Finding]:
    """A script of sed may run programs; with `-i` it writes its operands."""
    parsed = call.parsed
    given = parsed.values("-e", "--expression")
    scripts, files = (given, parsed.operands) if given else (parsed.operands[:1], parsed.operands[1:])
    fault = sed_fault("\n".join(word.text for word in scripts if UNKNOWN not in word.text))
    findings = [fixed(Verdict(fault[0]), "sed", fault[1])] if fault else []
    if not parsed.given("-i", "--in-place"):
        return findings
    if any("/" in suffix.text for suffix in parsed.values("-i", "--in-place")):
        findings += denied("sed -i", "a suffix with a slash keeps the old text in another directory")
    return findings + [found for word in files for found in services.paths.written(word, call.context)]


def check_awk(_: Services, call: Call) -> list[Finding]:
    """A program of awk may run others, and write files."""
    fault = next((found for word in call.parsed.operands[:1] if (found := awk_fault(word.text))), None)
    return [fixed(Verdict(fault[0]), "awk", fault[1])] if fault else []


def check_jq(_: Services, call: Call) -> list[Finding]:
    """A program of jq may show the environment, or take in other files."""
    filters = [] if call.parsed.given("-f", "--from-file") else call.parsed.operands[:1]
    fault = next((found for word in filters if (found := jq_fault(word.text))), None)
    return asked("jq", fault) if fault else []


def check_split(services: Services, call: Call) -> list[Finding]:
    """`split` writes files whose names begin with its second operand."""
    prefix = call.parsed.operands[1] if len(call.parsed.operands) > 1 else Word("x")
    return services.paths.written(Word(f"{prefix.text}*", prefix.known, glob=True), call.context)


def check_csplit(services: Services, call: Call) -> list[Finding]:
    """`csplit` writes files named by a prefix and a format."""
    prefix = (call.parsed.values("-f", "--prefix") or [Word("xx")])[-1]
    return services.paths.written(Word(f"{prefix.text}*", prefix.known, glob=True), call.context)
