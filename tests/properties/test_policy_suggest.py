"""What holds for the suggestion from any commands, under any rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestrator.tightening.evidence import allowing
from orchestrator.tightening.suggest import suggestion
from policies.generalise import exact
from policies.loader import load_policy
from policies.lookups import examine
from policies.policy import Policy
from policies.shape import Shape
from policies.verdict import Verdict
from tests.tightening.doing import ran

CASES = Path(__file__).parent.parent / "policies" / "corpus.jsonl"
CORPUS = tuple(json.loads(line)["command"] for line in CASES.read_text(encoding="utf-8").splitlines())

PATTERNS = [
    "frob",
    "frob a",
    "frob *",
    "frob a|b x",
    "frob a $",
    "make|frob",
    "git",
    "git commit",
    "python",
    "python t.py",
]
COMMANDS = [
    *("frob", "frob a", "frob a x", "frob b x", "frob c", "frob -f a", "make a", "make b", "make c", "make 'x*'"),
    *("git commit -m x", "git log", "git -C src stash pop", "python t.py", "python t.py a", "python t.py b"),
    *(
        "python -c 'print(1)'",
        "python -m pytest -q",
        "cat a | frob a",
        "timeout 5 frob a",
        "for i in a b; do frob $i; done",
    ),
    *("bash -c 'frob a; make b'", "cd x && make a", "cat ~/.ssh/id_rsa", "curl x", "frob a > /etc/x", "frob $X"),
]

entries = st.builds(
    lambda verdict, pattern, roles, unless: {
        verdict: pattern,
        **({"roles": roles} if roles else {}),
        **({"unless": unless} if unless else {}),
    },
    st.sampled_from(["allow", "allow", "ask", "deny"]),
    st.sampled_from(PATTERNS),
    st.sampled_from([None, None, ["editor"], ["tester"]]),
    st.sampled_from([None, None, ["-f"], ["x"]]),
)
files = st.lists(entries, max_size=4)


def _policy(own: list[dict[str, object]], far: list[dict[str, object]], default: str) -> Policy:
    texts = {
        "own.yaml": {"version": 1, "extends": "far.yaml", "default": default, "commands": own},
        "far.yaml": {"version": 1, "extends": "standard", "commands": far},
    }
    if not own:
        del texts["own.yaml"]["commands"]
    # A rule on lines of its own, as they are written.
    written = {name: _block(data) for name, data in texts.items()}
    return load_policy("own.yaml", reader=lambda name: written[name].encode())


def _block(data: dict[str, object]) -> str:
    keys = [f"{key}: {value}" for key, value in data.items() if key != "commands"]
    rules = data.get("commands") or []
    assert isinstance(rules, list)
    return "\n".join([*keys, *(["commands:"] if rules else []), *(f"  - {json.dumps(rule)}" for rule in rules)]) + "\n"


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(files, files, st.sampled_from(["ask", "deny"]), st.lists(st.sampled_from(COMMANDS), min_size=1))
def test_a_suggestion_allows_what_ran_and_nothing_else_than_before(
    own: list[dict[str, object]], far: list[dict[str, object]], default: str, commands: list[str]
) -> None:
    """All that ran unasked still does, but for what is said not to; what was not allowed is only what a human let."""
    present = _policy(own, far, default)
    suggested = suggestion(present, [ran(present, {"a": commands})])
    for command in set(commands) - {left.act.subject for left in suggested.left}:
        before = present.judge_command(command, role="editor").verdict
        assert suggested.policy.judge_command(command, role="editor").verdict.strictness <= before.strictness
    let = allowing(present, _let(present, commands))
    for command, role in product(COMMANDS, ("editor", "tester")):
        before = (let if role == "editor" else present).judge_command(command, role=role).verdict
        if before is not Verdict.ALLOW:
            assert suggested.policy.judge_command(command, role=role).verdict is not Verdict.ALLOW


def _let(present: Policy, commands: list[str]) -> Iterator[Shape]:
    """The commands that a human let an editor run."""
    for command in commands:
        examined = examine(present, command, role="editor")
        if examined.decision.verdict is Verdict.ASK:
            yield from filter(None, (exact(lookup) for lookup in examined.lookups if lookup.rule is None))


@settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=30), st.sampled_from(["standard", "strict", "open"]))
def test_of_a_preset_no_more_is_left_than_it_allowed(commands: list[str], name: str) -> None:
    """Whatever ran, the suggestion allows nothing that the preset does not, unless a human allowed just that."""
    present = load_policy(name)
    suggested = suggestion(present, [ran(present, {"a": commands}, yes=False)])
    wider = [
        command
        for command in CORPUS
        if suggested.policy.judge_command(command, role="editor").verdict is Verdict.ALLOW
        and present.judge_command(command, role="editor").verdict is not Verdict.ALLOW
    ]
    assert wider == []
