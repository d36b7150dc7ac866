"""Questions at the terminal: a yes or no of the program's own, and what the policy wants asked."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.cli.screen import SCREEN
from orchestrator.cli.terminal import progress_console, say

if TYPE_CHECKING:
    from agents.policy import Question
    from orchestrator.run.asker import Choice

POLL_SECONDS = 0.2

_CHOICES: dict[str, Choice] = {
    "o": "once",
    "once": "once",
    "r": "run",
    "run": "run",
    "n": "never",
    "no": "never",
    "never": "never",
}


def confirm(question: str, gone: threading.Event | None = None) -> bool:
    """A yes or no of the user at the terminal; without a terminal the run goes on, since it was told.

    No is also the answer where `gone` says that nobody waits for it any more.
    """
    if not (sys.stdin.isatty() and SCREEN.stderr.isatty()):
        say("there is no terminal to ask: going on")
        return True
    gone = gone or threading.Event()
    with SCREEN.question(gone):
        return _answer(f"{question} [y/N] ", gone).strip().lower() in {"y", "yes"}


def prompt(question: Question, waiting: Callable[[], int], gone: threading.Event) -> Choice:
    """Show what an agent wants, the rules that want it asked, and take the user's choice; end of input is a no."""
    from orchestrator.views.question import CHOICES, choices_view, question_view

    with SCREEN.question(gone):
        console = progress_console()
        for part in question_view(question, more=waiting(), width=console.width):
            console.print(part)
        while True:
            answer = _answer(CHOICES, gone)
            if not answer:
                return "never"
            choice = _CHOICES.get(answer.strip().lower())
            if choice is not None:
                return choice
            for part in choices_view(question):
                console.print(part)


def _answer(question: str, gone: threading.Event) -> str:
    """The line that is typed behind the question; empty at the end of input, or when nobody waits for it any more."""
    if sys.stdin.isatty():
        # What was typed before the question was there is no answer to it.
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    SCREEN.stderr.write(question)
    SCREEN.stderr.flush()
    answer = _line(gone)
    if not (answer or gone.is_set()):
        SCREEN.stderr.write("\n")
    return answer


def _line(gone: threading.Event) -> str:
    """The next line that is typed; empty at the end of input, or when nobody waits for it any more.

    Not `readline`: a thread that is left in it holds up, or breaks, the end of the program.
    """
    typed = b""
    while not gone.is_set():
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], POLL_SECONDS)
        if ready:
            chunk = os.read(sys.stdin.fileno(), 4096)
            typed += chunk
            if not chunk or b"\n" in typed:
                return typed.decode(errors="replace")
    return ""
