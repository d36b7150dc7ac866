"""What stands between a script and trust in its tree: each guard refuses what the others would let through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.shell import tree, walk
from policies.shell.refusal import Unreadable
from policies.shell.scan import scan
from policies.verdict import Verdict
from tests.policies.judging import judged, verdict


def test_an_unknown_kind_of_node_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a later grammar may call a new construct is not judged by what lies within it."""
    script = "for x in a; do ls; done"
    assert verdict(script) is Verdict.ALLOW
    monkeypatch.setattr(tree, "_KNOWN", tree._KNOWN - {"for_statement"})
    assert judged(script).deciding.why == "a construct that is not judged: for statement"


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("a" * 65537, "limits"),
        ("é" * 32769, "limits"),
        ("( " * 60, "limits"),
        ('"$(' * 60, "limits"),
        ("echo `echo " * 2 + "x" * 9 + "`" * 2 + "$((" * 60, "limits"),
        ("a " * 8001, "limits"),
        ("ls|" * 2001 + "ls", "limits"),
        ("`a` " * 1001, "limits"),
        ("cat <<E\nE\n" * 1001, "limits"),
        ("ls\x00", "unparsable"),
        ("ls \u202e", "unparsable"),
        ("ls '", "unparsable"),
    ],
)
def test_bounds_hold_before_anything_is_parsed(monkeypatch: pytest.MonkeyPatch, script: str, rule: str) -> None:
    """Size, depth, counts and characters are looked at first: a parser never sees what could hurt it."""

    def reached() -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(tree, "_parser", reached)
    assert judged(script).deciding.rule == rule


NESTS = [
    "{{ {}; }}", "( {} )", "! {}", "if {}; then ls; fi", "if ls; then ls; else {}; fi", "while ls; do {}; done",
    "for x in a; do {}; done", "for ((;;)); do {}; done", "case a in a) {};; esac", "f() {{ {}; }}", "echo $({})",
    'echo "$({})"',
]  # fmt: skip


@pytest.mark.parametrize("around", NESTS)
def test_nesting_is_bounded_for_all_that_nests(around: str) -> None:
    """Compounds count as quotes and substitutions do; what anybody writes is far from the bound."""
    scripts = ["ls"]
    for _ in range(55):
        scripts.append(around.format(scripts[-1]))
    assert judged(scripts[55]).verdict is Verdict.DENY
    assert judged(scripts[10]).deciding.rule != "limits"


def test_different_things_nest_alike() -> None:
    """The bound is on all of them together."""
    script = "ls"
    for at in range(55):
        script = NESTS[at % 7].format(script)
    assert judged(script).deciding.rule == "limits"


def test_parsing_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that keeps the parser busy is refused, and the next one is parsed as if nothing had been."""
    busy = "[ \\( a \\) ];\n" * 3000
    assert judged(busy).deciding.rule in ("limits", "unparsable")
    monkeypatch.setattr(tree, "_SECONDS", -1.0)
    assert judged("ls;\n" * 2000).deciding.why == "parsing it takes too long"
    assert verdict("ls") is Verdict.ALLOW


def test_a_tree_of_too_many_nodes_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little of a tree is walked, its size is bounded."""
    monkeypatch.setattr(tree, "MAX_NODES", 10)
    assert judged("ls a b c; ls d e f").deciding.rule == "limits"


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (0, -1)])
def test_each_quotation_is_where_both_readings_have_it(shift: tuple[int, int]) -> None:
    """A substitution that opens or closes elsewhere to the scanner than to the grammar is refused."""
    scanned = scan(b"echo \"$(ls 'a')\" ${x}")
    assert tree.parse(scanned).judged
    for span in scanned.spans:
        start, end, kind = span
        other = scanned.spans - {span} | {(start + shift[0], end + shift[1], kind)}
        with pytest.raises(Unreadable, match="two ways"):
            tree.parse(replace(scanned, spans=other))
        with pytest.raises(Unreadable, match="two ways"):
            tree.parse(replace(scanned, spans=scanned.spans - {span}))


@pytest.mark.parametrize("script", ["ls $(pwd)", "x=1", "ls > a", "f() { ls; }", "cat <(ls)", "[[ a ]]", "unset x"])
def test_nothing_is_passed_over(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Every node that does something must have been met by the walk, or the script is refused."""
    original = tree.parse

    def with_one_more(scanned: object) -> object:
        found = original(scanned)  # type: ignore[arg-type]
        return replace(found, judged=found.judged | {-1})

    assert judged(script).deciding.rule != "unparsable"
    monkeypatch.setattr(walk, "parse", with_one_more)
    assert judged(script).deciding.why == "a part of it was not reached"


@pytest.mark.parametrize(
    "script",
    ["if[ a ]; then ls; fi", "until] ls; do ls; done", "f() {ls\n}", "{ls;}", "ls <\nf", "ls >\n/tmp/f", "ls $(pwd\n"],
)
def test_what_only_the_grammar_takes_for_syntax_is_refused(script: str) -> None:
    """The grammar is more lenient than bash: keywords without a blank, redirections over a line's end."""
    assert judged(script).deciding.rule == "unparsable"
