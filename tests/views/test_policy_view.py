"""What `policy show` prints."""

from __future__ import annotations

from orchestrator.views.policy import policy_view
from policies.explain import policy_json
from policies.loader import load_policy
from policies.policy import Policy
from tests.views.screen import PIPE, TALL, shown

POLICY = """\
version: 1
extends: standard
default: deny
commands:
  - allow: [make, "npm run build|test"]
    unless: [--eval]
    roles: [editor]
    why: building is trusted
  - deny: make deploy
    why: only people deploy
    instead: say that it is ready
network: {allow: [packages.example.com:443]}
changes:
  - ask: [pyproject.toml, "**/*.lock"]
    roles: [editor]
  - max: {files: 60, lines: 2000}
"""


def own_policy() -> Policy:
    """A repository's policy over the preset."""
    return load_policy(".mimo/policy.yaml", reader=lambda _: POLICY.encode())


def test_every_rule_stands_with_its_place() -> None:
    """Layers nearest first; each rule with file and line, verdict, what voids it, whom it is for, why, and instead."""
    text = shown(policy_view(policy_json(own_policy())), PIPE)
    for expected in (
        "what no rule matches: deny",
        "network: packages.example.com:443",
        "layers: .mimo/policy.yaml, then standard; a deny in any of them wins",
        "  commands for editor: building is trusted",
        "  .mimo/policy.yaml:5  allow  make unless --eval",
        "  .mimo/policy.yaml:5  allow  npm run build|test unless --eval",
        "  commands: only people deploy; instead: say that it is ready",
        "  .mimo/policy.yaml:9  deny  make deploy",
        "  .mimo/policy.yaml:14  ask  pyproject.toml, **/*.lock",
        "  .mimo/policy.yaml:16  ask  more than 60 files or 2000 lines",
        "  standard:63  allow  /workspace/**, /tmp/**",
    ):
        assert expected in text
    assert text.index(".mimo/policy.yaml:5") < text.index("standard:7 ")


def test_a_pattern_wraps_between_its_alternatives() -> None:
    """On 80 columns no name of a program is broken, and none is lost."""
    shown_lines = shown(policy_view(policy_json(load_policy("standard"))), TALL)
    assert max(map(len, shown_lines.splitlines())) <= 80
    wrapped = "|\n                     "
    assert wrapped in shown_lines
    whole = shown(policy_view(policy_json(load_policy("standard"))), PIPE)
    assert "curl|wget|nc|ncat|netcat|socat|ssh|scp|sftp|rsync|telnet|ftp|tftp|dig|nslookup|host|ping|nmap|" in whole
    names = {name for line in shown_lines.split("\n") for name in line.split()[-1:] for name in name.split("|")}
    assert {"nslookup", "openssl", "strings"} <= names
