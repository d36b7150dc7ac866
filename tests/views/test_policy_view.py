"""What `policy show` prints."""

from __future__ import annotations

import re
from functools import cache

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
    unless: ["**/*.lock"]
  - binary: deny
  - modes: ask
  - symlinks: ask
  - tests: ask
  - licence: deny
paths: {write: {allow: [/workspace/.git/x, src/*], deny: [tools/**]}}
"""


@cache
def own_policy() -> Policy:
    """A repository's policy over the preset."""
    return load_policy(".mimo/policy.yaml", reader=lambda _: POLICY.encode())


def page(policy: Policy, program: str | None = None) -> str:
    """What is printed through a pipe; the lines of the preset, which are its own affair, as `N`."""
    text = shown(policy_view(policy_json(policy, program=program), program=program), PIPE)
    return re.sub(r"standard:\d+", "standard:N", text)


def test_every_rule_stands_with_its_place() -> None:
    """Each rule with file and line, verdict, what voids it, whom it is for, why, and instead."""
    text = page(own_policy())
    for expected in (
        "layers: .mimo/policy.yaml, then standard\n",
        "  for editor; building is trusted\n",
        "  .mimo/policy.yaml:5  allow  make unless --eval\n",
        "  .mimo/policy.yaml:5  allow  npm run build|test unless --eval\n",
        "  only people deploy; instead: say that it is ready\n",
        "  .mimo/policy.yaml:9  deny  make deploy\n",
        "  .mimo/policy.yaml:3  deny\n",
        "  .mimo/policy.yaml:14  ask  pyproject.toml, **/*.lock\n",
        "  .mimo/policy.yaml:16  ask  more than 60 files or 2000 lines unless **/*.lock\n",
        "  .mimo/policy.yaml:18  deny  binary\n",
        "  .mimo/policy.yaml:20  ask  symlinks\n",
        "  packages.example.com:443\n",
    ):
        assert expected in text


def test_what_a_layer_inherits_is_said() -> None:
    """Where it is not everything, beside the layer's name."""
    texts = {"own": "version: 1\ninherit: restrictions\n", "far": "version: 1\n"}
    assert page(Policy.from_layers(texts)).startswith("layers: own (inherits restrictions), then far\n")


def test_rules_stand_in_the_order_in_which_they_decide() -> None:
    """A deny of any layer first, then the nearest layer, then what it extends, then the default."""
    text = page(own_policy())
    titles = [line for line in text.splitlines() if line.startswith("Commands")]
    assert titles == [
        "Commands, denied by any layer",
        "Commands, then by .mimo/policy.yaml",
        "Commands, then by standard",
        "Commands, by no rule",
    ]
    places = ["yaml:9  deny", "standard:N  deny", "yaml:5  allow", "standard:N  allow", "yaml:3  deny"]
    assert sorted(places, key=text.index) == places
    [section] = [part for part in text.split("\n\n") if part.startswith("Paths that a command may write")]
    assert [line.split()[:2] for line in section.splitlines()[1:]] == [
        [".mimo/policy.yaml:23", "deny"],
        ["standard:N", "deny"],
        [".mimo/policy.yaml:23", "allow"],
        [".mimo/policy.yaml:23", "allow"],
        ["standard:N", "allow"],
        ["by", "no"],
    ]


def test_warnings_stand_first_and_at_the_rule() -> None:
    """What never decides is named before all rules, and marked where it stands."""
    text = page(own_policy())
    assert text.index("warning: ") < text.index("Commands, denied")
    never = "it never decides, since this goes first: paths.write deny: **/.git/** (standard:N)"
    assert f"warning: .mimo/policy.yaml:23: paths.write allow: /workspace/.git/x\n         {never}\n" in text
    assert "/workspace/.git/x [never decides: paths.write deny: **/.git/** (standard:N)]\n" in text
    assert "warning" not in page(load_policy("standard"))


def test_the_rules_of_a_program_can_be_had_alone() -> None:
    """All that may match its commands and nothing else, in the same order."""
    text = page(own_policy(), "make")
    rows = [line.strip() for line in text.splitlines() if ":" in line and line.startswith("  .")]
    assert rows == [
        ".mimo/policy.yaml:9  deny  make deploy",
        ".mimo/policy.yaml:5  allow  make unless --eval",
        ".mimo/policy.yaml:3  deny",
    ]
    assert "Commands of make, denied by any layer" in text
    assert "warning" not in text
    assert "Paths" not in text
    assert "  none\n" in page(own_policy(), "frob")


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
