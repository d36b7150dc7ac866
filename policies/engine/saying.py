"""Short words for the findings of checks: each is a list, as most checks return one."""

from __future__ import annotations

from policies.rules import Finding, fixed
from policies.verdict import Verdict


def denied(rule: str, why: str) -> list[Finding]:
    """A refusal, in every policy."""
    return [fixed(Verdict.DENY, rule, why)]


def asked(rule: str, why: str) -> list[Finding]:
    """A question, in every policy."""
    return [fixed(Verdict.ASK, rule, why)]
