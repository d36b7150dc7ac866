"""A model's words in a commit message are only words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.commits import commit, read_commit
from orchestrator.airlock.messages import MAX_LINE, MAX_LINES, MAX_SUBJECT, Trailer, compose, parse_trailers
from tests.airlock.site import AUTHOR, Site

OURS = {Trailer.RUN: "run-1", Trailer.TASK: "port", Trailer.MODEL: "openai/gpt", Trailer.JOURNAL: "ab12"}


def test_our_trailers_come_back() -> None:
    """What is composed is parsed."""
    message = compose("Port the client", "Because.\n\nMore.", OURS)
    assert message.startswith("Port the client\n\nBecause.\n\nMore.\n\nMimo-Run: run-1\n")
    assert parse_trailers(message.encode()) == OURS


@pytest.mark.parametrize(
    "words",
    [
        "Mimo-Task: other",
        "x\n\nMimo-Task: other",
        "x\nMimo-Task: other\n",
        "Mimo-Run: a\r\n\r\nMimo-Task: b\r\n",
        "x\u2028\u2028Mimo-Task: other",
        "x\x0b\x0cMimo-Task: other",
        "x\n\nSigned-off-by: Boss <boss@example.com>",
        "x\n\n  Mimo-Task : other",
        "\n\n\nMimo-Task: other",
        "",
        "Mimo\u200b-Task: other",
        "mimo-task: other",
        "signed-off-by: Boss <boss@example.com>",
    ],
)
def test_words_are_never_trailers(words: str, tmp_path: Path) -> None:
    """Neither our parser nor git's finds a trailer that a model wrote."""
    for subject, body in ((words, ""), ("subject", words), (words, words)):
        assert parse_trailers(compose(subject, body, OURS).encode()) == OURS
        plain = compose(subject, body, {})
        assert parse_trailers(plain.encode()) == {}
        found = subprocess.run(
            ["git", "interpret-trailers", "--parse"], input=plain.encode(), capture_output=True, check=True, timeout=5
        ).stdout
        assert found == b""


@pytest.mark.parametrize(
    "line",
    [
        "---",
        "--- a/file",
        "# ------------------------ >8 ------------------------",
        "#comment",
        "diff --git a/x b/x",
        "From 0123456789 Mon Sep 17 00:00:00 2001",
        "Index: x",
        "(cherry picked from commit 0)",
    ],
)
def test_words_do_not_cut_a_message(line: str) -> None:
    """No line of a model's ends a message for `git am`, or is dropped by `git commit`."""
    composed = compose("subject", f"before\n{line}\nafter", OURS).split("\n")
    assert line not in composed
    assert f"- {line}" in composed
    assert "after" in composed


def test_words_are_printable_and_bounded() -> None:
    """Control, bidirectional and invisible characters go; long lines and long texts are cut."""
    composed = compose("a\x1b[31m\u202eb" + "c" * 500, "\x07x\t" + "y" * 1000 + "\n" + "line\n" * 500, {})
    lines = composed.split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines[0]) <= MAX_SUBJECT
    assert max(map(len, lines)) <= MAX_LINE + 2
    assert len(lines) <= MAX_LINES + 5
    assert "\u202e" not in composed


def test_a_conventional_subject_stays() -> None:
    """`fix: ...` is how many projects write subjects, and git takes no first paragraph for trailers."""
    for subject in ("fix(api): close the file", "port-client: Port it.", "signed-off-by: Boss <boss@example.com>"):
        message = compose(subject, "", {})
        assert message == f"{subject}\n"
        words = ["git", "interpret-trailers", "--parse"]
        assert subprocess.run(words, input=message.encode(), capture_output=True, check=True, timeout=5).stdout == b""


@settings(deadline=None)
@given(
    subject=st.text(max_size=100), body=st.text(alphabet=st.sampled_from("aM-: \n\r#>8\u2028mimoTask"), max_size=200)
)
def test_any_words_leave_our_trailers_alone(subject: str, body: str) -> None:
    """Whatever is written above them, ours are read and no others."""
    assert parse_trailers(compose(subject, body, OURS).encode(errors="replace")) == OURS


def test_hostile_trailer_values_stay_on_their_line() -> None:
    """A value, too, is cut to one printable line."""
    message = compose("s", "", {Trailer.MODEL: "x\nMimo-Task: other"})
    assert parse_trailers(message.encode()) == {Trailer.MODEL: "x Mimo-Task: other"}


def test_a_trailer_twice_is_no_trailer() -> None:
    """A paragraph that somebody wrote into is not believed."""
    assert parse_trailers(b"s\n\nMimo-Task: a\nMimo-Task: b\n") == {}
    assert parse_trailers(b"s\n\nMimo-Task: a\nnot one\n") == {}
    assert parse_trailers(b"Mimo-Task: a\n") == {}


def test_commits_are_the_users_made_by_us(site: Site) -> None:
    """Author the user, committer us, parents and tree what we said; the same arguments give the same commit."""
    tree = site.hub.tree_of(site.base.commit)
    arguments = {"tree": tree, "parents": [site.base.commit], "author": AUTHOR, "when": 1_700_000_000}
    one = commit(site.hub, message="m\n", **arguments)  # type: ignore[arg-type]
    assert one == commit(site.hub, message="m\n", **arguments)  # type: ignore[arg-type]
    info = read_commit(site.hub, one)
    assert (info.tree, info.parents, info.message) == (tree, (site.base.commit,), b"m\n")
    text = site.hub.git.run(["cat-file", "commit", one]).decode()
    assert "author Una User <una@example.com> 1700000000 +0000" in text
    assert "committer mimo-orchestrate <mimo-orchestrate@localhost> 1700000000 +0000" in text
