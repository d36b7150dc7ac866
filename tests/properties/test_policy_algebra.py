"""What holds for the verdicts of any layers of rules."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.meet import meet
from policies.policy import Policy
from policies.verdict import Verdict
from tests.properties.vocabulary import plain

PATTERNS = [
    "frob",
    "frob a",
    "frob *",
    "frob a|b x",
    "frob --opt",
    "frob a $",
    "other",
    "git",
    "git status|push",
    "git *",
]
PATTERNS += [
    "cat|ls|rm",
    "rm -rf",
    "python -m pytest",
    "sed -i",
    "find * -name",
    "echo *",
    "*",
    "curl",
    "bash",
    "env|timeout",
]
COMMANDS = ["frob", "frob a", "frob a x", "frob b x", "frob --opt a", "frob a --opt", "other y", "unknown", "frob $X"]

ROLES = ["investigator", "editor", "tester"]

rules = st.tuples(st.sampled_from(["allow", "ask", "deny"]), st.sampled_from(PATTERNS))
layer_rules = st.lists(rules, max_size=4)
policies = st.lists(layer_rules, min_size=1, max_size=3)
commands = st.sampled_from(COMMANDS) | st.sampled_from([shlex.join(words) for words in plain()[::3]])


def _policy(layers: list[list[tuple[str, str]]]) -> Policy:
    texts = {}
    for at, written in enumerate(layers):
        lines = "".join(f"\n  - {verdict}: '{pattern}'" for verdict, pattern in written)
        texts[f"layer{at}"] = f"version: 1\ncommands:{lines or ' []'}\n"
    return Policy.from_layers(texts)


def _verdict(layers: list[list[tuple[str, str]]], command: str) -> Verdict:
    return _policy(layers).judge_command(command, role="editor").verdict


@settings(max_examples=30, deadline=None)
@given(policies, commands, st.randoms(use_true_random=False))
def test_no_order_of_layers_lifts_a_deny(layers: list[list[tuple[str, str]]], command: str, random: object) -> None:
    """What is denied under one order of the layers is denied under every one."""
    shuffled = list(layers)
    getattr(random, "shuffle")(shuffled)  # noqa: B009 - the strategy's type is not exported
    assert (_verdict(layers, command) is Verdict.DENY) == (_verdict(shuffled, command) is Verdict.DENY)


@settings(max_examples=30, deadline=None)
@given(policies, commands, st.sampled_from(PATTERNS), st.data())
def test_adding_a_deny_never_permits_more(
    layers: list[list[tuple[str, str]]], command: str, pattern: str, data: st.DataObject
) -> None:
    """A deny added anywhere makes no verdict milder."""
    at = data.draw(st.integers(0, len(layers) - 1))
    stricter = [[*layer, ("deny", pattern)] if index == at else layer for index, layer in enumerate(layers)]
    assert _verdict(stricter, command).strictness >= _verdict(layers, command).strictness


@settings(max_examples=30, deadline=None)
@given(policies, commands, st.sampled_from(PATTERNS), st.data())
def test_adding_an_ask_never_lets_anything_run_unasked(
    layers: list[list[tuple[str, str]]], command: str, pattern: str, data: st.DataObject
) -> None:
    """What was not allowed before an ask was added is not allowed after."""
    at = data.draw(st.integers(0, len(layers) - 1))
    asking = [[*layer, ("ask", pattern)] if index == at else layer for index, layer in enumerate(layers)]
    if _verdict(layers, command) is not Verdict.ALLOW:
        assert _verdict(asking, command) is not Verdict.ALLOW


@settings(max_examples=60, deadline=None)
@given(policies, st.integers(0, 2), commands)
def test_inheriting_restrictions_alone_allows_no_more(
    layers: list[list[tuple[str, str]]], at: int, command: str
) -> None:
    """A layer that takes over nothing but restrictions makes no verdict milder."""
    plain = _policy(layers)
    texts = [f"inherit: restrictions\n{text}" if n == at else text for n, text in enumerate(plain.layers.values())]
    inheriting = Policy.from_layers({f"layer{n}": text for n, text in enumerate(texts)})
    before = plain.judge_command(command, role="editor").verdict
    assert inheriting.judge_command(command, role="editor").verdict.strictness >= before.strictness


@settings(max_examples=20, deadline=None)
@given(policies, st.lists(commands, min_size=1, max_size=4), st.sampled_from(["; ", " && ", " || ", "\n"]))
def test_a_script_is_as_strict_as_its_strictest_command(
    layers: list[list[tuple[str, str]]], lines: list[str], separator: str
) -> None:
    """Joining commands adds nothing and hides nothing."""
    strictest = max((_verdict(layers, line) for line in lines), key=lambda verdict: verdict.strictness)
    assert _verdict(layers, separator.join(lines)) is strictest


def _for_roles(written: list[tuple[str, str, list[str]]]) -> Policy:
    lines = "".join(f"\n  - {verdict}: '{pattern}'\n    roles: {who}" for verdict, pattern, who in written)
    return Policy.from_layers({"layer": f"version: 1\ncommands:{lines or ' []'}\n"})


role_rules = st.lists(
    st.tuples(
        st.sampled_from(["allow", "ask", "deny"]),
        st.sampled_from(PATTERNS),
        st.lists(st.sampled_from(ROLES), min_size=1, unique=True),
    ),
    max_size=6,
)
scripts = st.lists(commands, min_size=1, max_size=3).map("; ".join)


@settings(max_examples=60, deadline=None)
@given(role_rules, scripts, st.sampled_from(ROLES), st.lists(st.sampled_from(ROLES), max_size=2))
def test_who_acts_for_others_gets_what_all_of_them_are_allowed(
    written: list[tuple[str, str, list[str]]], script: str, role: str, parents: list[str]
) -> None:
    """The meet is as strict as the strictest of a role and of those that it acts for, and no stricter."""
    policy = _for_roles(written)
    each = [policy.judge_command(script, role=one).verdict for one in (role, *parents)]
    met = policy.acting_for(*parents).judge_command(script, role=role)
    assert met.verdict is max(each, key=lambda verdict: verdict.strictness)


@settings(max_examples=60, deadline=None)
@given(role_rules, scripts, st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_a_meet_has_no_order_and_is_never_empty(
    written: list[tuple[str, str, list[str]]], script: str, one: str, other: str
) -> None:
    """Both ways round it has the same verdict and the same parts; with itself it is what it was."""
    policy = _for_roles(written)
    first, second = policy.judge_command(script, role=one), policy.judge_command(script, role=other)
    there, back = meet(first, second), meet(second, first)
    assert set(there.parts) == set(back.parts)
    assert there.verdict is back.verdict
    assert there.parts
    assert meet(first, first).verdict is first.verdict
