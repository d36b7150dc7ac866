"""Questions at a terminal: put whole, answered by a key, explained again, and never answered by accident."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from agents.policy import Question
from agents.redact import Redactor
from orchestrator.cli.asking import Keeping, confirm, prompt
from orchestrator.run.asker import Choice
from orchestrator.tightening.always import Asked, NoRule, Offer, Permitted, offer
from orchestrator.tightening.policy_file import PolicyOnDisk
from policies.loader import preset
from policies.verdict import Decision, Part, Verdict
from tests.cli.display import Pty, plugged_in

PART = Part(text="make", verdict=Verdict.ASK, rule="r", file="policy.yaml", line=7, why="it builds")
QUESTION = Question(id="q", task="build", role="editor", subject="make", decision=Decision(parts=(PART,)))
CHOICES = "  allow it [o]nce, for this [r]un, or [n]ever?"
WITH_ALWAYS = "  allow it [o]nce, for this [r]un, [a]lways, or [n]ever?"
KEEP = "  keep it? [y/N]"

Plug = Callable[[], Pty]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Plugs a terminal into stdin and stderr when the test says so."""
    with ExitStack() as stack:

        def plug_in() -> Pty:
            pty = stack.enter_context(plugged_in())
            monkeypatch.setattr(sys, "stdin", pty.keys)
            monkeypatch.setattr(sys, "stderr", pty.stream)
            return pty

        yield plug_in


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Where a question waits for its answer."""
    with ThreadPoolExecutor() as pool:
        yield pool


def ask(threads: ThreadPoolExecutor, pty: Pty, *, gone: threading.Event | None = None) -> Future[Choice]:
    """Put the question, until its choices are to be seen."""
    answer = threads.submit(prompt, QUESTION, lambda: 0, gone or threading.Event())
    see(pty, CHOICES)
    return answer


def see(pty: Pty, text: str) -> None:
    """Look until the last line is this."""
    deadline = time.monotonic() + 30
    while pty.look().splitlines()[-1:] != [text.rstrip()]:
        assert time.monotonic() < deadline, pty.display.text


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("o", "once"),
        ("once", "once"),
        ("r", "run"),
        (" R ", "run"),
        ("n", "never"),
        ("never", "never"),
        ("no", "never"),
    ],
)
def test_a_key_chooses(plug: Plug, threads: ThreadPoolExecutor, typed: str, choice: str) -> None:
    """The first letter or the word, in either case."""
    pty = plug()
    answer = ask(threads, pty)
    pty.type(f"{typed}\n")
    assert answer.result(30) == choice


@pytest.mark.parametrize("typed", ["?", "", "yes", "rubbish", "okay", "nonsense"])
def test_anything_else_is_explained_and_chooses_nothing(plug: Plug, threads: ThreadPoolExecutor, typed: str) -> None:
    """A word that only begins with the right letter is no answer; the choice stands again below what it means."""
    pty = plug()
    answer = ask(threads, pty)
    pty.type(f"{typed}\n")
    see(pty, CHOICES)
    assert not answer.done()
    assert "never: neither now nor when exactly this is asked for again" in pty.display.text
    pty.type("n\n")
    assert answer.result(30) == "never"


def test_the_end_of_input_is_a_no(plug: Plug, threads: ThreadPoolExecutor) -> None:
    """Ctrl-D refuses, and what comes next begins on a line of its own."""
    pty = plug()
    answer = ask(threads, pty)
    pty.type("\x04")
    assert answer.result(30) == "never"
    pty.look()
    assert pty.display.column == 0


def test_what_was_typed_before_the_question_answers_nothing(plug: Plug, threads: ThreadPoolExecutor) -> None:
    """An Enter too many, or an answer meant for another question, is forgotten."""
    pty = plug()
    pty.type("r\n")
    pty.look()
    answer = ask(threads, pty)
    time.sleep(0.3)
    assert not answer.done()
    pty.type("o\n")
    assert answer.result(30) == "once"


def test_a_question_ends_when_nobody_waits_for_it(plug: Plug, threads: ThreadPoolExecutor) -> None:
    """After Ctrl-C its thread goes, whatever was typed of an answer."""
    pty, gone = plug(), threading.Event()
    answer = ask(threads, pty, gone=gone)
    pty.type("on")
    gone.set()
    assert answer.result(30) == "never"


def test_always_shows_the_rule_and_keeps_it_on_a_yes(plug: Plug, threads: ThreadPoolExecutor, tmp_path: Path) -> None:
    """A no goes back to the choices and writes nothing; a yes writes what was shown."""
    pty = plug()
    answer = threads.submit(prompt, QUESTION, lambda: 0, threading.Event(), always=partial(keeping, tmp_path))
    see(pty, WITH_ALWAYS)
    pty.type("a\n")
    see(pty, KEEP)
    assert "\n  | - allow: make $\n" in pty.display.text
    assert "\n  | make; ls\n    refused in docs of port-1\n  and 1 more command\n" in pty.display.text
    pty.type("\n")
    see(pty, WITH_ALWAYS)
    assert list(tmp_path.iterdir()) == []
    pty.type("always\n")
    see(pty, KEEP)
    pty.type("y\n")
    assert answer.result(30) == "always"
    assert "\n  - allow: make $\n" in (tmp_path / ".mimo/policy.yaml").read_text()
    assert "kept in .mimo/policy.yaml" in pty.look()


def test_a_rule_that_can_not_be_written_is_no_answer(plug: Plug, threads: ThreadPoolExecutor, tmp_path: Path) -> None:
    """Why is said, and the choice is put again."""
    pty = plug()
    answer = threads.submit(prompt, QUESTION, lambda: 0, threading.Event(), always=partial(keeping, tmp_path))
    see(pty, WITH_ALWAYS)
    (tmp_path / ".mimo").symlink_to(tmp_path)
    pty.type("a\n")
    see(pty, KEEP)
    pty.type("y\n")
    see(pty, WITH_ALWAYS)
    assert "it was not written: .mimo/policy.yaml: .mimo is a symbolic link" in pty.display.text
    pty.type("n\n")
    assert answer.result(30) == "never"


def test_nobody_waits_for_a_rule_any_more(plug: Plug, threads: ThreadPoolExecutor, tmp_path: Path) -> None:
    """Ctrl-C while a rule is looked at ends the question, and writes nothing."""
    pty, gone = plug(), threading.Event()
    answer = threads.submit(prompt, QUESTION, lambda: 0, gone, always=partial(keeping, tmp_path))
    see(pty, WITH_ALWAYS)
    pty.type("a\n")
    see(pty, KEEP)
    gone.set()
    assert answer.result(30) == "never"
    assert pty.look().count(WITH_ALWAYS) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_rule_always_is_no_choice(plug: Plug, threads: ThreadPoolExecutor) -> None:
    """It is said why, and the key for it only explains."""
    pty = plug()
    answer = threads.submit(
        prompt, QUESTION, lambda: 0, threading.Event(), always=lambda _: NoRule(why="it takes code\x1b[2J")
    )
    see(pty, CHOICES)
    assert r"no rule can always allow it: it takes code\x1b[2J" in pty.display.text
    pty.type("a\n")
    see(pty, CHOICES)
    assert not answer.done()
    assert "always:" not in pty.display.text
    pty.type("o\n")
    assert answer.result(30) == "once"


def keeping(top: Path, question: Question) -> Keeping:
    """The rule for a question in a repository, and past commands that it would have let run."""
    policy = preset("standard")
    asked = Asked(
        run="port-2",
        task=question.task,
        role=question.role,
        subject=question.subject,
        parts=policy.judge_command(question.subject, role=question.role).parts,
        layers=policy.layers,
    )
    found = offer(asked, PolicyOnDisk(top=top), redactor=Redactor({}))
    assert isinstance(found, Offer)
    past = [
        Permitted(subject=f"make; {more}", verdict=Verdict.DENY, run="port-1", task="docs")
        for more in ("pwd", "cat a", "cat b", "true", "ls", "wc a")
    ]
    return Keeping(offer=found, permitted=lambda: past)


@pytest.mark.parametrize(
    ("typed", "yes"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("\x04", False)]
)
def test_a_yes_has_to_be_typed(plug: Plug, threads: ThreadPoolExecutor, typed: str, yes: bool) -> None:
    """Everything but a yes is a no."""
    pty = plug()
    answer = threads.submit(confirm, "Go on?")
    see(pty, "Go on? [y/N]")
    pty.type(typed)
    assert answer.result(30) is yes
