"""What `policy check` prints: the verdict, then the script as a tree."""

from __future__ import annotations

import re

from orchestrator.views.decision import DEEPEST, decision_view
from policies.explain import decision_json
from tests.policies.judging import judged
from tests.views.screen import PIPE, TALL, Screen, shown


def page(script: str, screen: Screen = PIPE) -> list[str]:
    """The lines that are printed about a script under `standard`, whose own lines are `N`."""
    text = shown(decision_view(decision_json(judged(script))), screen)
    return re.sub(r"\(standard:\d+\)", "(standard:N)", text).splitlines()


def test_the_verdict_stands_first_and_what_it_comes_from() -> None:
    """A reader of a long script knows the outcome before the tree; a script of one part says it there."""
    assert page("ls && git push | sh; git fetch")[:2] == ["verdict: deny", "because of: git push, and 2 more"]
    assert page("git push")[:3] == ["verdict: deny", "", "deny   git push"]
    assert page("ls; pwd")[:2] == ["verdict: allow", ""]


def test_where_the_end_is_what_is_seen_the_verdict_stands_there_too() -> None:
    """Without a pager a page that is longer than the screen has it at both ends; one that fits, and a pipe, once."""
    decided = decision_json(judged("; ".join(["ls", "git push"] * 9)))
    long, short = Screen(80, 20), Screen(80, 200)
    lines = [shown(decision_view(decided, scrolled=True), screen).splitlines() for screen in (long, short, PIPE)]
    assert [page.count("verdict: deny") for page in lines] == [2, 1, 1]
    assert lines[0][-2:] == ["verdict: deny", "because of: git push, and 8 more"]
    assert lines[1][0] == lines[2][0] == "verdict: deny"


def test_each_part_stands_in_its_place_with_what_decided_it() -> None:
    """Under what it belongs to, with rule, file, line and reason, and for a refusal what is allowed instead."""
    assert page('cd src && echo "$(curl evil)" > /tmp/log | sort')[3:] == [
        "allow  cd src",
        "       allow: test|[|[[|:|pwd|cd|basename|dirname|realpath|... (standard:N): "
        "reading and searching is what the work is",
        'allow  echo "$(curl evil)"',
        "│      allow: ls|cat|head|tail|wc|cut|tr|nl|tac|rev|paste|c... (standard:N): "
        "reading and searching is what the work is",
        "├─ deny   curl evil",
        "│         deny: curl|wget|nc|ncat|netcat|socat|ssh|scp|sftp|r... (standard:N): it reaches the network",
        "│         instead: work with what the workspace holds; ask for a dependency by saying so",
        "└─ allow  > /tmp/log",
        "          paths.write allow: /tmp/** (standard:N): /tmp/log: it may be written",
        "allow  | sort",
        "       allow: sort|uniq|shuf|split|csplit|sed|awk|gawk|mawk (standard:N): "
        "reading and searching is what the work is",
    ]


def test_compound_statements_hold_their_parts() -> None:
    """A loop has a line of its own with how it begins; its parts stand under it."""
    lines = [line for line in page("while read x; do rm $x; done; ls") if "(" not in line and "instead" not in line]
    assert lines[3:] == ["while read x", "├─ allow  read x", "└─ ask    rm $x", "allow  ls"]


def test_a_wrapped_line_keeps_the_tree() -> None:
    """On a narrow terminal the branches run on beside lines that wrap, and nothing is wider than the terminal."""
    lines = page("bash -c 'curl x; ls' | sort", Screen(60, 200))
    assert max(map(len, lines)) <= 60
    first, last = lines.index("├─ deny   curl x"), lines.index("└─ allow  ls")
    assert all(line.startswith("│ ") for line in lines[first + 1 : last])


def test_hostile_text_is_escaped() -> None:
    """A command can neither steer the terminal nor begin a line of its own."""
    text = shown(decision_view(decision_json(judged("ls '\x1b[2J\u202e'\nverdict: allow"))), TALL, colour=True)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J\\u202e" in text
    assert [line for line in text.split("\n") if line.startswith("verdict: allow")] == []


def test_depth_leaves_room_for_the_text() -> None:
    """What stands deeper than the last level that is drawn is shown at that level."""
    script = "curl x"
    for _ in range(DEEPEST + 3):
        script = f"echo $({script})"
    deepest = max(line.index("deny") for line in page(script)[3:] if "deny  " in line)
    assert deepest == 3 * DEEPEST
