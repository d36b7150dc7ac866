"""What is read of a script, and what is refused because it could be read in two ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.verdict import Verdict
from tests.policies.judging import judged, verdict
from tests.properties.vocabulary import words_of

HERE = Path(__file__).parent

ALLOW, ASK, DENY = Verdict.ALLOW, Verdict.ASK, Verdict.DENY


def _scripts(name: str) -> list[str]:
    return [json.loads(line) for line in (HERE / name).read_text().split("\n") if line]


def test_what_agents_write_is_read() -> None:
    """None of some hundred scripts of everyday work is refused because of how it is written."""
    refused = [(script, part.why) for script in _scripts("scripts.jsonl") if _unread(part := judged(script).deciding)]
    assert not refused


def _unread(part: object) -> bool:
    return getattr(part, "rule") in ("unparsable", "limits", "internal")  # noqa: B009 - any part will do


def test_no_disguise_lets_a_command_run() -> None:
    """None of some hundred attempts to hide from the reader what bash would run is allowed."""
    assert not [script for script in _scripts("disguises.jsonl") if verdict(script) is ALLOW]


@pytest.mark.parametrize(
    "script",
    [
        "x=$(case $y in a) ls;; (b|c) pwd;; esac); echo $x",
        'echo "$(case a in *) case b in b) ls;; esac;; esac)"',
        "cat <> /tmp/f",
        "x=1 > /tmp/f",
        "v=$(git rev-parse HEAD) 2>/dev/null",
        "[ a \\> b ] && [ \\( -f a -o -f b \\) -a -d c ]",
        'echo `basename \\`pwd\\`` `echo "a b" # it\'s`',
        'cat <<EOF\npath: "$(basename "$PWD")" it\'s `date` ${x:-$(pwd)} \\$5 $((1+(2*3)))\nEOF',
        "echo \"${x:-'a'}\" \"${x//$'\\n'/ }\" ${x:-a b}",
        "time { ls; pwd; }; time (ls)",
        "case $x in a) ls;;& b) pwd;;& esac",
        "exec {log}>/tmp/log; echo x >&$log",
        'cd src; echo $PWD/x; cp a $PWD/b; cp a "$PWD"',
        "unset 'a[0]'",
        "'a'\\b\"c\"\\ d > /tmp/x || \\ls",
    ],
)
def test_corners_of_the_grammar_are_read(script: str) -> None:
    """What bash surely reads in one way is judged by what it does."""
    assert judged(script).deciding.rule not in ("unparsable", "limits")


@pytest.mark.parametrize(
    ("script", "instead"),
    [
        ("x=$((ls) | wc -l)", "put a blank between: $( ("),
        ("(ls)#x", "put a blank between"),
        ('echo "${x//\'/}"', "set a variable to that text first"),
        ("cat <<$x\n$x", "delimit it by 'EOF'"),
        ("x=$(cat <<E\na\nE)\nE\n)", "put ) on its own line"),
        ("ls " + "a " * 9000, "split it into several commands, or write a script into the workspace and run that"),
    ],
)
def test_what_is_not_read_says_what_to_write(script: str, instead: str) -> None:
    """An agent that is refused for how it wrote something is told how to write it."""
    part = judged(script).deciding
    assert (part.verdict, part.instead) == (DENY, instead)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("time cd / && touch a", DENY),
        ("command -p cd /; touch a", DENY),
        ("cd / & touch a", ASK),
        ("case x in x) cd /;& y) touch a;; esac", DENY),
        ("case x in x) cd /;; y) touch a;; esac", ALLOW),
        ("f() { touch a; cd ..; f; }; f", ASK),
        ("f() { touch a; }; cat <<E\n$(cd /; f)\nE", DENY),
        ("time { touch a; }; time (ls)", ALLOW),
        ("time { cd /; }; touch a", DENY),
        ("touch $PWD/a", ALLOW),
        ("touch ${PWD}a/b", DENY),
        ("touch $PWD{a/etc,b}", ASK),
        ("for i in 1 2; do touch $PWD/a; unset PWD; done", ASK),
        ("cd src; touch $PWD/a", ALLOW),
        ("cd src; touch x$PWD/a", ASK),
    ],
)
def test_directories_are_followed_everywhere(script: str, expected: Verdict) -> None:
    """The directory that a command stands in is never taken for a better one than it may be."""
    assert verdict(script) is expected


@pytest.mark.parametrize(
    "script",
    [
        "x() { :; }; unset -f x; x",
        "x() { :; }; unset x; x",
        "x() { :; }; command x",
        "x() { :; }; /usr/bin/x",
        "x() { :; }; for i in 1 2; do x; unset -f x; done",
        "x() { unset -f x; y; }; y() { x; }; y",
    ],
)
def test_a_function_that_may_be_gone_covers_no_program(script: str) -> None:
    """A name is a function's only where that surely stands; else a program of that name would run unjudged."""
    assert verdict("x() { :; }; x; time x") is ALLOW
    assert verdict(script) is not ALLOW


@pytest.mark.parametrize(
    "script", ["ls {PATH}>/tmp/x", "{PATH}</tmp/x ls", "ls {P\\\nATH}>&1", "while ls; do ls; done {PATH}<f"]
)
def test_a_redirection_that_sets_a_variable_is_an_assignment(script: str) -> None:
    """`{NAME}>` sets NAME, so that it is judged as if assigned."""
    assert verdict(script) is DENY


@pytest.mark.parametrize(
    "script",
    ["read x; {}", "x=$(cat f); {}", "for x in $(cat f); do {}; done", "mapfile x < f; {}", "printf -v x %s a; {}"],
)
@pytest.mark.parametrize("use", ["echo $((x))", "echo ${a[x]}", "a[x]=1", "a=([x]=1)", "echo ${y:x}", "[[ x -eq 1 ]]"])
def test_arithmetic_never_evaluates_what_is_not_known(script: str, use: str) -> None:
    """A value from elsewhere in arithmetic could run commands, wherever bash evaluates it."""
    assert verdict(script.replace("{}", use)) is not ALLOW


def test_a_file_is_never_taken_for_a_here_document() -> None:
    """The names that stand for here-documents within the reader mean nothing in a script, however they come about."""
    assert verdict("python3 - <<'E'\na\nE") is ASK
    assert verdict("cat <<'E'; python3 - < heredoc0\\\nx0x\na\nE") is DENY


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\\x41\\101\\u0041\\U00000041", "AAAA"),
        ("\\'\\\"\\?\\\\", "'\"?\\"),
        ("\\t\\n\\e", "\t\n\x1b"),
        ("\\q\\x\\\n", "\\q\\x\\\n"),
        ("a\\0b", "a"),
        ("\\xc3\\xa9", "é"),
    ],
)
def test_escapes_mean_what_they_mean_to_bash(written: str, meant: str) -> None:
    """Within `$' '` known escapes are resolved, the backslash of others stays, and a NUL ends the string."""
    [(_, word)] = words_of(f"c $'{written}'")
    assert word == meant


@pytest.mark.parametrize("script", ["cat $'/etc/sha\\x{64}ow'", "cat $'a\\cx'", "cat $'\\U00100042'"])
def test_escapes_that_bash_versions_differ_in_are_refused(script: str) -> None:
    """`\\x{...}` and `\\c` are refused, and so are the characters that stand for others within the reader."""
    assert judged(script).deciding.rule == "unparsable"
