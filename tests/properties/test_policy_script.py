"""What holds for the judgement of any script, however it is written."""

from __future__ import annotations

import random
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Verdict, strictest
from tests.properties.vocabulary import commands, decision, plain, readable, verdict

shell_text = st.text(alphabet=st.sampled_from("ls curl$(){}[]<>|&;`'\"\\\n#=~*?!/.-+EOF01 \t"), max_size=60)
unquoted_text = st.text(alphabet=st.sampled_from("ls $(){}[]>|&;`\n=*?!/.-+10 \t"), max_size=40)
seeds = st.integers(0, 2**32).map(random.Random)

AROUND = [
    "{}\n",
    "true\n{}",
    "true; {}",
    "{{ {}\n}}",
    "if true\nthen {}\nfi",
    "while true\ndo {}\nbreak; done",
    "! true || {{ {}\n}}",
]


def _quoted(word: str, how: int) -> str:
    match how:
        case 0:
            return "'" + word.replace("'", "'\\''") + "'"
        case 1:
            return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in word) + '"'
        case 2 if word.isascii() and "\n" not in word:
            return "".join(f"\\{char}" for char in word)
        case 3:
            return "$'" + "".join(f"\\x{byte:02x}" for byte in word.encode()) + "'"
        case _:
            return shlex.quote(word)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_quoting_and_blanks_change_nothing(rng: random.Random) -> None:
    """A command is judged the same with any quoting of its words and any blanks between them."""
    words = rng.choice(plain())
    quoted = [_quoted(word, rng.randrange(5)) for word in words]
    blanks = rng.choice([" ", "   ", "\t", " \\\n  "])
    assert verdict(f"  {blanks.join(quoted)} ") is verdict(shlex.join(words))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_line_may_be_broken_anywhere(rng: random.Random) -> None:
    """A backslash before a line's end is nothing, between two words and within one."""
    words = shlex.join(word for word in rng.choice(plain()) if word.isascii())
    at = rng.randrange(len(words) + 1)
    if not set("'\"\\") & set(words) and words:
        assert verdict(f"{words[:at]}\\\n{words[at:]}") is verdict(words)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_shells_within_shells_change_nothing(rng: random.Random) -> None:
    """`sh -c` around a script, several times, leaves its verdict as it is.

    But for arithmetic over a name: what an outer shell set it to may run commands.
    """
    command = rng.choice(readable())
    script = command
    for _ in range(1 + rng.randrange(3)):
        script = shlex.join([rng.choice(["bash", "sh"]), "-c", script])
    within = decision(script)
    assert within.verdict is verdict(command) or within.deciding.rule == "arithmetic"


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_where_a_command_stands_changes_nothing(rng: random.Random) -> None:
    """Lines, lists and compounds around a script leave its verdict as it is."""
    command = rng.choice(readable())
    assert verdict(rng.choice(AROUND).format(command)) is verdict(command)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_script_is_as_strict_as_the_strictest_of_its_parts(rng: random.Random) -> None:
    """Scripts one after the other in shells of their own are judged as the strictest of them."""
    chosen = [rng.choice(readable()) for _ in range(1 + rng.randrange(4))]
    script = rng.choice(["\n", "; ", " && ", " || ", " &&\n"]).join(f"bash -c {shlex.quote(each)}" for each in chosen)
    assert verdict(script) is strictest(map(verdict, chosen))
    assert verdict(script) is strictest(part.verdict for part in decision(script).parts)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_nothing_before_a_denied_command_lets_it_run(rng: random.Random) -> None:
    """Behind any script that is read, a denied command on a line of its own is found."""
    assert (
        verdict("\n".join([*(rng.choice(readable()) for _ in range(1 + rng.randrange(2))), "curl x"])) is Verdict.DENY
    )


@settings(max_examples=150, deadline=None)
@given(shell_text)
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever is handed in, there is a verdict, and never one from an internal failure."""
    parts = decision(text).parts
    assert parts
    assert all(part.rule != "internal" for part in parts)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Random bytes, read as text in any way, are judged as well."""
    for text in (raw.decode("latin-1"), raw.decode(errors="surrogateescape"), raw.decode(errors="replace")):
        assert all(part.rule != "internal" for part in decision(text).parts)


@settings(max_examples=80, deadline=None)
@given(unquoted_text, st.sampled_from(["\n", "; ", " && ", " | "]), unquoted_text)
def test_nothing_around_a_denied_command_lets_it_run(before: str, separator: str, after: str) -> None:
    """Without quotes, comments or here-documents there is no way to make a command on its own line mere text."""
    assert verdict(f"{before}{separator}curl x\n{after}") is not Verdict.ALLOW


@pytest.mark.slow
def test_every_known_command_keeps_its_verdict_in_another_form() -> None:
    """What holds for samples holds for all commands that the specification judges, each in some other form."""
    forms = [(script, AROUND[at % len(AROUND)].format(script)) for at, script in enumerate(readable())]
    forms += [(script, f"bash -c {shlex.quote(script)}") for script in readable()]
    forms += [
        (shlex.join(words), " \\\n ".join(_quoted(word, at % 4) for word in words)) for at, words in enumerate(plain())
    ]
    changed = [other for script, other in forms if verdict(other) is not verdict(script)]
    assert not [other for other in changed if decision(other).deciding.rule != "arithmetic"]
    assert len(readable()) > len(commands()) * 9 // 10
