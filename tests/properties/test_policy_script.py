"""What holds for the judgement of any script, however it is written."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.loader import preset
from policies.verdict import Verdict

STANDARD = preset("standard")

WORDS = [
    ["ls", "-la"], ["cat", "a.py"], ["grep", "-rn", "x y", "src"], ["curl", "http://x"], ["rm", "-rf", "/"],
    ["rm", "old.py"], ["git", "status"], ["git", "push"], ["git", "commit", "-m", "a b"], ["npm", "test"],
    ["sed", "-n", "1,5p", "f"], ["sed", "1e id", "f"], ["find", ".", "-name", "*.py"], ["find", ".", "-delete"],
    ["cat", "/home/agent/.ssh/id_rsa"], ["cp", "a", "/etc/x"], ["python", "-m", "pytest", "-q"], ["unknown", "x"],
]  # fmt: skip

commands = st.sampled_from(WORDS)
shell_text = st.text(alphabet=st.sampled_from("ls curl$(){}[]<>|&;`'\"\\\n#=~*?!/.-+EOF01 \t"), max_size=60)
unquoted_text = st.text(alphabet=st.sampled_from("ls $(){}[]>|&;`\n=*?!/.-+10 \t"), max_size=40)


def _verdict(script: str) -> Verdict:
    return STANDARD.judge_command(script, role="editor").verdict


def _quoted(word: str, how: int) -> str:
    match how:
        case 0:
            return shlex.quote(word)
        case 1:
            return f'"{word}"'
        case 2:
            return "".join(f"\\{char}" for char in word)
        case _:
            escaped = "".join(f"\\x{ord(char):02x}" for char in word)
            return f"$'{escaped}'"


@settings(max_examples=60, deadline=None)
@given(commands, st.data())
def test_quoting_and_blanks_change_nothing(words: list[str], data: st.DataObject) -> None:
    """A command is judged the same with any quoting of its words and any blanks between them."""
    quoted = [_quoted(word, data.draw(st.integers(0, 3))) for word in words]
    blanks = data.draw(st.sampled_from([" ", "   ", "\t", " \\\n  "]))
    assert _verdict(f"  {blanks.join(quoted)} ") is _verdict(shlex.join(words))


@settings(max_examples=30, deadline=None)
@given(commands, st.integers(1, 3))
def test_shells_within_shells_change_nothing(words: list[str], depth: int) -> None:
    """`sh -c` around a command, several times, leaves its verdict as it is."""
    script = shlex.join(words)
    for _ in range(depth):
        script = shlex.join(["bash", "-c", script])
    assert _verdict(script) is _verdict(shlex.join(words))


@settings(max_examples=150, deadline=None)
@given(shell_text)
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever is handed in, there is a verdict, and never one from an internal failure."""
    decision = STANDARD.judge_command(text, role="editor")
    assert decision.parts
    assert all(part.rule != "internal" for part in decision.parts)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Random bytes, read as text in any way, are judged as well."""
    for text in (raw.decode("latin-1"), raw.decode(errors="surrogateescape"), raw.decode(errors="replace")):
        assert all(part.rule != "internal" for part in STANDARD.judge_command(text, role="editor").parts)


@settings(max_examples=80, deadline=None)
@given(unquoted_text, st.sampled_from(["\n", "; ", " && ", " | "]), unquoted_text)
def test_nothing_around_a_denied_command_lets_it_run(before: str, separator: str, after: str) -> None:
    """Without quotes, comments or here-documents there is no way to make a command on its own line mere text."""
    assert _verdict(f"{before}{separator}curl x\n{after}") is not Verdict.ALLOW
