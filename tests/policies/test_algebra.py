"""How layers, roles and exceptions combine into one verdict."""

from __future__ import annotations

import pytest

from policies.verdict import Verdict
from tests.policies.judging import judged, policy_of, verdict

ALLOW, ASK, DENY = Verdict.ALLOW, Verdict.ASK, Verdict.DENY


def test_the_default_is_ask_or_what_the_nearest_layer_says() -> None:
    """A command without a rule gets the default, and the decision says where that stands."""
    assert verdict("frob", policy=policy_of("")) is ASK
    part = judged("frob", policy=policy_of("default: deny", "default: ask")).deciding
    assert (part.verdict, part.rule, part.file, part.line) == (DENY, "default: deny", "layer0", 2)


def test_a_deny_in_any_layer_wins() -> None:
    """Neither a nearer allow nor an allow beside it lifts a deny."""
    allow, deny = "commands: [{allow: frob}]", "commands: [{deny: frob}]"
    assert verdict("frob", policy=policy_of(allow, deny)) is DENY
    assert verdict("frob", policy=policy_of(deny, allow)) is DENY
    assert verdict("frob", policy=policy_of("commands: [{allow: frob}, {deny: frob}]")) is DENY


def test_the_nearest_matching_layer_decides_between_ask_and_allow() -> None:
    """A nearer rule stands before a farther one; within a layer ask goes before allow."""
    allow, ask = "commands: [{allow: frob}]", "commands: [{ask: frob}]"
    assert verdict("frob", policy=policy_of(allow, ask)) is ALLOW
    assert verdict("frob", policy=policy_of(ask, allow)) is ASK
    assert verdict("frob", policy=policy_of("commands: [{allow: frob}, {ask: frob}]")) is ASK


def test_a_rule_for_some_roles_is_none_for_others() -> None:
    """`roles` limits a rule to these roles."""
    policy = policy_of("commands: [{allow: frob, roles: [tester]}]")
    assert verdict("frob", policy=policy, role="tester") is ALLOW
    assert verdict("frob", policy=policy, role="editor") is ASK


@pytest.mark.parametrize(
    "command", ["frob --force", "frob x --force=1", "frob --for", "frob -xf", "frob -f", "frob $X", "env frob -f"]
)
def test_unless_voids_an_allow_however_the_option_is_written(command: str) -> None:
    """An option named by `unless` voids the rule when abbreviated, with a value, in a cluster, or possibly there."""
    policy = policy_of("commands: [{allow: frob, unless: ['--force*', -f]}]")
    assert verdict("frob x", policy=policy) is ALLOW
    assert verdict(command, policy=policy) is ASK


def test_unless_lifts_its_own_deny_only_when_surely_there() -> None:
    """A deny with an exception yields to exactly that argument."""
    policy = policy_of("commands: [{allow: frob}, {deny: frob, unless: [--dry-run]}]")
    assert verdict("frob --dry-run", policy=policy) is ALLOW
    assert verdict("frob --dry", policy=policy) is DENY
    assert verdict("frob $X", policy=policy) is DENY


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("frob", ["frob", "frob a b", "/usr/bin/frob", "fr''ob"], ["./frob", "frobs", "/tmp/frob", "Frob"]),
        ("frob a|b", ["frob a", "frob b c"], ["frob", "frob c"]),
        ("frob * x", ["frob 1 x", "frob 2 x y"], ["frob x", "frob 1 2 x"]),
        ("frob a $", ["frob a"], ["frob a b"]),
        ("frob --out*", ["frob --output=x"], ["frob x"]),
        ("./tool", ["./tool x", "/workspace/tool"], ["tool", "sub/tool"]),
    ],
)
def test_patterns_match_words(pattern: str, yes: list[str], no: list[str]) -> None:
    """Literals, alternatives, wildcards and the closing `$` match words; a bare name means a system program."""
    policy = policy_of(f"commands: [{{allow: '{pattern}'}}]")
    for command in yes:
        assert verdict(command, policy=policy) is ALLOW, command
    for command in no:
        assert verdict(command, policy=policy) is not ALLOW, command


@pytest.mark.parametrize("command", ["git -C src frob", "git --no-pager frob x", "git frob", "git -P -C . frob"])
def test_a_subcommand_is_found_behind_global_options(command: str) -> None:
    """A rule on `git frob` holds however git is called."""
    assert verdict(command, policy=policy_of("commands: [{deny: git frob}]")) is DENY


@pytest.mark.parametrize("command", ["frob x --hard", "frob --hard x", "frob x -v --hard", "frob x --har"])
def test_an_option_in_a_restricting_pattern_may_stand_anywhere(command: str) -> None:
    """A deny with an option can't be passed by moving or shortening the option."""
    policy = policy_of("commands: [{deny: frob x --hard}, {allow: frob}]")
    assert verdict(command, policy=policy) is DENY
    assert verdict("frob x", policy=policy) is ALLOW


def test_paths_and_names_follow_the_same_algebra() -> None:
    """Writing needs an allow and no deny; a variable's name needs no deny."""
    policy = policy_of(
        "commands: [{allow: [cp, frob]}]\nenv: {ask: [A_*]}\n"
        "paths: {write: {allow: [/workspace/out/**], deny: ['**/*.lock']}}\n"
    )
    assert verdict("cp a out/b", policy=policy) is ALLOW
    assert verdict("cp a b", policy=policy) is DENY
    assert verdict("cp a out/x.lock", policy=policy) is DENY
    assert verdict("A_B=1 frob", policy=policy) is ASK
    assert verdict("B=1 frob", policy=policy) is ALLOW


def test_a_users_layer_over_standard_is_tightened_by_it() -> None:
    """What standard denies stays denied under a user's allow, and what it asks may be allowed."""
    from tests.policies.judging import standard

    own = "version: 1\ncommands: [{allow: [curl, make, 'git push']}]\npaths: {write: {allow: [/**]}}"
    policy = type(standard()).from_layers({"own": own, **standard().layers})
    assert verdict("make", policy=policy) is ALLOW
    assert verdict("curl x", policy=policy) is DENY
    assert verdict("git push", policy=policy) is DENY
    assert verdict("touch .git/x", policy=policy) is DENY


def test_a_layer_may_inherit_restrictions_alone() -> None:
    """What farther layers allow is not allowed then; what they deny or ask holds, even over its own allow."""
    far = "commands: [{allow: [frob, cat]}, {ask: git commit}, {deny: curl}]\npaths: {write: {allow: [/tmp/**]}}"
    near = "inherit: restrictions\ndefault: deny\ncommands: [{allow: [cat, git, curl, touch]}]"
    policy = policy_of(near, "commands: [{allow: frob x}]", far)
    assert verdict("cat a", policy=policy) is ALLOW
    assert verdict("frob x", policy=policy) is DENY
    assert verdict("git commit", policy=policy) is ASK
    assert verdict("curl a", policy=policy) is DENY
    assert verdict("touch /tmp/a", policy=policy) is ALLOW
    assert verdict("frob() { cat a; }; frob", policy=policy) is DENY
    assert [rule.pattern.text for rule in policy.compiled[1].rules_for(["frob"])] == []
