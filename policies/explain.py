"""Decisions and policies as plain data, for `--json` and for views; nothing in it can steer a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.layer import Layer, Rule
from policies.overruled import By, overruled
from policies.policy import Policy
from policies.printable import printable
from policies.remarks import remarks
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


def policy_json(policy: Policy, *, role: str | None = None, program: str | None = None) -> dict[str, Any]:
    """A policy as its hash, its default, what is odd about it, and each layer's rules with their lines.

    Of a role only its rules, of a program only the rules that are about it.
    """
    by = {id(found.rule): found.by for found in overruled(policy) if not found.names}
    shown = {
        layer.name: [
            rule
            for rule in layer.each_rule()
            if (role is None or rule.roles is None or role in rule.roles)
            and (program is None or rule.pattern.names_program((program,)))
        ]
        for layer in policy.compiled
    }
    about = {(rule.file, rule.line, rule.name) for rules in shown.values() for rule in rules}
    return {
        "hash": policy.hash,
        "default": policy.book.default.value,
        "default_file": printable(policy.book.default_file),
        "default_line": policy.book.default_line,
        "network": list(policy.network),
        "warnings": [
            remark.as_json()
            for remark in remarks(policy)
            if program is None or (remark.file, remark.line, remark.rule) in about
        ],
        "layers": [
            {
                "name": printable(layer.name),
                "inherit": layer.file.inherit,
                "commands": [_command(rule, by.get(id(rule))) for rule in shown[layer.name]],
                "globs": _globs(layer, by) if program is None else [],
                "changes": _changes(layer, role) if program is None else [],
            }
            for layer in policy.compiled
        ],
    }


def _command(rule: Rule, by: By | None) -> dict[str, Any]:
    return {
        "verdict": rule.verdict.value,
        "pattern": printable(rule.pattern.text),
        "unless": list(rule.unless),
        "roles": sorted(rule.roles) if rule.roles is not None else None,
        "line": rule.line,
        "why": printable(rule.why),
        "instead": printable(rule.instead) if rule.instead is not None else None,
        "overruled": _by(by),
    }


def _globs(layer: Layer, by: Mapping[int, By]) -> list[dict[str, Any]]:
    return [
        {
            "section": section,
            "verdict": verdict.value,
            "glob": printable(rule.name),
            "line": rule.line,
            "overruled": _by(by.get(id(rule))),
        }
        for (section, verdict), listed in layer.globs.items()
        for _, rule in listed
    ]


def _by(by: By | None) -> str | None:
    if by is None:
        return None
    return printable(f"{by.rule} ({by.file}:{by.line})" if by.line else by.rule)


def _changes(layer: Layer, role: str | None) -> list[dict[str, Any]]:
    return [
        {**rule.model_dump(exclude_none=True), "line": layer.document.value_place(("changes", at)).line}
        for at, rule in enumerate(layer.file.changes)
        if role is None or rule.roles is None or role in rule.roles
    ]


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
