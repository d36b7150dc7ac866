"""Decisions and policies as plain data, for `--json` and for views; nothing in it can steer a terminal."""

from __future__ import annotations

from typing import Any

from policies.layer import Layer
from policies.policy import Policy
from policies.printable import printable
from policies.verdict import Decision, Placed, Verdict


def decision_json(decision: Decision) -> dict[str, Any]:
    """A decision with its parts in their order.

    `{"verdict", "parts": [{"text", "verdict", "rule", "file", "line", "why", "instead", "within", "under", "piped"}]}`
    """
    return {"verdict": decision.verdict.value, "parts": [_placed(placed) for placed in decision.outline]}


def _placed(placed: Placed) -> dict[str, Any]:
    part = placed.part
    return {
        "text": printable(part.text),
        "verdict": part.verdict.value,
        "rule": printable(part.rule),
        "file": printable(part.file),
        "line": part.line,
        "why": printable(part.why),
        "instead": printable(part.instead) if part.instead is not None else None,
        "within": placed.within,
        "under": [printable(head) for head in placed.under],
        "piped": placed.piped,
    }


def policy_json(policy: Policy, *, role: str | None = None) -> dict[str, Any]:
    """A policy as its hash, its default, and each layer's rules with their lines; only one role's rules if asked."""
    return {
        "hash": policy.hash,
        "default": policy.book.default.value,
        "network": list(policy.network),
        "layers": [_layer(layer, role) for layer in policy.compiled],
    }


def _layer(layer: Layer, role: str | None) -> dict[str, Any]:
    rules = {id(rule): rule for listed in [*layer.rules.values(), layer.wild_rules] for rule in listed}
    shown = sorted(rules.values(), key=lambda rule: rule.line)
    return {
        "name": printable(layer.name),
        "commands": [
            {
                "verdict": rule.verdict.value,
                "pattern": printable(rule.pattern.text),
                "unless": list(rule.unless),
                "roles": sorted(rule.roles) if rule.roles is not None else None,
                "line": rule.line,
                "why": printable(rule.why),
                "instead": printable(rule.instead) if rule.instead is not None else None,
            }
            for rule in shown
            if role is None or rule.roles is None or role in rule.roles
        ],
        "globs": [
            {"section": section, "verdict": verdict.value, "glob": printable(rule.name), "line": rule.line}
            for (section, verdict), listed in layer.globs.items()
            for _, rule in listed
        ],
        "changes": [
            {**rule.model_dump(exclude_none=True), "line": layer.document.value_place(("changes", at)).line}
            for at, rule in enumerate(layer.file.changes)
            if role is None or rule.roles is None or role in rule.roles
        ],
    }


def looser_than_standard(policy: Policy, standard: Policy) -> tuple[str, ...]:
    """What a policy's layers allow that `standard` does not, a line for each, with its place."""
    names = set(policy.layers)
    base = set(standard.layers)
    missing = (
        () if base <= names else (f"{printable(next(iter(names)))} does not extend standard: its denials are gone",)
    )
    own = [layer for layer in policy.compiled if layer.name not in base]
    return (*missing, *(line for layer in own for line in _loosened(layer, standard)))


def _loosened(layer: Layer, standard: Policy) -> list[str]:
    lines = [
        f"{rule.name} ({layer.name}:{rule.line})"
        for rule in layer.rules_for(list(layer.rules))
        if rule.verdict is Verdict.ALLOW and _example_refused(rule.pattern.text, standard)
    ]
    for (section, verdict), globs in layer.globs.items():
        known = {rule.name for theirs in standard.compiled for _, rule in theirs.globs[section, verdict]}
        if verdict is Verdict.ALLOW:
            lines += [f"{rule.name} ({layer.name}:{rule.line})" for _, rule in globs if rule.name not in known]
    lines += [f"network allow: {host} ({layer.name})" for host in layer.file.network.allow]
    return [printable(line) for line in dict.fromkeys(lines)]


def _example_refused(pattern: str, standard: Policy) -> bool:
    """Whether the plainest command of a pattern would not simply run under `standard`."""
    words = [word.partition("|")[0].replace("*", "x") or word for word in pattern.removesuffix(" $").split()]
    return standard.judge_command(" ".join(words), role="editor").verdict is not Verdict.ALLOW
