"""What holds for the verdicts of any layers of rules."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.policy import Policy
from policies.verdict import Verdict

PATTERNS = ["frob", "frob a", "frob *", "frob a|b x", "frob --opt", "frob a $", "other"]
COMMANDS = ["frob", "frob a", "frob a x", "frob b x", "frob --opt a", "frob a --opt", "other y", "unknown", "frob $X"]

rules = st.tuples(st.sampled_from(["allow", "ask", "deny"]), st.sampled_from(PATTERNS))
layer_rules = st.lists(rules, max_size=4)
policies = st.lists(layer_rules, min_size=1, max_size=3)
commands = st.sampled_from(COMMANDS)


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
