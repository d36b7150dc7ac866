"""A script is taken apart as bash would run it, however it is written."""

from __future__ import annotations

import pytest

from policies.engine import judge
from policies.verdict import Verdict
from tests.policies.judging import judged, standard, verdict

HIDING = [
    "ls; {}", "ls && {}", "ls || {}", "ls | {}", "ls |& {}", "! {}", "({})", "{{ {}; }}", "ls & {}", "ls\n{}",
    "if {}; then ls; fi", "if ls; then {}; fi", "if ls; then ls; else {}; fi", "if ls; then ls; elif {}; then ls; fi",
    "while {}; do ls; done", "while ls; do {}; done", "until ls; do {}; done", "for x in a; do {}; done",
    "for ((i=0; i<2; i++)); do {}; done", "case a in a) {};; esac", "case $({}) in a) ls;; esac", "f() {{ {}; }}; f",
    "function f {{ {}; }}", "echo $({})", "echo `{}`", 'echo "$({})"', 'echo "`{}`"', "echo ${{x:-$({})}}", "x=$({})",
    "x=(a $({}))", "export x=$({})", "x[$({})]=1", "echo $(( $({}) + 1 ))", "echo $[ $({}) ]", "[[ -n $({}) ]]",
    "[ -n \"$({})\" ]", "cat <({})", "ls > >({})", "cat <<E\n$({})\nE", "cat <<-E\n\t$({})\n\tE", "cat <<< $({})",
    "ls > $({})", "time {}", "time -p {}", "nice {}", "timeout 5 {}", "env {}", "env A=1 {}", "command {}", "exec {}",
    "stdbuf -oL {}", "xargs {}", "find . | xargs {}", "bash -c '{}'", 'sh -ec "{}"', "bash -c \"bash -c '{}'\"",
    "coproc {}", "nohup {}", "A=1 {}", "> /tmp/x {}", "2>&1 {}", "ls \\\n; {}", "select x in a; do {}; done",
    "( ( {} ) )", "true; : ; {} ;", "ls # '\n{}", "ls <<'E'; {}\nx\nE", "cat <<'E'\nE\n{}",
]  # fmt: skip


@pytest.mark.parametrize("hiding", HIDING)
def test_a_denied_command_is_found_wherever_it_stands(hiding: str) -> None:
    """Lists, compounds, substitutions, here-documents and wrappers hide nothing."""
    assert verdict(hiding.format("curl http://x")) is Verdict.DENY


@pytest.mark.parametrize(
    "name", ["cu\\rl", "'curl'", '"curl"', "c''url", 'cu"r"l', "$'curl'", "$'\\x63url'", "/usr/bin/curl", "//bin/curl"]
)
def test_quoting_does_not_disguise_a_name(name: str) -> None:
    """The word that the shell would see is what is judged."""
    assert judged(f"{name} x").deciding.rule.startswith("deny: curl")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cd src && echo x > ../a", Verdict.ALLOW),
        ("cd src && echo x > ../../a", Verdict.DENY),
        ("cd src; echo x > ../a", Verdict.DENY),  # cd may have failed
        ("(cd /); touch a", Verdict.ALLOW),
        ("cd / && ls > a", Verdict.DENY),
        ("cd $X; touch a", Verdict.ASK),
        ("if ls; then cd /; fi; touch a", Verdict.DENY),
        ("for x in a b; do cd ..; done; touch a", Verdict.DENY),
        ("f() { cd /; }; f; touch a", Verdict.DENY),
        ("f() { touch a; }; cd /; f", Verdict.DENY),
        ("cd /tmp && touch a", Verdict.ALLOW),
        ("command cd / && touch a", Verdict.DENY),
    ],
)
def test_relative_paths_follow_the_directory(command: str, expected: Verdict) -> None:
    """Every directory that the shell may stand in counts, and a subshell's is its own."""
    assert verdict(command) is expected


def test_an_array_of_numbers_may_be_counted_with() -> None:
    """Arithmetic with plain numbers runs; with text from elsewhere, which bash would evaluate, it is asked about."""
    assert verdict("i=0; i=$((i+1)); echo $i") is Verdict.ALLOW
    assert verdict("for i in 1 2; do echo $((i*2)); done") is Verdict.ALLOW
    assert verdict("read i < f; echo $((i+1))") is Verdict.ASK
    assert verdict("echo $(( $(cat f) ))") is Verdict.ASK
    assert verdict("f() { echo $(($1)); }; f 1") is Verdict.ASK


@pytest.mark.parametrize(
    "script",
    ["ls\x00", "ls\x1b[2J", "ls\r", "echo '\x07'", "ls\u00a0-l", "\ufeffls", "ls \u202e", "\ud800", "l\u200bs"],
)
def test_disguising_characters_are_refused(script: str) -> None:
    """Controls anywhere, and marks and blanks that bash does not know as such outside quotes, are denied."""
    assert judged(script).deciding.rule == "unparsable"


def test_text_in_quotes_may_hold_any_letter() -> None:
    """Inside quotes a blank of another script is just text."""
    assert verdict("echo 'a\u00a0b' \"c\u3000d\" données") is Verdict.ALLOW


@pytest.mark.parametrize(
    "script",
    [
        "a" * 65537,
        "(" * 60 + "ls" + ")" * 60,
        "$(" * 60 + "ls" + ")" * 60,
        ";".join(["ls"] * 5001),
        "ls " + "a " * 9000,
        'echo "$x"' + '"$x"' * 9000,
        "f(){ f;};" * 60,
        "if ls; then cd a; fi;" * 3000,
        "timeout 1 " * 15 + "ls",
    ],
    ids=range(9),
)
def test_too_much_is_denied(script: str) -> None:
    """Length, depth, and the work of following a script are bounded by counts, whatever the machine's speed."""
    assert judged(script).deciding.rule == "limits"


def test_a_failure_of_the_judge_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong while judging, the command does not run."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(judge, "items_of", broken)
    part = standard().judge_command("ls", role="editor").deciding
    assert (part.verdict, part.rule, part.why) == (Verdict.DENY, "internal", "judging it failed: RuntimeError")


def test_nothing_is_judged_as_nothing() -> None:
    """An empty script, or one of comments, is allowed, with a part that says so."""
    for script in ("", "  \n", "# only a comment"):
        assert judged(script).parts[0].rule == "nothing"
        assert verdict(script) is Verdict.ALLOW
