"""What is said of a rule that never decides is true: without it, every verdict is what it was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.covers import glob_covers
from policies.overruled import overruled
from policies.paths import glob_regex
from policies.policy import Policy
from policies.verdict import Verdict

NAMES = ["frob", "knot", "frob|knot", "fr*", "*"]
WORDS = ["a", "b", "a|b", "*", "a*", "-x", "--long", "-x|-y"]
ARGUMENTS = ["a", "b", "ab", "c", "-x", "-y", "-xy", "--long", "--lo", "--long=1", "$V"]


@dataclass(frozen=True)
class Written:
    """A rule as it is written, a line of the file each."""

    verdict: str
    pattern: str
    unless: tuple[str, ...]
    roles: tuple[str, ...]

    def line(self) -> str:
        """The line."""
        roles = {"roles": list(self.roles)} if self.roles else {}
        return "  - " + json.dumps({self.verdict: self.pattern, "unless": list(self.unless), **roles})


patterns = st.builds(
    lambda name, words, closed: " ".join([name, *words, *(["$"] if closed else [])]),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(WORDS), max_size=2),
    st.booleans(),
)
rules = st.builds(
    Written,
    verdict=st.sampled_from(list(Verdict)).map(str),
    pattern=patterns,
    unless=st.lists(st.sampled_from(["-x", "b", "--l*"]), max_size=1).map(tuple),
    roles=st.sampled_from([(), (), ("editor",), ("editor", "tester")]),
)
NEAR, FAR = Written("allow", "frob", (), ()), Written("ask", "frob a", (), ())
layers = st.lists(st.lists(rules, min_size=1, max_size=5), min_size=1, max_size=3)
inherits = st.lists(st.booleans(), min_size=3, max_size=3)
commands = st.builds(
    lambda name, words: " ".join([name, *words]),
    st.sampled_from(["frob", "knot", "fred", "other"]),
    st.lists(st.sampled_from(ARGUMENTS), max_size=3),
)


def policy(written: list[list[Written]], restricted: list[bool]) -> Policy:
    """The policy of some layers; of those that are extended, each may be so for its restrictions alone."""
    heads = ["inherit: restrictions" if each else "" for each in restricted[: len(written) - 1]]
    heads.append("default: deny" if heads else "")
    return Policy.from_layers(
        {f"layer{at}": text(layer, head) for at, (layer, head) in enumerate(zip(written, heads, strict=True))}
    )


def text(layer: list[Written], second: str) -> str:
    """The file of a layer; its rules begin in the fourth line."""
    head = ["version: 1", second, "commands:" if layer else ""]
    return "\n".join([*head, *(rule.line() for rule in layer)])


def without_overruled(written: list[list[Written]], restricted: list[bool], before: Policy) -> Policy:
    """The policy without the rules that are said never to decide."""
    gone = {(found.layer.name, found.rule.line) for found in overruled(before) if not found.names}
    kept = [
        [rule for line, rule in enumerate(layer, start=4) if (f"layer{at}", line) not in gone]
        for at, layer in enumerate(written)
    ]
    return policy(kept, restricted) if gone else before


@settings(max_examples=20, deadline=None)
@example([[NEAR], [FAR]], [True] * 3, "editor", ["frob a"])
@given(
    layers, inherits, st.sampled_from(["editor", "tester", "reviewer"]), st.lists(commands, min_size=10, max_size=10)
)
def test_a_rule_that_never_decides_can_go(
    written: list[list[Written]], restricted: list[bool], role: str, some: list[str]
) -> None:
    """Taking out all that are reported changes no verdict on any command, for any role."""
    before = policy(written, restricted)
    after = without_overruled(written, restricted, before)
    for command in some:
        judged = [each.judge_command(command, role=role).verdict for each in (before, after)]
        assert judged[0] is judged[1], command


def test_what_is_inherited_as_a_restriction_goes_before_a_nearer_rule() -> None:
    """An `ask` beyond such a layer decides over its `allow`: the nearer rule is the one that never does."""
    both = policy([[NEAR], [FAR]], [True])
    assert both.judge_command("frob a", role="editor").verdict is Verdict.ASK
    assert not list(overruled(both))
    [found] = overruled(policy([[FAR], [replace(NEAR, verdict="ask")]], [True]))
    assert (found.layer.name, found.by.file) == ("layer0", "layer1")


SEGMENTS = ["a", "b", "A", ".git", "*", "?", "a*", "**"]
STARTS = ["", "/", "/workspace/", "~/"]
globs = st.tuples(st.sampled_from(STARTS), st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3)).map(
    lambda made: made[0] + "/".join(made[1])
)
PATHS = [
    start + "/".join(segments)
    for start in ("/", "/workspace/", "/home/agent/")
    for length in (1, 2, 3, 5)
    for segments in product(["a", "A", "ab", ".git"][: 6 - length], repeat=length)
]
verdicts = st.sampled_from(list(Verdict))


def matching(glob: str, verdict: Verdict) -> re.Pattern[str]:
    """What matches a path as a glob of a verdict does in a compiled layer."""
    strict = verdict is not Verdict.ALLOW
    return re.compile(glob_regex([glob], with_directory=strict).pattern, re.IGNORECASE if strict else 0)


@settings(max_examples=150, deadline=None)
@given(globs, globs, verdicts, verdicts)
def test_a_glob_that_covers_another_matches_whatever_it_matches(
    wide: str, narrow: str, over: Verdict, under: Verdict
) -> None:
    """For globs of any verdicts, which match in different ways."""
    if glob_covers(wide, narrow, verdicts=(over, under)):
        outer, inner = matching(wide, over), matching(narrow, under)
        assert not [path for path in PATHS if inner.fullmatch(path) and not outer.fullmatch(path)]
